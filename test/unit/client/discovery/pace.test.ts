import { describe, expect, test } from 'vitest';
import { lookDelayMs, refreshDelayMs, resolvePace } from '../../../../src/client/discovery/pace.ts';

const low = (): number => 0;
const middle = (): number => 0.5;
const high = (): number => 0.999_999;

describe('the pace of a discovery', () => {
  test.each([
    [0, 60_000, 60_000],
    [1, 60_000, 1000],
    [2, 60_000, 2000],
    [6, 60_000, 32_000],
    [7, 60_000, 60_000],
    [1_000_000, 60_000, 60_000],
    [1, 500, 500],
  ])('after %i failures at an interval of %i ms: %i ms', (failures, intervalMs, delayMs) => {
    expect(lookDelayMs(failures, intervalMs, middle)).toBe(delayMs);
    expect(lookDelayMs(failures, intervalMs, low)).toBeCloseTo(delayMs * 0.8);
    expect(lookDelayMs(failures, intervalMs, high)).toBeCloseTo(delayMs * 1.2, 0);
  });

  test.each([
    [0, 5000, 5000],
    [4000, 5000, 1000],
    [5000, 5000, 0],
    [60_000, 5000, 0],
    [0, 0, 0],
  ])('a refresh %i ms after a look, gap %i ms: %i ms and up to 100 more', (since, gap, delayMs) => {
    expect(refreshDelayMs(since, gap, low)).toBe(delayMs);
    expect(refreshDelayMs(since, gap, high)).toBeCloseTo(delayMs + 100, 0);
  });

  test('has defaults', () => {
    const pace = { intervalMs: 30_000, refreshGapMs: 5000, deadlineMs: 3000 };
    expect(resolvePace({}, 30_000)).toEqual({ ...pace, keepsProcessAlive: false });
    expect(resolvePace({ intervalMs: 100 }, 30_000).intervalMs).toBe(100);
  });

  test.each([
    { intervalMs: 99 },
    { intervalMs: Number.NaN },
    { intervalMs: 2 ** 31 },
    { refreshGapMs: -1 },
    { deadlineMs: 0 },
    { deadlineMs: 0.5 },
    { deadlineMs: 60_001 },
  ])('%j is refused', (options) => {
    expect(() => resolvePace(options, 60_000)).toThrow(
      expect.objectContaining({ code: 'ERR_ARGUMENT' }),
    );
  });
});
