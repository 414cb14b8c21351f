import { describe, expect, test } from 'vitest';
import { ItemDump } from '../../../../src/ops/snapshot/item-dump.ts';
import { SnapshotEncoder } from '../../../../src/ops/snapshot/snapshot-encoder.ts';
import { audit } from '../../../support/audit.ts';
import { SessionHarness, testShare } from '../../../support/session-harness.ts';
import { decodeSnapshot, TEST_FACTS } from '../../../support/snapshots.ts';

const VALUE_BYTES = 5 << 20;
const BYTES_PER_STEP_MAX = (1 << 20) + (256 << 10);
/** A dump that has written so much is copying a large item. */
const BYTES_COPIED = 1 << 20;

/** A store with large items, and a dump of it that writes to `pieces`. */
function largeItems() {
  const share = testShare({ memoryLimitBytes: 64 << 20, maxItemSizeBytes: 8 << 20 });
  const harness = new SessionHarness(share);
  const set = (key: string, letter: string): void => {
    harness.send(`set ${key} 0 0 ${VALUE_BYTES} noreply\r\n${letter.repeat(VALUE_BYTES)}\r\n`);
  };
  for (const key of ['a', 'b', 'c']) set(key, key);
  const pieces: Buffer[] = [];
  const written = (): number => pieces.reduce((sum, { length }) => sum + length, 0);
  const encoder = new SnapshotEncoder(
    (bytes) => void pieces.push(Buffer.from(bytes)),
    TEST_FACTS,
    'none',
  );
  return { harness, set, pieces, written, encoder, dump: new ItemDump(harness.store, encoder) };
}

describe('a dump of large items', () => {
  test('each step writes a bounded number of bytes, and a replaced value stays whole', () => {
    const { harness, set, pieces, written, encoder, dump } = largeItems();
    let largestStep = 0;
    let isReplaced = false;
    while (!dump.isDone) {
      const before = written();
      dump.step();
      largestStep = Math.max(largestStep, written() - before);
      if (!isReplaced && written() > BYTES_COPIED) {
        for (const key of ['a', 'b', 'c']) set(key, 'x');
        isReplaced = true;
      }
    }
    encoder.finish();
    expect(largestStep).toBeLessThanOrEqual(BYTES_PER_STEP_MAX);
    const { items, totals } = decodeSnapshot(Buffer.concat(pieces), 1 << 20);
    expect([items.size, totals.isComplete]).toEqual([3, true]);
    for (const text of items.values()) {
      const value = text.slice(-VALUE_BYTES);
      expect(value === value[0]!.repeat(VALUE_BYTES)).toBe(true);
    }
    expect(audit(harness.parts)).toEqual([]);
  });
  test('a dump that ends early releases the item that it was copying', () => {
    const { harness, written, dump } = largeItems();
    while (written() < BYTES_COPIED) dump.step();
    expect(audit(harness.parts)).toEqual([expect.stringContaining('is pinned 1 times')]);
    dump.release();
    expect(audit(harness.parts)).toEqual([]);
  });
});
