import { describe, expect, test } from 'vitest';
import {
  decideRate,
  type RateRule,
  windowAt,
} from '../../../../src/client/patterns/rate-window.ts';
import { Random, testSeed } from '../../../support/random.ts';

const FIXED: RateRule = { limit: 10, windowSeconds: 60, kind: 'fixed' };
const SLIDING: RateRule = { ...FIXED, kind: 'sliding' };

test.each([
  [0, 0, 0],
  [59_999, 0, 59_999 / 60_000],
  [60_000, 1, 0],
  [150_000, 2, 0.5],
])('the moment %i ms is in window %i', (nowMs, index, elapsedShare) => {
  const window = windowAt(nowMs, 60);
  expect(window.index).toBe(index);
  expect(window.elapsedShare).toBeCloseTo(elapsedShare);
});

describe('decideRate', () => {
  test.each([
    // rule, cost, current, previous, elapsed → allowed, remaining, reset
    [FIXED, 1, 1, 0, 0.5, true, 9, 30],
    [FIXED, 1, 10, 99, 0.5, true, 0, 30],
    [FIXED, 1, 11, 0, 0.75, false, 0, 15],
    [FIXED, 5, 13, 0, 0.5, false, 2, 30],
    [SLIDING, 1, 1, 0, 0.5, true, 9, 30],
    [SLIDING, 1, 5, 10, 0.5, true, 0, 30],
    [SLIDING, 1, 6, 10, 0.5, false, 0, 6],
    [SLIDING, 1, 1, 10, 0, false, 0, 6],
    [SLIDING, 1, 11, 0, 0.5, false, 0, 36],
    [SLIDING, 5, 11, 0, 0.5, false, 4, 40],
  ])(
    '%o: a call of cost %i, counters %i and %i, %d of the window passed',
    (rule, cost, current, previous, elapsedShare, ...expected) => {
      const { allowed, remaining, resetSeconds } = decideRate(rule, {
        cost,
        current,
        previous,
        elapsedShare,
      });
      const [isAllowed, left, reset] = expected;
      expect([allowed, remaining]).toEqual([isAllowed, left]);
      expect(resetSeconds).toBeCloseTo(reset);
    },
  );

  const seed = testSeed();
  test(`decideRate allows a denied call after resetSeconds (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < 2000; i++) {
      const rule: RateRule = { limit: random.int(1, 50), windowSeconds: 60, kind: 'sliding' };
      const cost = random.int(1, rule.limit);
      const current = random.int(0, rule.limit) + cost;
      const previous = random.int(0, rule.limit);
      const elapsedShare = random.fraction();
      const verdict = decideRate(rule, { cost, current, previous, elapsedShare });
      if (verdict.allowed) continue;
      const later = elapsedShare + verdict.resetSeconds / 60 + 1e-9;
      const then =
        later < 1
          ? { cost, current, previous, elapsedShare: later }
          : { cost, current: cost, previous: current - cost, elapsedShare: later - 1 };
      expect(decideRate(rule, then).allowed, JSON.stringify({ rule, cost, then })).toBe(true);
    }
  });
});
