import { describe, expect, test } from 'vitest';
import { newRestoreCounts } from '../../../../src/ops/index.ts';
import { dumpText, missingText, restoreText } from '../../../../src/ops/snapshot/outcome-text.ts';
import type { TotalsView } from '../../../../src/ops/snapshot/snapshot-totals.ts';

const DAMAGED: TotalsView = {
  blocks: 0,
  items: 0,
  bytes: 0,
  snapshots: 1,
  isComplete: false,
  missingBlocks: 0,
  missingItems: 0,
  missingBytes: 0,
  cutSnapshots: 0,
  damagedHeaders: 0,
  skippedBytes: 0,
};

describe('the result of a snapshot in a line', () => {
  test('one item is no plural', () => {
    const outcome = { items: 1, itemBytes: 1, fileBytes: 1024, seconds: 1 };
    expect(dumpText(outcome)).toBe('1 item, 1.0 KiB in 1.0 s');
    const counts = { ...newRestoreCounts(), restored: 1, restoredBytes: 1024 };
    const restored = { counts, totals: DAMAGED, facts: [], seconds: 1 };
    expect(restoreText(restored)).toBe('1 item, 1.0 KiB in 1.0 s');
    expect(restoreText({ ...restored, evicted: 1 })).toBe(
      '1 item, 1.0 KiB in 1.0 s; evicted in the meantime: 1 item',
    );
  });
  test.each([
    [
      { missingBlocks: 1, missingItems: 1, missingBytes: 1 },
      '1 block with 1 item (1 byte) is missing',
    ],
    [
      { missingBlocks: 2, missingItems: 3, missingBytes: 4 },
      '2 blocks with 3 items (4 bytes) are missing',
    ],
    [{ cutSnapshots: 1 }, 'the end is missing, perhaps with more items'],
    [{ skippedBytes: 1 }, 'unreadable: 1 byte'],
  ])('%j names what is missing, and nothing else', (part, text) => {
    expect(missingText({ ...DAMAGED, ...part })).toBe(`The snapshot is damaged: ${text}.`);
  });
});
