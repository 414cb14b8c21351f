import { describe, expect, test } from 'vitest';
import { failureMark, noneMark, unmarked } from '../../../../src/client/patterns/load-marks.ts';
import {
  type LoadOptions,
  lifeSeconds,
  planLoad,
  pollDelayMs,
} from '../../../../src/client/patterns/load-plan.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();

describe('options of getOrSet', () => {
  test('have defaults', () => {
    expect(planLoad({})).toMatchObject({
      ttl: 0,
      lease: 10,
      waitMs: 10_000,
      whenBusy: 'load',
      onCacheError: 'load',
      call: {},
      terms: { leaseSeconds: 10 },
    });
  });

  test('say when one is to load anew, and how long a request may take', () => {
    const plan = planLoad({ ttl: 60, staleWhileRevalidate: 30, earlyRecache: 5, deadlineMs: 50 });
    expect(plan.terms).toEqual({ leaseSeconds: 10, recacheSeconds: 35, deadlineMs: 50 });
  });

  test.each<LoadOptions>([
    { ttl: -1 },
    { ttl: Number.NaN },
    { ttl: 2 ** 31 },
    { lease: 0 },
    { lease: 3601 },
    { jitter: 1.1 },
    { staleWhileRevalidate: 10 },
    { ttl: 10, earlyRecache: 10 },
    { negativeTtl: -1 },
    { errorTtl: Number.POSITIVE_INFINITY },
    { waitMs: 3_600_001 },
    { staleSeconds: 5 } as LoadOptions,
  ])('%j is refused', (options) => {
    expect(() => planLoad(options)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  });
});

describe('the life of a value', () => {
  test('is for ever without a ttl, and fresh and stale time together with one', () => {
    expect(lifeSeconds(planLoad({ jitter: 1 }), () => 1)).toBe(0);
    expect(lifeSeconds(planLoad({ ttl: 60, staleWhileRevalidate: 30 }), () => 1)).toBe(90);
    expect(lifeSeconds(planLoad({ ttl: 60, jitter: 1 }), () => 1)).toBe(1);
  });

  test(`is shorter by chance, within the jitter (seed ${seed})`, () => {
    const random = new Random(seed);
    const plan = planLoad({ ttl: 100, jitter: 0.2 });
    const lives = Array.from({ length: 1000 }, () => lifeSeconds(plan, () => random.fraction()));
    expect(Math.min(...lives)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...lives)).toBeLessThanOrEqual(100);
    expect(new Set(lives).size).toBeGreaterThan(900);
  });
});

test(`looking again is slower each time, within bounds (seed ${seed})`, () => {
  const random = new Random(seed);
  const delays = Array.from({ length: 40 }, (_, i) => pollDelayMs(i, () => random.fraction()));
  expect(delays[0]).toBeLessThanOrEqual(4);
  for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(2);
  for (const delay of delays.slice(10)) expect(delay).toBeGreaterThanOrEqual(64);
  expect(Math.max(...delays)).toBeLessThanOrEqual(128);
});

describe('what is stored in place of a value', () => {
  test('is told from values', () => {
    for (const value of ['', 'text', '\u0000other', 0, null, { a: 1 }]) {
      expect(unmarked(value, 'key')).toBe(value);
    }
    expect(unmarked(noneMark(), 'key')).toBe(undefined);
    const failed = expect.objectContaining({ code: 'ERR_LOAD', mayHaveRun: false });
    expect(() => unmarked(failureMark(new Error('why')), 'key')).toThrow(failed);
    expect(() => unmarked(failureMark('why'), 'key')).toThrow('why');
  });
  test('is bounded', () => {
    expect(failureMark(new Error('x'.repeat(10_000))).length).toBeLessThan(300);
  });
});
