import { closeSync, openSync, readSync } from 'node:fs';
import { setPriority } from 'node:os';
import { CodedError, machineClock } from '../../base/index.ts';
import type { Guest, GuestWork } from '../../node/index.ts';
import { AtomicFile, withFile } from './atomic-file.ts';
import type { Compression, SnapshotFacts } from './format.ts';
import { ItemDump } from './item-dump.ts';
import { ItemRestorer, type RestoreCounts } from './item-restorer.ts';
import { SnapshotDecoder } from './snapshot-decoder.ts';
import { SnapshotEncoder } from './snapshot-encoder.ts';
import type { TotalsView } from './snapshot-totals.ts';

/** What a snapshot job does. */
export type SnapshotOrder = DumpOrder | RestoreOrder;

interface DumpOrder {
  readonly kind: 'dump';
  readonly file: string;
  readonly compression: Compression;
  /** The facts of the header that the store does not know. */
  readonly facts: Pick<SnapshotFacts, 'program' | 'node' | 'options'>;
  /** Whether no client uses the node: the job then needs no consideration, and no order ends it. */
  readonly isAlone: boolean;
}

interface RestoreOrder {
  readonly kind: 'restore';
  readonly file: string;
  readonly replaces: boolean;
  readonly isAlone: boolean;
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
  readonly seconds: number;
}

/** The kernel prefers the threads that serve clients: they have the priority 0. */
const LOW_PRIORITY = 10;
/** Steps of a dump between two looks at the orders of the node. */
const STEPS_PER_LOOK = 256;
const READ_BYTES = 1 << 20;
const WORD = 2 ** 32;

/** The work of a snapshot, on a thread of the node. */
const runSnapshot: GuestWork<SnapshotOrder, DumpOutcome | RestoreOutcome> = (guest, order) => {
  // On Linux this is the priority of the thread, elsewhere it would be that of the process.
  if (!order.isAlone && process.platform === 'linux') setPriority(0, LOW_PRIORITY);
  return order.kind === 'dump' ? dumpToFile(guest, order) : restoreFromFile(guest, order);
};
export default runSnapshot;

function dumpToFile(guest: Guest, order: DumpOrder): DumpOutcome {
  const startedAt = machineClock.nowMs();
  const file = new AtomicFile(order.file);
  try {
    const facts = factsOf(guest, order, startedAt);
    const encoder = new SnapshotEncoder((bytes) => file.write(bytes), facts, order.compression);
    const dump = new ItemDump(guest.store, encoder);
    for (let steps = 0; !dump.isDone; steps++) {
      dump.step();
      if (steps % STEPS_PER_LOOK === 0) checkOrders(guest, order);
    }
    encoder.finish();
    file.commit();
    const { items, itemBytes } = encoder;
    return { items, itemBytes, fileBytes: file.bytes, seconds: secondsSince(startedAt) };
  } catch (error) {
    file.abandon();
    throw error;
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

function restoreFromFile(guest: Guest, order: RestoreOrder): RestoreOutcome {
  const startedAt = machineClock.nowMs();
  const restorer = new ItemRestorer(guest.store, order.replaces);
  const decoder = new SnapshotDecoder(restorer);
  const descriptor = withFile(order.file, () => openSync(order.file, 'r'));
  try {
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    for (;;) {
      const bytes = withFile(order.file, () => readSync(descriptor, buffer));
      if (bytes === 0) break;
      decoder.push(buffer.subarray(0, bytes));
      checkOrders(guest, order);
    }
    decoder.end();
  } finally {
    restorer.drop();
    closeSync(descriptor);
  }
  const { counts, headers } = restorer;
  const totals = decoder.totals.view();
  return { counts, totals, facts: headers, seconds: secondsSince(startedAt) };
}

function checkOrders(guest: Guest, { kind, isAlone }: SnapshotOrder): void {
  if (isAlone || !guest.isStopping()) return;
  throw new CodedError('ERR_NODE_STOPS', `The node stops; it did not finish the ${kind}.`);
}

const secondsSince = (startedAt: number): number => (machineClock.nowMs() - startedAt) / 1000;
