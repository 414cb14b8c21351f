import { describe, expect, test } from 'vitest';
import { AccessAges, isInBand } from '../../../../src/cluster/node/access-bands.ts';
import { Random, testSeed } from '../../../support/random.ts';

const NOW = 10_000;
const seed = testSeed();

function bandsOf(accesses: readonly number[]) {
  const ages = new AccessAges(NOW);
  for (const access of accesses) ages.add(access);
  return ages.bands();
}

describe('the order of a fill', () => {
  test('items that were all used at one time are one band', () => {
    const bands = bandsOf([NOW, NOW, NOW]);
    expect(bands).toHaveLength(1);
    expect([0, NOW, NOW + 100].every((access) => isInBand(bands[0]!, access))).toBe(true);
  });
  test('an empty store is one band', () => {
    expect(bandsOf([])).toHaveLength(1);
  });
  test('the items that were used last come first, about a fourth of them in each band', () => {
    const accesses = Array.from({ length: 4000 }, (_, nth) => NOW - nth * 2);
    const bands = bandsOf(accesses);
    expect(bands.length).toBeGreaterThan(2);
    expect(bands.length).toBeLessThanOrEqual(4);
    const [first] = bands;
    const inFirst = accesses.filter((access) => isInBand(first!, access));
    expect(inFirst.length).toBeGreaterThanOrEqual(1000);
    expect(inFirst.length).toBeLessThanOrEqual(2200);
    expect(Math.min(...inFirst)).toBeGreaterThan(NOW - 4400);
  });
  test(`each item is in a band, whenever a client uses it during the fill (seed ${seed})`, () => {
    const random = new Random(seed);
    const start = Array.from(
      { length: 2000 },
      () => NOW - Math.floor(random.fraction() ** 4 * 9000),
    );
    const bands = bandsOf(start);
    expect(bands.length).toBeGreaterThan(1);
    for (const access of start) {
      // Before this walk a client uses it, at this second.
      const usedBefore = random.int(0, bands.length);
      // A thread that was late took its time from before the fill began.
      const usedAt = NOW + random.int(-1, 99);
      const sent = bands.filter((band, nth) => isInBand(band, nth < usedBefore ? access : usedAt));
      expect([access, usedBefore, sent.length >= 1]).toEqual([access, usedBefore, true]);
      expect(bands.filter((band) => isInBand(band, access)).length).toBeLessThanOrEqual(2);
    }
  });
});
