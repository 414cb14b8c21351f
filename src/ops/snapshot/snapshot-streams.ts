import { extname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { RunGuest } from '../../node/index.ts';
import { ByteRing } from './byte-ring.ts';
import type {
  DumpOrder,
  DumpOutcome,
  RestoreOrder,
  RestoreOutcome,
  SnapshotOrder,
} from './snapshot-job.ts';

const JOB = new URL(`./snapshot-job${extname(import.meta.url)}`, import.meta.url);

/** Runs a snapshot job that reads or writes a file of this machine. */
export function runFileJob(runGuest: RunGuest, order: DumpOrder): Promise<DumpOutcome>;
export function runFileJob(runGuest: RunGuest, order: RestoreOrder): Promise<RestoreOutcome>;
export function runFileJob(runGuest: RunGuest, order: SnapshotOrder): Promise<unknown> {
  return runGuest(JOB, order);
}

/**
 * Writes a snapshot of the node to a stream, as fast as the stream takes it. The stream stays open.
 * Rejects, and leaves a snapshot without its end, if the stream closes or the node stops.
 */
export async function dumpToStream(
  runGuest: RunGuest,
  order: Omit<DumpOrder, 'place'>,
  stream: Writable,
): Promise<DumpOutcome> {
  const ring = new ByteRing();
  const cancel = () => ring.cancel();
  stream.on('close', cancel);
  const sent = sendRing(ring, stream);
  try {
    const place = { kind: 'ring', memory: ring.memory } as const;
    const outcome = await runGuest<DumpOutcome>(JOB, { ...order, place });
    await sent;
    return outcome;
  } finally {
    stream.off('close', cancel);
    // The thread may have ended before its first byte.
    ring.cancel();
  }
}

/** Sends the bytes of a ring to a stream; resolves after the last ones, or if it is cancelled. */
async function sendRing(ring: ByteRing, stream: Writable): Promise<void> {
  for (;;) {
    const bytes = await ring.receive();
    if (bytes === undefined) return;
    stream.write(bytes, () => ring.release());
  }
}

/** Restores a snapshot that comes from a stream. */
export async function restoreFromStream(
  runGuest: RunGuest,
  order: Omit<RestoreOrder, 'place'>,
  stream: Readable,
): Promise<RestoreOutcome> {
  const ring = new ByteRing();
  const place = { kind: 'ring', memory: ring.memory } as const;
  const run = runGuest<RestoreOutcome>(JOB, { ...order, place });
  // A job that has failed reads no more.
  run.catch(() => ring.cancel());
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) await ring.send(chunk);
  } catch (error) {
    if (!ring.isCancelled) {
      // What came is restored; without its end the job reports that it is cut.
      await ring.sendEnd().catch(() => {});
      await run.catch(() => {});
      throw error;
    }
  }
  if (!ring.isCancelled) await ring.sendEnd();
  return run;
}
