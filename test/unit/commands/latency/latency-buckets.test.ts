import { describe, expect, test } from 'vitest';
import {
  bucketOfBound,
  LATENCY_BUCKETS,
  latencyBoundSeconds,
  latencyBucket,
  latencyQuantile,
} from '../../../../src/commands/latency/latency-buckets.ts';
import { Random, testSeed } from '../../../support/random.ts';

const US = 1e-3;
const seed = testSeed();

describe('the buckets of latencies', () => {
  test('an upper bound belongs to its bucket, and what is longer to the next one', () => {
    for (let bucket = 0; bucket < LATENCY_BUCKETS - 1; bucket++) {
      const ms = latencyBoundSeconds(bucket) * 1000;
      expect(latencyBucket(ms * (1 - 1e-9))).toBe(bucket);
      expect(latencyBucket(ms * (1 + 1e-9))).toBe(bucket + 1);
      expect(bucketOfBound(latencyBoundSeconds(bucket))).toBe(bucket);
    }
    expect(bucketOfBound(Number.POSITIVE_INFINITY)).toBe(LATENCY_BUCKETS - 1);
  });
  test('every power of two of a second is a bound', () => {
    for (let octave = -20; octave <= 6; octave++) {
      expect(latencyBoundSeconds(bucketOfBound(2 ** octave))).toBe(2 ** octave);
    }
  });
  test('a bucket is less than 5 % wide', () => {
    for (let bucket = 1; bucket < LATENCY_BUCKETS - 1; bucket++) {
      const ratio = latencyBoundSeconds(bucket) / latencyBoundSeconds(bucket - 1);
      expect(ratio).toBeLessThan(1.05);
    }
  });
  test('times that no clock should give have a bucket', () => {
    expect(latencyBucket(-5)).toBe(0);
    expect(latencyBucket(0)).toBe(0);
    expect(latencyBucket(1e12)).toBe(LATENCY_BUCKETS - 1);
  });
});

/** Distributions of milliseconds, as loads have them. */
const SHAPES: readonly (readonly [string, (random: Random) => number])[] = [
  ['one value', () => 0.0347],
  ['an even spread', (random) => 0.002 + random.fraction()],
  ['a wide spread', (random) => US * 2 ** (20 * random.fraction())],
  ['two groups', (random) => (random.oneIn(50) ? 40 + random.fraction() : 0.01)],
  ['a long tail', (random) => 0.02 / (1 - 0.9999 * random.fraction())],
];

describe('a quantile', () => {
  test.each(SHAPES)(
    `the quantile is within 5 %% of the sorted values, %s, seed ${seed}`,
    (_, next) => {
      const random = new Random(seed);
      const sorted = Array.from({ length: 20_000 }, () => next(random)).sort((a, b) => a - b);
      const counts = new Float64Array(LATENCY_BUCKETS);
      for (const ms of sorted) counts[latencyBucket(ms)]!++;
      for (const share of [0.001, 0.5, 0.9, 0.99, 0.999, 1]) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1]! / 1000;
        const ratio = latencyQuantile(counts, share)! / exact;
        expect(ratio, `p${share * 100}`).toBeGreaterThan(0.95);
        expect(ratio, `p${share * 100}`).toBeLessThan(1.05);
      }
    },
  );
  test('a weight counts as that many requests', () => {
    const counts = new Float64Array(LATENCY_BUCKETS);
    counts[latencyBucket(1)] = 98;
    counts[latencyBucket(100)] = 2;
    expect(latencyQuantile(counts, 0.98)).toBeLessThan(0.002);
    expect(latencyQuantile(counts, 0.99)).toBeGreaterThan(0.09);
  });
  test('there is none without requests, and the longest is bounded', () => {
    const counts = new Float64Array(LATENCY_BUCKETS);
    expect(latencyQuantile(counts, 0.5)).toBeUndefined();
    counts[LATENCY_BUCKETS - 1] = 1;
    expect(latencyQuantile(counts, 0.99)).toBe(64);
  });
});
