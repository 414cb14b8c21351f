import { describe, expect, test } from 'vitest';
import { pollDelayMs, refreshDelayMs } from '../../../../src/client/discovery/polling-options.ts';
import { pollingOptions } from '../../../../src/client/option-tables/discovery-options.ts';
import { valuesOf } from '../../../../src/client/option-tables/resolve.ts';

const low = (): number => 0;
const middle = (): number => 0.5;
const high = (): number => 0.999_999;

describe('the intervals of a discovery', () => {
  test.each([
    [0, 60_000, 60_000],
    [1, 60_000, 1000],
    [2, 60_000, 2000],
    [6, 60_000, 32_000],
    [7, 60_000, 60_000],
    [1_000_000, 60_000, 60_000],
    [1, 500, 500],
  ])(
    'the delay after %i failures with an interval of %i ms is %i ms',
    (failureCount, intervalMs, delayMs) => {
      expect(pollDelayMs(failureCount, intervalMs, middle)).toBe(delayMs);
      expect(pollDelayMs(failureCount, intervalMs, low)).toBeCloseTo(delayMs * 0.8);
      expect(pollDelayMs(failureCount, intervalMs, high)).toBeCloseTo(delayMs * 1.2, 0);
    },
  );

  test.each([
    [0, 5000, 5000],
    [4000, 5000, 1000],
    [5000, 5000, 0],
    [60_000, 5000, 0],
    [0, 0, 0],
  ])(
    'the delay of a refresh %i ms after a poll with gap %i ms is %i ms plus up to 100',
    (since, gap, delayMs) => {
      expect(refreshDelayMs(since, gap, low)).toBe(delayMs);
      expect(refreshDelayMs(since, gap, high)).toBeCloseTo(delayMs + 100, 0);
    },
  );

  test('unset options have their defaults', () => {
    const defaults = { intervalMs: 30_000, minRefreshGapMs: 5000, deadlineMs: 3000 };
    expect(valuesOf(pollingOptions, {})).toEqual({ ...defaults, keepProcessAlive: false });
    expect(valuesOf(pollingOptions, { intervalMs: 100 }).intervalMs).toBe(100);
  });

  test.each([
    { intervalMs: 99 },
    { intervalMs: Number.NaN },
    { intervalMs: 2 ** 31 },
    { minRefreshGapMs: -1 },
    { deadlineMs: 0 },
    { deadlineMs: 0.5 },
    { deadlineMs: 60_001 },
  ])('%j is rejected', (options) => {
    expect(() => valuesOf(pollingOptions, options)).toThrow(
      expect.objectContaining({ code: 'ERR_ARGUMENT' }),
    );
  });
});
