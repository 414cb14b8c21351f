import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { jump } from '../../../../src/topology/ring/jump.ts';
import { ModuloDistribution } from '../../../../src/topology/ring/modulo.ts';
import { oneAtATime } from '../../../../src/topology/ring/one-at-a-time.ts';
import { Random, testSeed } from '../../../support/random.ts';

interface Golden {
  readonly hashes: Readonly<Record<string, number>>;
  readonly modula: readonly {
    readonly nodes: number;
    readonly map: Readonly<Record<string, number>>;
  }[];
}
const file = new URL('../golden/modula.json', import.meta.url);
const golden = JSON.parse(readFileSync(file, 'utf8')) as Golden;

describe('modulo places keys as libmemcached 1.1.4 does by default', () => {
  test('the hashes of recorded keys are equal, also of bytes from 0x80 up', () => {
    const hashes = Object.keys(golden.hashes).map((key) => {
      const bytes = Buffer.from(key);
      return [key, oneAtATime(bytes, bytes.length)];
    });
    expect(Object.fromEntries(hashes)).toEqual(golden.hashes);
  });
  test.each(golden.modula)(
    'recorded keys have the same owner among $nodes nodes',
    ({ nodes, map }) => {
      const distribution = new ModuloDistribution(nodes);
      for (const [key, node] of Object.entries(map)) expect(distribution.ownerOf(key)).toBe(node);
    },
  );
  test('the recording has 50 keys for each number of nodes', () => {
    expect(golden.modula.map(({ map }) => Object.keys(map).length)).toEqual([50, 50, 50, 50, 50]);
  });
});

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
