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
    // rule, cost, current, previous, next, elapsed → allowed, remaining, reset
    [FIXED, 1, 1, 0, 0, 0.5, true, 9, 30],
    [FIXED, 1, 10, 99, 99, 0.5, true, 0, 30],
    [FIXED, 1, 11, 0, 0, 0.75, false, 0, 15],
    [FIXED, 5, 13, 0, 0, 0.5, false, 2, 30],
    [SLIDING, 1, 1, 0, 0, 0.5, true, 9, 30],
    [SLIDING, 1, 5, 10, 0, 0.5, true, 0, 30],
    [SLIDING, 1, 6, 10, 0, 0.5, false, 0, 6],
    [SLIDING, 1, 1, 10, 0, 0, false, 0, 6],
    [SLIDING, 1, 11, 0, 0, 0.5, false, 0, 36],
    [SLIDING, 5, 11, 0, 0, 0.5, false, 4, 40],
    [SLIDING, 1, 1, 0, 10, 0.5, false, 0, 96],
    [SLIDING, 1, 5, 0, 6, 0.5, false, 0, 45],
    [SLIDING, 1, 11, 0, 0, 0.999_999, false, 0, 7],
    [SLIDING, 1, 1, 0, 0, 0.999_999, true, 9, 1],
  ])(
    '%o: a call of cost %i, counters %i, %i and %i, %d of the window passed',
    (rule, cost, current, previous, next, elapsedShare, ...expected) => {
      const sample = { cost, current, previous, next, elapsedShare };
      const { allowed, remaining, resetSeconds } = decideRate(rule, sample);
      expect([allowed, remaining, resetSeconds]).toEqual(expected);
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
      const next = random.int(0, 1) * random.int(0, rule.limit);
      const elapsedShare = random.fraction();
      const { allowed, resetSeconds } = decideRate(rule, {
        cost,
        current,
        previous,
        next,
        elapsedShare,
      });
      if (allowed) continue;
      expect(resetSeconds).toSatisfy(Number.isInteger);
      const later = elapsedShare + (resetSeconds + 1e-6) / 60;
      const counters = [0, previous, current - cost, next, 0, 0, 0, 0];
      const window = Math.floor(later);
      const then = {
        cost,
        previous: counters[window + 1]!,
        current: counters[window + 2]! + cost,
        next: counters[window + 3]!,
        elapsedShare: later - window,
      };
      expect(decideRate(rule, then).allowed, JSON.stringify({ rule, cost, then })).toBe(true);
    }
  });
});
