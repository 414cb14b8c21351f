import { describe, expect, test } from 'vitest';
import { probeDelayMs } from '../../../src/client/connection/health.ts';
import { exptimeOf, resolveOptions } from '../../../src/client/options.ts';
import { checkKey } from '../../../src/client/values/values.ts';

const refused = expect.objectContaining({ code: 'ERR_ARGUMENT', mayHaveRun: false });

describe('options', () => {
  test('have defaults', () => {
    const resolved = { deadlineMs: 1000, maxPendingPerNode: 65_536, keysPerGet: 100 };
    expect(resolveOptions({ nodes: [] })).toEqual(resolved);
  });
  test.each<object>([
    { timeout: 5 },
    { toString: 5 },
    { deadlineMs: 0 },
    { deadlineMs: 1.5 },
    { deadlineMs: 3_600_001 },
    { deadlineMs: '1000' },
    { maxPendingPerNode: 0 },
    { keysPerGet: 1001 },
  ])('%j is refused', (options) => {
    expect(() => resolveOptions({ nodes: [], ...options } as never)).toThrow(refused);
  });
});

describe('a time to live', () => {
  const DAYS_30 = 2_592_000;
  test.each([
    [0, 0],
    [0.1, 1],
    [60, 60],
    [DAYS_30, DAYS_30],
    [DAYS_30 + 1, 1_000 + DAYS_30 + 1],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ])('of %d s is exptime %d at second 1000', (ttl, exptime) => {
    expect(exptimeOf(ttl, 1_000_999)).toBe(exptime);
  });
  test.each([-1, Number.NaN, 2 ** 31])('of %d is refused', (ttl) => {
    expect(() => exptimeOf(ttl)).toThrow(refused);
  });
});

test.each(['a', 'x'.repeat(250), 'é'.repeat(125), '😀'])('%j is a key', (key) => {
  expect(() => checkKey(key)).not.toThrow();
});
test.each(['', 'a b', 'a\r', '\u007f', 'x'.repeat(251), 'é'.repeat(126), '\ud800', 5])(
  '%j is no key',
  (key) => {
    expect(() => checkKey(key as string)).toThrow(expect.objectContaining({ code: 'ERR_KEY' }));
  },
);

test('pauses between probes double from 50 ms to 2 s, a quarter more or less', () => {
  const middle = [0, 1, 2, 3, 4, 5, 6, 1000].map((attempt) => probeDelayMs(attempt, () => 0.5));
  expect(middle).toEqual([50, 100, 200, 400, 800, 1600, 2000, 2000]);
  expect([probeDelayMs(0, () => 0), probeDelayMs(0, () => 1)]).toEqual([37.5, 62.5]);
});
