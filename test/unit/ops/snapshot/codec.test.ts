import { describe, expect, test } from 'vitest';
import { CodedError } from '../../../../src/base/index.ts';
import { COMPRESSIONS, MARK } from '../../../../src/ops/snapshot/format.ts';
import {
  decodeSnapshot,
  encodeSnapshot,
  expectedItems,
  TEST_FACTS,
  type TestItem,
} from '../../../support/snapshots.ts';

const item = (key: string, value: string, facts: Partial<TestItem> = {}): TestItem => ({
  key,
  value: Buffer.from(value, 'latin1'),
  ...facts,
});
const GROUPS: readonly (readonly TestItem[])[] = [
  [
    item('a', 'one', { clientFlags: 7, access: 1_700_000_000, casLow: 3, hits: 2 }),
    item('empty', '', { expiry: 2 ** 32 + 9 }),
  ],
  [item('\x00\xff', 'v'.repeat(80), { marks: MARK.binaryKey | MARK.kept, casHigh: 0x7fff })],
  [item('c', 'last', { marks: MARK.ownCas, casHigh: 0xffff_ffff, casLow: 0xffff_ffff })],
];
const ITEMS = GROUPS.flat();
const ALL = expectedItems(ITEMS);
const itemBytes = ({ key, value }: TestItem): number => key.length + value.length;
const BYTES = ITEMS.reduce((sum, each) => sum + itemBytes(each), 0);

/** The result, or the code of the error: a reader throws nothing else. */
function read(bytes: Buffer): ReturnType<typeof decodeSnapshot> | string {
  try {
    return decodeSnapshot(bytes);
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
}

/** Fails if the reader has an item that the writer did not write. */
function checkItems(items: ReadonlyMap<string, string>): void {
  for (const [key, text] of items) {
    if (ALL.get(key) !== text) expect(text, key).toBe(ALL.get(key));
  }
}

describe.each(COMPRESSIONS)('a snapshot with compression %s', (compression) => {
  const snapshot = encodeSnapshot(GROUPS, compression);
  test('the reader gets all facts of all items, in pieces of any size', () => {
    for (const pieceBytes of [1, 7, 61, snapshot.length]) {
      const { items, headers, totals } = decodeSnapshot(snapshot, pieceBytes);
      expect(items).toEqual(ALL);
      expect(headers).toEqual([TEST_FACTS]);
      expect(totals).toMatchObject({ snapshots: 1, blocks: 3, items: 4, bytes: BYTES });
      expect(totals.isComplete).toBe(true);
    }
  });
  test('the reader survives a change of each byte, and counts what is missing', () => {
    for (let at = 0; at < snapshot.length; at++) {
      for (const change of [1, 0x80, 0xff]) {
        const damaged = Buffer.from(snapshot);
        damaged[at]! ^= change;
        const result = read(damaged);
        // The magic and the version decide whether it is a snapshot at all.
        if (typeof result === 'string') expect(at).toBeLessThan(10);
        else {
          const { items, totals } = result;
          checkItems(items);
          expect(totals.isComplete, `byte ${at}`).toBe(false);
          // One changed byte hits one block.
          expect(items.size, `byte ${at}`).toBeGreaterThanOrEqual(2);
          if (totals.cutSnapshots > 0) continue;
          expect(totals.items + totals.missingItems, `byte ${at}`).toBe(4);
          expect(totals.bytes + totals.missingBytes, `byte ${at}`).toBe(BYTES);
          expect(totals.blocks + totals.missingBlocks, `byte ${at}`).toBe(3);
        }
      }
    }
  });
  test('the reader survives a cut at each length, and reports that the end is missing', () => {
    for (let length = 0; length < snapshot.length; length++) {
      const result = read(snapshot.subarray(0, length));
      if (typeof result === 'string') {
        expect(result).toBe('ERR_SNAPSHOT');
        expect(length).toBeLessThan(10);
        continue;
      }
      checkItems(result.items);
      expect(result.totals.cutSnapshots, `length ${length}`).toBe(1);
      expect(result.totals.isComplete).toBe(false);
    }
  });
  test('the reader survives the loss of each byte', () => {
    for (let at = 10; at < snapshot.length; at++) {
      const { items, totals } = decodeSnapshot(
        Buffer.concat([snapshot.subarray(0, at), snapshot.subarray(at + 1)]),
      );
      checkItems(items);
      expect(totals.isComplete, `byte ${at}`).toBe(false);
    }
  });
});

describe('snapshots', () => {
  test('a value larger than a block comes whole, or is missing if a part is damaged', () => {
    const big = item('big', 'x'.repeat(700_000), { casLow: 9 });
    const items = [...ITEMS, big, item('after', 'z')];
    const snapshot = encodeSnapshot([items]);
    expect(decodeSnapshot(snapshot, 100_000).items).toEqual(expectedItems(items));
    for (const at of [1000, 300_000, 600_000]) {
      const damaged = Buffer.from(snapshot);
      damaged[at]! ^= 4;
      const result = decodeSnapshot(damaged, 65_536);
      expect(result.items.has('big'), `byte ${at}`).toBe(false);
      expect(result.totals).toMatchObject({ missingBlocks: 1, cutSnapshots: 0 });
      expect(result.totals.items + result.totals.missingItems).toBe(items.length);
      expect(result.totals.bytes + result.totals.missingBytes).toBe(BYTES + 700_003 + 6);
    }
    const cut = decodeSnapshot(snapshot.subarray(0, 400_000));
    expect(cut.items).toEqual(ALL);
    expect(cut.totals).toMatchObject({ cutSnapshots: 1, missingItems: 1 });
  });
  test('a value that contains another snapshot is never read as one', () => {
    const inner = encodeSnapshot([[item('invented', 'x')]]).toString('latin1');
    const snapshot = encodeSnapshot([[item('a', inner)], [item('b', 'y')]]);
    for (let at = 10; at < snapshot.length; at++) {
      const damaged = Buffer.from(snapshot);
      damaged[at]! ^= 1;
      const { items } = decodeSnapshot(damaged);
      if (items.has('invented')) expect(at, `byte ${at}`).toBeUndefined();
    }
  });
  test('snapshots in a row are one file', () => {
    const first = encodeSnapshot([[item('a', '1')], [item('b', '2')]]);
    const second = encodeSnapshot([[item('c', '3')]]);
    const both = decodeSnapshot(Buffer.concat([first, second]), 50);
    expect([...both.items.keys()]).toEqual(['a', 'b', 'c']);
    expect(both.totals).toMatchObject({ snapshots: 2, items: 3, isComplete: true });
  });
  test('the reader survives a change of each byte in a file of several sections', () => {
    const id = Buffer.from('12345678');
    const first = encodeSnapshot([[item('a', '1')], [item('b', '2')]], 'none', { id, section: 0 });
    const second = encodeSnapshot([[item('c', '3')]], 'none', { id, section: 1 });
    const file = Buffer.concat([first, second]);
    expect(decodeSnapshot(file).totals).toMatchObject({ snapshots: 2, isComplete: true });
    for (let at = 10; at < file.length; at++) {
      const damaged = Buffer.from(file);
      damaged[at]! ^= 1;
      const { items, totals } = decodeSnapshot(damaged);
      expect(items.size, `byte ${at}`).toBeGreaterThanOrEqual(2);
      expect(totals.isComplete, `byte ${at}`).toBe(false);
    }
    const cut = decodeSnapshot(Buffer.concat([first.subarray(0, -70), second]));
    expect([...cut.items.keys()]).toEqual(['a', 'c']);
    expect(cut.totals).toMatchObject({ snapshots: 2, cutSnapshots: 1 });
  });
  test('a file that is no snapshot, or of another version, is an error that says so', () => {
    expect(read(Buffer.alloc(0))).toBe('ERR_SNAPSHOT');
    expect(read(Buffer.from('get a\r\n'))).toBe('ERR_SNAPSHOT');
    expect(read(Buffer.alloc(100_000, 'SLAB'))).toBe('ERR_SNAPSHOT');
    const newer = encodeSnapshot(GROUPS);
    newer[8] = 2;
    expect(read(newer)).toBe('ERR_SNAPSHOT_VERSION');
    expect(() => decodeSnapshot(newer)).toThrow('This snapshot has format 2');
  });
});
