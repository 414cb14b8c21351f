import { describe, expect, test } from 'vitest';
import { Largest } from '../../../../src/ops/keys/largest.ts';
import { Random, testSeed } from '../../../support/random.ts';

const seed = testSeed();

describe('Largest', () => {
  test(`the kept elements are those that a sort has first (SEED=${seed})`, () => {
    const random = new Random(seed);
    for (let round = 0; round < 200; round++) {
      const max = random.int(0, 12);
      const sizes = Array.from({ length: random.int(0, 60) }, () => random.int(0, 40));
      const largest = new Largest<number>(max, (size) => size);
      for (const size of sizes) largest.add(size);
      expect(largest.sorted()).toEqual(sizes.toSorted((a, b) => b - a).slice(0, max));
    }
  });
});
