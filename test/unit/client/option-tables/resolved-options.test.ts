import { describe, expect, test } from 'vitest';
import { probeDelayMs } from '../../../../src/client/connection/probe-delay.ts';
import {
  exptimeOf,
  resolveOptions,
} from '../../../../src/client/option-tables/resolved-options.ts';

const refused = expect.objectContaining({ code: 'ERR_ARGUMENT', mayHaveRun: false });

describe('options', () => {
  test('unset options have their defaults', () => {
    expect(resolveOptions({ nodes: [] })).toEqual({
      deadlineMs: 1000,
      connectTimeoutMs: 1000,
      maxPendingPerNode: 65_536,
      maxPendingBytesPerNode: 67_108_864,
      maxValueBytes: 64 * 2 ** 20,
      maxKeysPerGet: 100,
      connectionsPerNode: 1,
      keepAliveMs: 30_000,
      protocol: 'auto',
      login: undefined,
      tls: undefined,
      lookup: undefined,
      namespace: '',
      keys: 'refuse',
      serializer: undefined,
      compression: undefined,
      distribution: 'ketama',
      failover: 'fail',
      replicas: 1,
      previousOwner: undefined,
    });
  });
  test('connectTimeoutMs defaults to deadlineMs', () => {
    expect(resolveOptions({ nodes: [], deadlineMs: 50 }).connectTimeoutMs).toBe(50);
    const both = { nodes: [], deadlineMs: 50, connectTimeoutMs: 2000 };
    expect(resolveOptions(both)).toMatchObject({ deadlineMs: 50, connectTimeoutMs: 2000 });
  });
  test.each<object>([
    { timeout: 5 },
    { toString: 5 },
    { deadlineMs: 0 },
    { deadlineMs: 1.5 },
    { deadlineMs: 3_600_001 },
    { deadlineMs: '1000' },
    { maxPendingPerNode: 0 },
    { maxKeysPerGet: 1001 },
    { connectionsPerNode: 65 },
    { keepAliveMs: 999 },
    { protocol: 'ascii' },
    { keys: 'trim' },
    { login: { username: '', password: 'x' } },
    { login: { username: 'a b', password: 'x' } },
    { login: { username: 'a', password: 'x\r\nflush_all' } },
    { compression: { level: 0 } },
    { compression: { minBytes: -1 } },
  ])('resolveOptions rejects %j', (options) => {
    expect(() => resolveOptions({ nodes: [], ...options } as never)).toThrow(refused);
  });
});

describe('a ttl', () => {
  const clock = { now: () => 0, unixMs: () => 1_000_999 };
  const DAYS_30 = 2_592_000;
  test.each([
    [0, 0],
    [0.1, 1],
    [60, 60],
    [DAYS_30, DAYS_30],
    [DAYS_30 + 1, 1_000 + DAYS_30 + 1],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])('%d s is exptime %d at Unix time 1000', (ttl, exptime) => {
    expect(exptimeOf(ttl, clock)).toBe(exptime);
  });
  test.each([-1, Number.NaN, 2 ** 31])('a ttl rejects %d', (ttl) => {
    expect(() => exptimeOf(ttl, clock)).toThrow(refused);
  });
});

test('the delay between probes doubles from 50 ms to 2 s, with 25 % jitter', () => {
  const middle = [0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => probeDelayMs(attempt, () => 0.5));
  expect(middle).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  expect([probeDelayMs(0, () => 0), probeDelayMs(0, () => 1)]).toEqual([37.5, 62.5]);
});
