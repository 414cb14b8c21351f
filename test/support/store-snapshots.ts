import type { Compression } from '../../src/ops/snapshot/format.ts';
import { ItemDump } from '../../src/ops/snapshot/item-dump.ts';
import { ItemRestorer } from '../../src/ops/snapshot/item-restorer.ts';
import { SnapshotDecoder } from '../../src/ops/snapshot/snapshot-decoder.ts';
import { SnapshotEncoder } from '../../src/ops/snapshot/snapshot-encoder.ts';
import type { Store } from '../../src/store/index.ts';
import { TEST_FACTS } from './snapshots.ts';

/** Dumps a store; `betweenSteps` changes it in between. */
export function dumpStore(
  store: Store,
  betweenSteps: () => void = () => {},
  compression: Compression = 'none',
): Buffer {
  const pieces: Buffer[] = [];
  const { high, low } = store.view.lastCas();
  const facts = { ...TEST_FACTS, lastCas: high * 2 ** 32 + low };
  const write = (bytes: Buffer) => void pieces.push(Buffer.from(bytes));
  const encoder = new SnapshotEncoder(write, facts, compression);
  const dump = new ItemDump(store, encoder);
  while (!dump.isDone) {
    dump.step();
    betweenSteps();
  }
  encoder.finish();
  return Buffer.concat(pieces);
}

/** Restores a snapshot that comes in pieces; `betweenItems` changes the store in between. */
export function restoreStore(
  store: Store,
  snapshot: Buffer,
  replaces = false,
  betweenItems: () => void = () => {},
) {
  const restorer = new ItemRestorer(store, replaces, betweenItems);
  const decoder = new SnapshotDecoder(restorer);
  for (let at = 0; at < snapshot.length; at += 100_000) {
    decoder.push(snapshot.subarray(at, at + 100_000));
  }
  decoder.end();
  return { ...restorer.counts, totals: decoder.totals };
}
