import { extname } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { RunGuest } from '../../node/index.ts';
import { PortFlow } from './port-flow.ts';
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
  const flow = new PortFlow();
  const { port1, port2 } = new MessageChannel();
  const cancel = () => flow.cancel();
  stream.on('close', cancel);
  const sent = sendChunks(port1, flow, stream);
  try {
    const place = { kind: 'port', port: port2, flow: flow.memory } as const;
    const outcome = await runGuest<DumpOutcome>(JOB, { ...order, place }, [port2]);
    await sent;
    return outcome;
  } finally {
    stream.off('close', cancel);
    port1.close();
  }
}

/** Sends the chunks of a port to a stream; resolves after the last one. */
function sendChunks(port: MessagePort, flow: PortFlow, stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    port.on('message', (chunk: Uint8Array | undefined) => {
      if (chunk === undefined) resolve();
      else stream.write(chunk, () => flow.countOut());
    });
    port.on('close', resolve);
  });
}

/** Restores a snapshot that comes from a stream. */
export async function restoreFromStream(
  runGuest: RunGuest,
  order: Omit<RestoreOrder, 'place'>,
  stream: Readable,
): Promise<RestoreOutcome> {
  const flow = new PortFlow();
  const { port1, port2 } = new MessageChannel();
  const place = { kind: 'port', port: port2, flow: flow.memory } as const;
  const run = runGuest<RestoreOutcome>(JOB, { ...order, place }, [port2]);
  // A job that has failed reads no more.
  const ended = run.finally(() => flow.cancel());
  ended.catch(() => {});
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      await flow.untilRoom();
      flow.countIn();
      port1.postMessage(new Uint8Array(chunk));
    }
  } catch (error) {
    if (!flow.isCancelled) throw error;
  } finally {
    // What came is restored; without its end the job reports that it is cut.
    port1.postMessage(undefined);
  }
  try {
    return await run;
  } finally {
    port1.close();
  }
}
