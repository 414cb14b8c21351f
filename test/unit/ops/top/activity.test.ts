import { describe, expect, test } from 'vitest';
import { activityOf, withLatency } from '../../../../src/ops/top/activity.ts';
import { type Reading, ratePerSecond, type Span } from '../../../../src/ops/top/reading.ts';

const reading = (atMs: number, stats: Readonly<Record<string, number | string>>): Reading => ({
  atMs,
  stats: new Map(Object.entries({ pid: 7, ...stats }).map(([name, value]) => [name, `${value}`])),
});
const span = (
  before: Readonly<Record<string, number | string>>,
  after: Readonly<Record<string, number | string>>,
): Span => ({ before: reading(1000, before), after: reading(3000, after) });

describe('the rate of a counter', () => {
  test.each([
    ['grows', { x: 10 }, { x: 14 }, 2],
    ['stands still', { x: 10 }, { x: 10 }, 0],
    ['was reset', { x: 1000 }, { x: 6 }, 3],
    ['belongs to another process', { x: 2 }, { x: 6, pid: 8 }, 3],
    ['is new', {}, { x: 6 }, undefined],
    ['is gone', { x: 6 }, {}, undefined],
    ['is a fraction', { x: '0.5' }, { x: '1.250000' }, 0.375],
    ['is no number', { x: 'a' }, { x: 'b' }, undefined],
  ])('a counter that %s has the right rate', (_, before, after, rate) => {
    expect(ratePerSecond(span(before, after), 'x')).toBe(rate);
  });
  test('a rate is unknown without time between the readings', () => {
    const once = reading(5, { x: 1 });
    expect(ratePerSecond({ before: once, after: once }, 'x')).toBeUndefined();
  });
});

const BEFORE = {
  ...{ cmd_get: 100, cmd_set: 10, get_hits: 90, get_misses: 10, evictions: 0 },
  ...{ rusage_user: '1.0', rusage_system: '0.5' },
};
const AFTER = {
  ...{ cmd_get: 300, cmd_set: 14, get_hits: 240, get_misses: 60, evictions: 8 },
  ...{ rusage_user: '2.5', rusage_system: '1.0', curr_items: 5, bytes: 500 },
  ...{ limit_maxbytes: 1000, curr_connections: 3, rss_bytes: 4000, uptime: 60 },
};
const ONE = {
  ...{ getsPerSecond: 100, setsPerSecond: 2, hitRatio: 0.75, evictionsPerSecond: 4, items: 5 },
  ...{ memoryUsedBytes: 500, memoryLimitBytes: 1000, connections: 3, cpuPercent: 100 },
  ...{ rssBytes: 4000, uptimeSeconds: 60 },
};

describe('the p99 of the requests of a span', () => {
  const withBuckets = (
    ms: number,
    stats: Readonly<Record<string, number>>,
    buckets: Readonly<Record<string, string>>,
  ) => withLatency(reading(ms, stats), new Map(Object.entries(buckets)));
  /** Bounds of buckets in microseconds: 2^-16 s, 2^-10 s and 2^-4 s. */
  const [SHORT, MIDDLE, LONG] = ['15.259', '976.563', '62500.000'] as const;

  test('the p99 has the requests of the span, not those before it', () => {
    const before = withBuckets(0, {}, { [LONG]: '1000' });
    const after = withBuckets(1000, {}, { [SHORT]: '100', [LONG]: '1000' });
    const { p99Microseconds } = activityOf([{ before, after }]);
    expect(p99Microseconds! / 15.259).toBeGreaterThan(0.95);
    expect(p99Microseconds! / 15.259).toBeLessThanOrEqual(1.01);
  });
  test('the p99 of several nodes is that of all their requests together', () => {
    const empty = withBuckets(0, {}, {});
    const fast = { before: empty, after: withBuckets(1000, {}, { [SHORT]: '9000' }) };
    const slow = { before: empty, after: withBuckets(1000, {}, { [MIDDLE]: '900', [LONG]: '80' }) };
    expect(activityOf([slow]).p99Microseconds! / 62_500).toBeCloseTo(1, 1);
    expect(activityOf([fast, slow]).p99Microseconds! / 976.563).toBeCloseTo(1, 1);
  });
  test('a node that restarted counts from 0', () => {
    const before = withBuckets(0, {}, { [SHORT]: '1000' });
    const after = withBuckets(1000, { pid: 8 }, { [SHORT]: '2000', [LONG]: '100' });
    expect(activityOf([{ before, after }]).p99Microseconds! / 62_500).toBeCloseTo(1, 1);
  });
  test('nodes without latencies, or without requests, have none', () => {
    const once = withBuckets(0, {}, { [SHORT]: '1000' });
    expect(activityOf([{ before: once, after: once }]).p99Microseconds).toBeUndefined();
    expect(activityOf([span(BEFORE, AFTER)]).p99Microseconds).toBeUndefined();
  });
});

describe('the activity of nodes', () => {
  test('one node has rates, the hit ratio of the span, and what it holds', () => {
    expect(activityOf([span(BEFORE, AFTER)])).toEqual(ONE);
  });
  test('several nodes have sums, one hit ratio, and the uptime of the youngest', () => {
    const idle = span(AFTER, { ...AFTER, uptime: 20 });
    expect(activityOf([span(BEFORE, AFTER), idle])).toEqual({
      ...{ ...ONE, items: 10, memoryUsedBytes: 1000, memoryLimitBytes: 2000, connections: 6 },
      ...{ rssBytes: 8000, uptimeSeconds: 20 },
    });
  });
  test('a hit ratio needs gets, and a sum the number of every node', () => {
    const { rss_bytes: _, ...plain } = AFTER;
    const activity = activityOf([span(plain, plain), span(AFTER, AFTER)]);
    expect(activity).toMatchObject({ hitRatio: undefined, rssBytes: undefined, items: 10 });
  });
  test('a node that replied to nothing has no numbers', () => {
    expect(new Set(Object.values(activityOf([])))).toEqual(new Set([undefined]));
  });
});
