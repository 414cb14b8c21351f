import { describe, expect, test } from 'vitest';
import { Histogram } from '../../../../src/client/observe/histogram.ts';
import { Random, testSeed } from '../../../support/random.ts';

describe('a histogram', () => {
  test('a histogram is all zeros when empty', () => {
    const empty = new Histogram();
    expect([empty.count, empty.sum, empty.max, empty.quantile(0.5)]).toEqual([0, 0, 0, 0]);
  });

  test('a histogram counts small numbers exactly and clamps numbers out of range', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 16; value++) histogram.record(value);
    expect([0.01, 0.5, 1].map((share) => histogram.quantile(share))).toEqual([0, 7, 15]);
    histogram.record(-5);
    histogram.record(1e12);
    expect([histogram.quantile(0), histogram.max]).toEqual([0, 2 ** 32 - 1]);
  });

  const seed = testSeed();
  test(`a quantile is at least the true one and at most 1/8 larger (seed ${seed})`, () => {
    const random = new Random(seed);
    const histogram = new Histogram();
    const values = Array.from({ length: 5000 }, () => Math.floor(2 ** (random.fraction() * 31)));
    for (const value of values) histogram.record(value);
    const sorted = values.toSorted((a, b) => a - b);
    for (const share of [0.01, 0.1, 0.5, 0.9, 0.99, 0.999, 1]) {
      const expected = sorted[Math.ceil(share * values.length) - 1]!;
      expect(histogram.quantile(share)).toBeGreaterThanOrEqual(expected);
      expect(histogram.quantile(share)).toBeLessThanOrEqual(expected * 1.125 + 1);
    }
    const bounds = [63, 1023, 1_048_575];
    const counts = bounds.map((bound) => values.filter((value) => value <= bound).length);
    expect(histogram.cumulative(bounds)).toEqual(counts);
    expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
  });
});
