import { closeSync, openSync, readSync } from 'node:fs';
import { CodedError, machineClock } from '../../base/index.ts';
import type { Guest, GuestWork } from '../../node/index.ts';
import { loadS3 } from '../s3/load-s3.ts';
import { AtomicFile, withFile } from './atomic-file.ts';
import { ByteRing } from './byte-ring.ts';
import { ClientPacer } from './client-pacer.ts';
import type { Compression, SnapshotFacts } from './format.ts';
import { ItemDump } from './item-dump.ts';
import { ItemRestorer, type RestoreCounts } from './item-restorer.ts';
import { JobProgress } from './job-progress.ts';
import { RingTarget } from './ring-target.ts';
import { SnapshotDecoder } from './snapshot-decoder.ts';
import { SnapshotEncoder } from './snapshot-encoder.ts';
import type { Place, SourcePlace } from './snapshot-place.ts';
import type { TotalsView } from './snapshot-totals.ts';

/** What a snapshot job does. */
export type SnapshotOrder = DumpOrder | RestoreOrder;

export interface DumpOrder {
  readonly kind: 'dump';
  readonly place: Place;
  readonly compression: Compression;
  /** The facts of the header that the store does not know. */
  readonly facts: Pick<SnapshotFacts, 'program' | 'node' | 'options'>;
  /** The name of the section in the file of a cluster: the id as hexadecimal digits. */
  readonly section?: { readonly id: string; readonly number: number };
  /** Whether no client uses the node: the job then needs no consideration, and no order ends it. */
  readonly isAlone: boolean;
  /** The memory of a JobProgress. */
  readonly progress?: SharedArrayBuffer;
}

export interface RestoreOrder {
  readonly kind: 'restore';
  readonly place: SourcePlace;
  readonly replaces: boolean;
  readonly isAlone: boolean;
  readonly progress?: SharedArrayBuffer;
}

export interface DumpOutcome {
  readonly items: number;
  /** Keys and values of the items. */
  readonly itemBytes: number;
  readonly fileBytes: number;
  readonly seconds: number;
}

export interface RestoreOutcome {
  readonly counts: RestoreCounts;
  readonly totals: TotalsView;
  readonly facts: readonly SnapshotFacts[];
  /** Items that the node evicted in the meantime, if the node says it. */
  readonly evicted?: number;
  readonly seconds: number;
}

/** Steps of a dump between two looks at the orders of the node. */
const STEPS_PER_LOOK = 256;
/** How often a job that waits for sockets looks whether the node stops. */
const LOOK_MS = 100;
const READ_BYTES = 1 << 20;
const WORD = 2 ** 32;

/** The work of a snapshot, on a thread of the node. */
const runSnapshot: GuestWork<SnapshotOrder, DumpOutcome | RestoreOutcome> = (guest, order) => {
  if (!order.isAlone) guest.lowerPriority();
  return order.kind === 'dump' ? dump(guest, order) : restore(guest, order);
};
export default runSnapshot;

/** What a dump writes to. */
interface Target {
  readonly bytes: number;
  write(bytes: Buffer): void;
  /** Whether sockets of this thread need `untilRoom`; other targets wait in `write`. */
  readonly needsTurn?: boolean;
  /** Lets these sockets work until the target has room. */
  untilRoom?(): Promise<void>;
  commit(): unknown;
  /** Removes what was written; may resolve with a sentence about what it could not remove. */
  abandon(): unknown;
}

async function dump(guest: Guest, order: DumpOrder): Promise<DumpOutcome> {
  const startedAt = machineClock.nowMs();
  const check = () => checkOrders(guest, order);
  const target = await targetOf(order.place, check);
  try {
    const { compression, section } = order;
    const name = section && { id: Buffer.from(section.id, 'hex'), section: section.number };
    const facts = factsOf(guest, order, startedAt);
    const encoder = new SnapshotEncoder((bytes) => target.write(bytes), facts, compression, name);
    const progress = progressOf(order);
    await copyItems(guest, encoder, target, pauseOf(guest, order), () => {
      const { items, itemBytes: bytes } = encoder;
      progress?.show({ items, itemsTotal: facts.items, bytes });
      check();
    });
    encoder.finish();
    await checked(target.commit(), check);
    const seconds = secondsSince(startedAt);
    return { items: encoder.items, itemBytes: encoder.itemBytes, fileBytes: target.bytes, seconds };
  } catch (error) {
    const left = await target.abandon();
    if (typeof left !== 'string' || !(error instanceof CodedError)) throw error;
    throw new CodedError(error.code, `${error.message} ${left}`, { cause: error });
  }
}

async function copyItems(
  guest: Guest,
  encoder: SnapshotEncoder,
  target: Target,
  pause: () => void,
  check: () => void,
): Promise<void> {
  const items = new ItemDump(guest.store, encoder);
  try {
    for (let steps = 0; !items.isDone; steps++) {
      items.step();
      pause();
      if (steps % STEPS_PER_LOOK === 0) check();
      if (target.needsTurn === true) await checked(target.untilRoom?.(), check);
    }
  } finally {
    items.release();
  }
}

async function targetOf(place: Place, check: () => void): Promise<Target> {
  switch (place.kind) {
    case 'file':
      return new AtomicFile(place.file, place.isClaimed);
    case 'ring':
      return new RingTarget(new ByteRing(place.memory), check);
    case 's3': {
      const { openUpload } = await loadS3();
      return openUpload(place.url, place.encryption, process.env);
    }
  }
}

/** Waits for sockets; rejects as soon as `check` throws. */
async function checked<T>(work: Promise<T> | T, check: () => void): Promise<T> {
  if (!(work instanceof Promise)) return work;
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setInterval(() => {
    try {
      check();
    } catch (error) {
      reject(error);
    }
  }, LOOK_MS);
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearInterval(timer);
  }
}

function factsOf({ store }: Guest, { facts }: DumpOrder, nowMs: number): SnapshotFacts {
  const { high, low } = store.view.lastCas();
  return {
    ...facts,
    created: Math.floor(nowMs / 1000),
    items: store.view.itemCount(),
    lastCas: high * WORD + low,
  };
}

function restore(guest: Guest, order: RestoreOrder): RestoreOutcome {
  const startedAt = machineClock.nowMs();
  const evictedBefore = guest.store.view.total('evicted');
  const restorer = new ItemRestorer(guest.store, order.replaces, pauseOf(guest, order));
  const decoder = new SnapshotDecoder(restorer);
  const check = () => checkOrders(guest, order);
  const progress = progressOf(order);
  const take = (bytes: Buffer): void => {
    decoder.push(bytes);
    const { items, bytes: itemBytes } = decoder.totals;
    const itemsTotal = restorer.headers.reduce((sum, facts) => sum + facts.items, 0);
    progress?.show({ items, itemsTotal, bytes: itemBytes });
    check();
  };
  try {
    if (order.place.kind === 'file') readFile(order.place.file, take);
    else readRing(new ByteRing(order.place.memory), take, check);
    decoder.end();
  } finally {
    restorer.drop();
  }
  const { counts, headers } = restorer;
  const totals = decoder.totals.view();
  // `stats reset` begins at 0.
  const evicted = Math.max(0, guest.store.view.total('evicted') - evictedBefore);
  return { counts, totals, facts: headers, evicted, seconds: secondsSince(startedAt) };
}

const progressOf = ({ progress }: SnapshotOrder): JobProgress | undefined =>
  progress && new JobProgress(progress);

function readRing(ring: ByteRing, take: (bytes: Buffer) => void, check: () => void): void {
  for (;;) {
    const bytes = ring.next(check);
    if (bytes === undefined) return;
    take(bytes);
    ring.release();
  }
}

function readFile(path: string, take: (bytes: Buffer) => void): void {
  const descriptor = withFile(path, () => openSync(path, 'r'), 'read');
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (;;) {
      const bytes = withFile(path, () => readSync(descriptor, buffer), 'read');
      if (bytes === 0) return;
      take(buffer.subarray(0, bytes));
    }
  } finally {
    closeSync(descriptor);
  }
}

/** What rests between pieces of work, while clients use the node. */
function pauseOf(guest: Guest, { isAlone }: SnapshotOrder): () => void {
  if (isAlone) return () => {};
  return new ClientPacer({
    bytesRead: () => guest.store.view.counter('bytes_read'),
    sleep: (ms) => void guest.sleep(ms),
    now: () => performance.now(),
  }).pause;
}

function checkOrders(guest: Guest, { kind, isAlone }: SnapshotOrder): void {
  if (isAlone || !guest.isStopping()) return;
  throw new CodedError('ERR_NODE_STOPS', `The node stops; it did not finish the ${kind}.`);
}

const secondsSince = (startedAt: number): number => (machineClock.nowMs() - startedAt) / 1000;
