import { describe, expect, test } from 'vitest';
import { jump } from '../../../../src/topology/ring/jump.ts';
import { Random, testSeed } from '../../../support/random.ts';

/** The paper's function, in 64-bit arithmetic. */
function jumpOfThePaper(key: bigint, buckets: number): number {
  let state = key;
  let bucket = -1;
  for (let next = 0; next < buckets; ) {
    bucket = next;
    state = BigInt.asUintN(64, state * 2862933555777941757n + 1n);
    next = Math.floor((bucket + 1) * (2 ** 31 / (Number(state >> 33n) + 1)));
  }
  return bucket;
}

describe('jump is the function of Lamping and Veach', () => {
  test.each([
    [1n, 1, 0],
    [42n, 57, 43],
    [0xdead10ccn, 1, 0],
    [0xdead10ccn, 666, 361],
    [256n, 1024, 520],
  ])('key %i over %i buckets is %i, as other implementations publish', (key, buckets, bucket) => {
    expect(jumpOfThePaper(key, buckets)).toBe(bucket);
    expect(jump(Number(key >> 32n), Number(key & 0xffffffffn), buckets)).toBe(bucket);
  });
  const seed = testSeed();
  test(`random keys have the bucket that the paper computes, seed ${seed}`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 5000; i++) {
      const [high, low] = [random.int(0, 2 ** 32 - 1), random.int(0, 2 ** 32 - 1)];
      const buckets = random.int(1, 2000);
      const key = (BigInt(high) << 32n) | BigInt(low);
      expect(jump(high, low, buckets)).toBe(jumpOfThePaper(key, buckets));
    }
  });
});
