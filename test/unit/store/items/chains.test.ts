import { beforeEach, describe, expect, test } from 'vitest';
import { type Chains, chainedItemBytesMax } from '../../../../src/store/items/chains.ts';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { audit } from '../../../support/audit.ts';
import { CommandHarness } from '../../../support/command-harness.ts';

const CHUNK_BYTES = 1 << 14;
/** Bytes that differ at each offset of a chunk, and from chunk to chunk. */
const pattern = (length: number): string =>
  Buffer.from(Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7) & 255)).toString('latin1');

describe('a value in a chain of chunks', () => {
  let node: CommandHarness;
  let chains: Chains;
  beforeEach(() => {
    node = new CommandHarness({ slabChunkMaxBytes: CHUNK_BYTES });
    ({ chains } = node.parts);
  });
  const put = (key: string, value: string): number => {
    expect(node.put(`set ${key} 0 0 ${value.length}`, value, 7)).toBe('STORED\r\n');
    return node.idOf(key);
  };
  const read = (id: number): string => {
    const { arena, items } = node.parts;
    let text = '';
    while (text.length < items.valueBytes(id)) {
      const at = chains.byteAt(id, text.length);
      text += arena.bytes.toString('latin1', at, at + chains.contiguousBytes(id, text.length));
    }
    return text;
  };

  test.each([0, 1, 100, 5000])(
    'a chained item is whole, with %i bytes in its last chunk',
    (rest) => {
      const value = pattern(3 * chains.payloadBytes + rest);
      const id = put('key', value);
      const { items } = node.parts;
      expect(items.isChained(id)).toBe(true);
      expect(chains.chunkCount(id)).toBe(rest === 0 ? 3 : 4);
      expect(read(id)).toBe(value);
      expect(audit(node.parts)).toEqual([]);
    },
  );
  test('a chained item has chunks that name their head and ordinal, and are no items', () => {
    const id = put('key', pattern(3 * chains.payloadBytes));
    const { items } = node.parts;
    expect(chains.isValueChunk(id)).toBe(false);
    for (let ordinal = 0; ordinal < 3; ordinal++) {
      const chunk = chains.chunk(id, ordinal);
      expect([chains.headOf(chunk), chains.ordinalOf(chunk)]).toEqual([id, ordinal]);
      expect([chains.isValueChunk(chunk), items.isChained(chunk)]).toEqual([true, false]);
    }
  });
  test('a chained item is contiguous up to the end of each chunk, and of the value', () => {
    const id = put('key', pattern(2 * chains.payloadBytes + 10));
    const size = chains.payloadBytes;
    const lengths = [0, 1, size - 1, size, 2 * size - 1, 2 * size, 2 * size + 9];
    expect(lengths.map((offset) => chains.contiguousBytes(id, offset))).toEqual([
      size,
      size - 1,
      1,
      size,
      1,
      10,
      1,
    ]);
  });
  test('a chained item is copied and written across the ends of chunks', () => {
    const source = put('source', pattern(2 * chains.payloadBytes + 10));
    const target = put('target', 'x'.repeat(4 * chains.payloadBytes));
    const offset = chains.payloadBytes - 5;
    chains.copy(source, target, offset);
    const copied = read(source);
    const rest = 4 * chains.payloadBytes - offset - copied.length;
    expect(read(target)).toBe(`${'x'.repeat(offset)}${copied}${'x'.repeat(rest)}`);
    chains.write(target, offset - 3, Buffer.from('??abcdefghij??'), 2, 12);
    expect(read(target).slice(offset - 5, offset + 9)).toBe(`xxabcdefghij${copied.slice(7, 9)}`);
  });
  test('a chained item is pinned by its count of readers', () => {
    const id = put('key', pattern(2 * chains.payloadBytes));
    const { items } = node.parts;
    const seen = [0, 1, 2, 0].map((pins) => {
      chains.setPins(id, pins);
      return [chains.pins(id), items.isPinned(id)];
    });
    expect(seen).toEqual([
      [0, false],
      [1, true],
      [2, true],
      [0, false],
    ]);
    expect(read(id)).toBe(pattern(2 * chains.payloadBytes));
  });
});

test('a small value is in one piece behind its key', () => {
  const node = new CommandHarness();
  node.put('set key 0 0 5', 'value');
  const { items, chains, arena } = node.parts;
  const id = node.idOf('key');
  expect(id).not.toBe(NO_ITEM);
  expect([items.isChained(id), items.isPinned(id)]).toEqual([false, false]);
  expect([chains.contiguousBytes(id, 2), chains.byteAt(id, 2)]).toEqual([3, items.valueAt(id) + 2]);
  expect(arena.bytes.toString('latin1', items.valueAt(id), items.valueAt(id) + 5)).toBe('value');
});

test('the ids of a chain fit into one chunk beside the longest key', () => {
  for (const chunkBytes of [1024, 1 << 14, 1 << 19]) {
    const valueBytes = chainedItemBytesMax(chunkBytes);
    const ids = (valueBytes / (chunkBytes - 32)) * 4;
    expect(ids + 32 + 4 + 8 + 250 + 8).toBeLessThanOrEqual(chunkBytes);
    expect(ids + 32 + 4 + 8 + 250 + 8 + 4).toBeGreaterThan(chunkBytes - 4);
  }
});
