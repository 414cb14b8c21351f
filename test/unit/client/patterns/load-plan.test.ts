import { describe, expect, test } from 'vitest';
import type { LoadOptions } from '../../../../src/client/option-types/patterns.ts';
import {
  failureMarker,
  noValueMarker,
  unwrapMarker,
} from '../../../../src/client/patterns/load-markers.ts';
import {
  drawTtl,
  LoadPlanner,
  planLoad,
  pollDelayMs,
} from '../../../../src/client/patterns/load-plan.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();

describe('LoadPlanner', () => {
  test('the planner plans the same options once, whatever their signal and handler', () => {
    const planner = new LoadPlanner();
    const plan = planner.planOf({ ttl: 5, jitter: 0.5 });
    expect(planner.planOf({ ttl: 5, jitter: 0.5 })).toBe(plan);
    const { signal } = new AbortController();
    expect(planner.planOf({ jitter: 0.5, signal, ttl: 5, onRefreshError: () => {} })).toBe(plan);
    expect(planner.planOf({ ttl: 6, jitter: 0.5 })).toMatchObject({ ttl: 6, jitter: 0.5 });
    expect(planner.planOf({ ttl: 5, jitter: 0.5 })).toBe(plan);
  });

  test('the planner notices options that the caller has changed', () => {
    const planner = new LoadPlanner();
    const options: { ttl: number; jitter?: number; waitMs?: number } = { ttl: 5 };
    expect(planner.planOf(options)).toMatchObject({ ttl: 5, jitter: 0 });
    options.jitter = 0.5;
    expect(planner.planOf(options)).toMatchObject({ ttl: 5, jitter: 0.5 });
    delete options.jitter;
    options.waitMs = 7;
    expect(planner.planOf(options)).toMatchObject({ ttl: 5, jitter: 0, waitMs: 7 });
  });

  test.each<object>([
    { ttl: 5, stale: undefined },
    { ttl: 5, constructor: Object },
    { ttl: 5, jitter: 2 },
    { ttl: 5, jitter: 0.5, signal: 5 },
    { ttl: 5, jitter: 0.5, onRefreshError: 5 },
    { ttl: 5, jitter: '0.5' },
  ])('the planner refuses %o although it remembers a similar plan', (options) => {
    const planner = new LoadPlanner();
    for (const known of [
      { ttl: 5, jitter: 0.5 },
      { ttl: 5, deadlineMs: 9 },
    ]) {
      planner.planOf(known);
      const failure = expect.objectContaining({ code: 'ERR_ARGUMENT' });
      expect(() => planner.planOf(options)).toThrow(failure);
    }
  });

  test('the planner fills in the defaults beside undefined options', () => {
    const planner = new LoadPlanner();
    planner.planOf({ ttl: 5, jitter: 0.5 });
    const unset: object = { ttl: 5, waitMs: undefined };
    expect(planner.planOf(unset)).toMatchObject({ ttl: 5, jitter: 0, waitMs: 10_000 });
  });

  test('the planner remembers a bounded number of plans', () => {
    const planner = new LoadPlanner();
    const plan = planner.planOf({ ttl: 1 });
    for (let ttl = 2; ttl < 200; ttl++) planner.planOf({ ttl });
    expect(planner.planOf({ ttl: 1 })).not.toBe(plan);
  });
});

describe('planLoad', () => {
  test('planLoad fills in the defaults', () => {
    expect(planLoad({})).toMatchObject({
      ttl: 0,
      leaseSeconds: 10,
      waitMs: 10_000,
      onLeaseTimeout: 'load',
      onCacheError: 'load',
      callOptions: {},
      fetchOptions: { leaseSeconds: 10 },
    });
  });

  test('planLoad derives the options of fetch: when one caller refreshes, and the deadline', () => {
    const plan = planLoad({
      ttl: 60,
      staleWhileRevalidateSeconds: 30,
      recacheSeconds: 5,
      deadlineMs: 50,
    });
    expect(plan.fetchOptions).toEqual({ leaseSeconds: 10, recacheSeconds: 35, deadlineMs: 50 });
  });

  test.each<LoadOptions>([
    { ttl: -1 },
    { ttl: Number.NaN },
    { ttl: 2 ** 31 },
    { leaseSeconds: 0 },
    { leaseSeconds: 3601 },
    { jitter: 1.1 },
    { staleWhileRevalidateSeconds: 10 },
    { ttl: 10, recacheSeconds: 10 },
    { negativeTtl: -1 },
    { errorTtl: Number.POSITIVE_INFINITY },
    { waitMs: 3_600_001 },
    { staleSeconds: 5 } as LoadOptions,
  ])('planLoad refuses %j', (options) => {
    expect(() => planLoad(options)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }));
  });
});

describe('drawTtl', () => {
  test('drawTtl returns 0 without a ttl, and else the fresh and the stale time together', () => {
    expect(drawTtl(planLoad({ jitter: 1 }), () => 1)).toBe(0);
    expect(drawTtl(planLoad({ ttl: 60, staleWhileRevalidateSeconds: 30 }), () => 1)).toBe(90);
    expect(drawTtl(planLoad({ ttl: 60, jitter: 1 }), () => 1)).toBe(1);
  });

  test(`drawTtl shortens the ttl by a random part of the jitter (seed ${seed})`, () => {
    const random = new Random(seed);
    const plan = planLoad({ ttl: 100, jitter: 0.2 });
    const ttls = Array.from({ length: 1000 }, () => drawTtl(plan, () => random.fraction()));
    expect(Math.min(...ttls)).toBeGreaterThanOrEqual(80);
    expect(Math.max(...ttls)).toBeLessThanOrEqual(100);
    expect(new Set(ttls).size).toBeGreaterThan(900);
  });
});

test(`the poll delay doubles with each attempt, within its bounds (seed ${seed})`, () => {
  const random = new Random(seed);
  const delays = Array.from({ length: 40 }, (_, i) => pollDelayMs(i, () => random.fraction()));
  expect(delays[0]).toBeLessThanOrEqual(4);
  for (const delay of delays) expect(delay).toBeGreaterThanOrEqual(2);
  for (const delay of delays.slice(10)) expect(delay).toBeGreaterThanOrEqual(64);
  expect(Math.max(...delays)).toBeLessThanOrEqual(128);
});

describe('a marker that the cache stores instead of a value', () => {
  test('a marker differs from every value', () => {
    for (const value of ['', 'text', '\u0000other', 0, null, { a: 1 }]) {
      expect(unwrapMarker(value, 'key')).toBe(value);
    }
    expect(unwrapMarker(noValueMarker(), 'key')).toBe(undefined);
    const failed = expect.objectContaining({ code: 'ERR_LOAD', mayHaveRun: false });
    expect(() => unwrapMarker(failureMarker(new Error('why')), 'key')).toThrow(failed);
    expect(() => unwrapMarker(failureMarker('why'), 'key')).toThrow('why');
  });
  test('a marker has a bounded length', () => {
    expect(failureMarker(new Error('x'.repeat(10_000))).length).toBeLessThan(300);
  });
});
