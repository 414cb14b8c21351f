import { describe, expect, test } from 'vitest';
import { NO_ITEM } from '../../../../src/store/memory/item-layout.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { StoreParts } from '../../../support/store-parts.ts';

const BYTES = Buffer.alloc(300);
function find(parts: StoreParts, key: string, hash = hashOf(parts, key)): number {
  const length = BYTES.write(key, 7, 'latin1');
  return parts.index.find(hash, BYTES, 7, length);
}
const hashOf = (parts: StoreParts, key: string): number => {
  const length = BYTES.write(key, 7, 'latin1');
  return parts.index.hashOf(BYTES, 7, 7 + length);
};

describe('the index', () => {
  test('the index finds an item by its key, among others of the same hash', () => {
    const parts = new StoreParts();
    const ids = ['a', 'b', 'c'].map((key) => parts.newItem({ key }));
    for (const id of ids) parts.index.insert(1234, id);
    expect(['a', 'b', 'c', 'd'].map((key) => find(parts, key, 1234))).toEqual([...ids, NO_ITEM]);
    expect([find(parts, 'a', 1235), parts.index.count()]).toEqual([NO_ITEM, 3]);
  });
  test('the index removes and replaces the first, a middle and the last item of a bucket', () => {
    for (const nth of [0, 1, 2]) {
      const parts = new StoreParts();
      const keys = ['a', 'b', 'c'];
      const ids = keys.map((key) => parts.newItem({ key }));
      for (const id of ids) parts.index.insert(7, id);
      const fresh = parts.newItem({ key: keys[nth]! });
      parts.index.replace(7, ids[nth]!, fresh);
      const expected = ids.map((id, i) => (i === nth ? fresh : id));
      expect(keys.map((key) => find(parts, key, 7))).toEqual(expected);
      parts.index.remove(7, fresh);
      expected[nth] = NO_ITEM;
      expect([...keys.map((key) => find(parts, key, 7)), parts.index.count()]).toEqual([
        ...expected,
        2,
      ]);
    }
  });
  test('the index hashes an item as its key, with the key of the store', () => {
    const parts = new StoreParts();
    const other = new StoreParts({ hashKey: { low: 8, high: 0 } });
    const id = parts.newItem({ key: 'some key', clientFlags: 5 });
    expect(parts.index.hashOfItem(id)).toBe(hashOf(parts, 'some key'));
    expect(hashOf(other, 'some key')).not.toBe(hashOf(parts, 'some key'));
  });
});

const seed = testSeed();
test(`the index agrees with a Map while it grows, seed ${seed}`, () => {
  const random = new Random(seed);
  const parts = new StoreParts({ memoryLimitBytes: 32 << 20 });
  const { index } = parts;
  const buckets = index.bucketCount();
  const model = new Map<string, number>();
  const keys: string[] = [];
  while (index.bucketCount() < buckets + 400) {
    const key = `k${random.int(0, 400_000)}`;
    const hash = hashOf(parts, key);
    const known = model.get(key);
    if (known === undefined) {
      const id = parts.newItem({ key, value: '', sizeClass: 1 });
      index.insert(hash, id);
      model.set(key, id);
      keys.push(key);
      index.growIfFull();
    } else if (random.oneIn(2)) {
      index.remove(hash, known);
      parts.slabs.free(1, known);
      model.delete(key);
    }
  }
  expect(index.count()).toBe(model.size);
  for (const key of keys) expect(find(parts, key)).toBe(model.get(key) ?? NO_ITEM);
  const groups = index.groupCount();
  let listed = 0;
  for (let group = 0; group < groups; group++) listed += index.groupItemCount(group, groups);
  expect(listed).toBe(model.size);
});
