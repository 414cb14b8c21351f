import { expect, test } from 'vitest';
import { LruMap } from '../../../../src/client/patterns/lru-map.ts';
import { Random, testSeed } from '../../../support/random.ts';

const FOREVER = Number.POSITIVE_INFINITY;

test('the map evicts the least recently used entry', () => {
  const map = new LruMap<number>({ maxEntries: 2, maxBytes: 100 });
  map.put('a', 1, 10, FOREVER);
  map.put('b', 2, 10, FOREVER);
  expect(map.get('a', 0)).toBe(1);
  map.put('c', 3, 10, FOREVER);
  expect(['a', 'b', 'c'].map((key) => map.get(key, 0))).toEqual([1, undefined, 3]);
  expect([map.size, map.bytes, map.evictions]).toEqual([2, 20, 1]);
});

test('the map does not return an expired entry, nor keep a value above maxBytes', () => {
  const map = new LruMap<number>({ maxEntries: 10, maxBytes: 100 });
  map.put('a', 1, 10, 5);
  expect([map.get('a', 4), map.get('a', 5), map.size, map.bytes]).toEqual([1, undefined, 0, 0]);
  map.put('b', 1, 50, FOREVER);
  map.put('b', 2, 101, FOREVER);
  expect([map.get('b', 0), map.bytes]).toEqual([undefined, 0]);
});

const seed = testSeed();
test(`the map never exceeds its bounds, nor returns a wrong value (seed ${seed})`, () => {
  const random = new Random(seed);
  const map = new LruMap<number>({ maxEntries: 20, maxBytes: 1000 });
  const model = new Map<string, { value: number; bytes: number; expiresAt: number }>();
  for (let step = 0; step < 5000; step++) {
    const key = `k${random.int(0, 40)}`;
    if (random.oneIn(3)) {
      const value = {
        value: step,
        bytes: random.int(0, 200),
        expiresAt: step + random.int(0, 500),
      };
      map.put(key, value.value, value.bytes, value.expiresAt);
      model.set(key, value);
    } else if (random.oneIn(20)) {
      map.delete(key);
      model.delete(key);
    } else {
      const [got, known] = [map.get(key, step), model.get(key)];
      if (known === undefined || known.expiresAt <= step) expect(got).toBe(undefined);
      else if (got !== undefined) expect(got).toBe(known.value);
    }
    expect(map.size).toBeLessThanOrEqual(20);
    expect(map.bytes).toBeLessThanOrEqual(1000);
    expect(map.bytes).toBeGreaterThanOrEqual(0);
  }
  expect(map.evictions).toBeGreaterThan(0);
});
