import { describe, expect, test } from 'vitest';
import { adviceFor, type Usage } from '../../../../src/control/model/advice.ts';

const GIB = 2 ** 30;

/** A cluster whose size fits. */
const FITS: Usage = {
  nodes: 3,
  replicas: 2,
  nodeType: 'cache.t3.medium',
  seconds: 600,
  usedBytesMax: 6 * GIB,
  limitBytes: 9 * GIB,
  getsPerSecond: 1000,
  hitsPerSecond: 900,
  evictionsPerSecond: 0,
  ghostHitsPerSecond: 0,
  coresMax: 1,
  skew: 1.1,
};

const kinds = (usage: Partial<Usage>) => adviceFor({ ...FITS, ...usage }).map(({ kind }) => kind);

describe('advice', () => {
  test.each([
    ['a size that fits', {}, []],
    ['samples of a minute', { seconds: 60, ghostHitsPerSecond: 500 }, []],
    ['items that are wanted again', { ghostHitsPerSecond: 50 }, ['memory']],
    ['few of them', { ghostHitsPerSecond: 0.5 }, []],
    ['memory that nothing uses', { usedBytesMax: GIB / 2 }, ['smaller']],
    ['such memory with evictions', { usedBytesMax: GIB / 2, evictionsPerSecond: 1 }, []],
    ['busy threads', { coresMax: 5 }, ['cpu']],
    ['a busy node', { skew: 2.5 }, ['skew']],
    ['a busy node without load', { skew: 2.5, getsPerSecond: 1, hitsPerSecond: 1 }, []],
    ['keys on one node', { replicas: 1 }, ['copies']],
  ] as const)('%s: %j gives %j', (_, usage, expected) => {
    expect(kinds(usage)).toEqual(expected);
  });
  test('more memory is a type of twice the size, with the hit ratio that it may reach', () => {
    const [advice] = adviceFor({ ...FITS, ghostHitsPerSecond: 50 });
    expect(advice).toMatchObject({ nodeType: 'cache.m5.large' });
    expect(advice?.text).toContain('up to 95.0 % instead of 90.0 %');
  });
  test('a smaller type has room for the items, and half as much again', () => {
    const [advice] = adviceFor({ ...FITS, usedBytesMax: GIB / 2 });
    expect(advice).toMatchObject({ nodeType: 'cache.t3.micro' });
  });
  test('a size of slabring becomes another one', () => {
    const own = { ...FITS, nodeType: 'slabring.1024x2' };
    expect(adviceFor({ ...own, ghostHitsPerSecond: 50 })[0]?.nodeType).toBe('slabring.1952x2');
    expect(adviceFor({ ...own, usedBytesMax: GIB / 10 })[0]?.nodeType).toBe('slabring.160x2');
  });
  test('the smallest type gets no smaller one', () => {
    expect(kinds({ nodeType: 'slabring.64x1', usedBytesMax: 1, limitBytes: GIB })).toEqual([]);
  });
});
