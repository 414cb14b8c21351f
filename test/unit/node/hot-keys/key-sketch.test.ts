import { describe, expect, test } from 'vitest';
import { KeySketch, type SketchEntry } from '../../../../src/node/hot-keys/key-sketch.ts';
import { sampleOf, Zipf } from '../../../support/hot-samples.ts';
import { Random, testSeed } from '../../../support/random.ts';

const SLOTS = 256;
const CELLS = 4096;
const REQUESTS = 100_000;
const KEYS = 50_000;
const seed = testSeed();

function sketchOf(slots = SLOTS, cells = CELLS): KeySketch {
  const memory = new SharedArrayBuffer(KeySketch.bytesFor(slots, cells));
  return new KeySketch(memory, 0, slots, cells);
}

const nameOf = ({ key }: SketchEntry): string => key.toString();
const weightOf = ({ gets, writes }: SketchEntry): number => gets + writes;

describe('KeySketch', () => {
  test.each([0.8, 0.9, 1, 1.1, 1.2])(
    `with Zipf %f the bounds of each key hold, and the top 20 are found (SEED=${seed})`,
    (exponent) => {
      const zipf = new Zipf(KEYS, exponent, new Random(seed));
      const sketch = sketchOf();
      const exact = new Map<string, number>();
      for (let at = 0; at < REQUESTS; at++) {
        const key = `key:${zipf.next()}`;
        exact.set(key, (exact.get(key) ?? 0) + 1);
        sketch.add(sampleOf(key), 1, 1);
      }
      const entries = sketch.entries();
      expect(entries).toHaveLength(SLOTS);
      for (const entry of entries) {
        const count = exact.get(nameOf(entry))!;
        expect(weightOf(entry)).toBeLessThanOrEqual(count);
        expect(weightOf(entry) + entry.missed).toBeGreaterThanOrEqual(count);
        expect(entry.variance).toBe(0);
      }
      const lightest = Math.min(...entries.map((entry) => weightOf(entry) + entry.missed));
      const tracked = new Map(entries.map((entry) => [nameOf(entry), entry]));
      const heaviest = [...exact].toSorted(([, a], [, b]) => b - a).slice(0, 20);
      for (const [key, count] of heaviest) {
        expect(tracked.has(key), key).toBe(true);
        // It missed no more than what shared the cell of the key.
        expect(weightOf(tracked.get(key)!) / count).toBeGreaterThan(0.8);
      }
      const untracked = [...exact].filter(([key]) => !tracked.has(key));
      expect(Math.max(...untracked.map(([, count]) => count))).toBeLessThanOrEqual(lightest);
    },
  );

  test('an entry has gets, hits, writes and the last size', () => {
    const sketch = sketchOf(4, 4);
    sketch.add(sampleOf('a', { isHit: true, bytes: 70 }), 3, 1);
    sketch.add(sampleOf('a', { isHit: false, bytes: 0 }), 2, 1);
    sketch.add(sampleOf('a', { isWrite: true, isHit: true, bytes: 90 }), 1, 1);
    const [entry] = sketch.entries();
    expect(entry).toMatchObject({ gets: 5, hits: 3, writes: 1, missed: 0, bytes: 90 });
    // 3 × (3 − 1) + 2 × (2 − 1): what a binomial sample leaves open.
    expect(entry!.variance).toBe(8);
  });

  test('keys of one hash are different keys', () => {
    const sketch = sketchOf(4, 4);
    for (const key of ['ab', 'ac', 'ab', 'a']) sketch.add(sampleOf(key, { hash: 7 }), 1, 1);
    const weights = sketch.entries().map((entry) => [nameOf(entry), weightOf(entry)]);
    expect(weights).toEqual([['ab', 2], expect.anything(), expect.anything()]);
  });

  test('after a scale the old weights count less, and the order stays', () => {
    const sketch = sketchOf(4, 4);
    for (const key of ['a', 'a', 'b']) sketch.add(sampleOf(key), 2, 1);
    sketch.scale(0.25);
    expect(sketch.entries().map(weightOf)).toEqual([1, 0.5]);
    expect(sketch.entries()[0]!.variance).toBe(4 / 16);
    sketch.add(sampleOf('b'), 2, 1);
    expect(sketch.entries().map(nameOf)).toEqual(['b', 'a']);
    sketch.clear();
    expect(sketch.entries()).toEqual([]);
  });

  test('a key of 250 bytes is whole', () => {
    const sketch = sketchOf(4, 4);
    sketch.add(sampleOf('k'.repeat(250)), 1, 1);
    sketch.add(sampleOf('n'.repeat(250)), 1, 1);
    expect(sketch.entries().map(({ key }) => key.length)).toEqual([250, 250]);
  });
});
