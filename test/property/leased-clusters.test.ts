/** Simulated clusters whose topology is in etcd (cluster-simulation.test.ts): leases and grants. */
import { describe, expect, test } from 'vitest';
import { checkSeed, checkSeeds, FIRST_SEED } from './cluster-seeds.ts';

/** Of each scenario. */
const SEEDS = 65;
const TEST_MS_MAX = 3_600_000;

describe(`simulated clusters in etcd (seed ${FIRST_SEED})`, () => {
  test.each(['leasedCopies', 'leases', 'apart', 'losses'] as const)(
    'the history of each key keeps the law: %s',
    async (name) => {
      const { seeds, undecided, undecidedMax, replies } = await checkSeeds(name, SEEDS);
      expect(undecided).toBeLessThanOrEqual(undecidedMax);
      expect(replies).toBeGreaterThan(seeds);
    },
    TEST_MS_MAX,
  );

  test.each([
    ['a member goes on alone by a topology that etcd has lost', 700_298],
    ['the item of a key that is not judged may come back', 700_411],
  ] as const)('a seed that has shown a fault keeps the law: %s', async (_, seed) => {
    await checkSeed('losses', seed);
  });

  test('each request is answered while a cluster begins, and keeps the law', async () => {
    const totals = await checkSeeds('begin', SEEDS);
    const { seeds, undecided, undecidedMax, replies, errors } = totals;
    expect(undecided).toBeLessThanOrEqual(undecidedMax);
    expect(replies).toBeGreaterThan(seeds);
    // A client counts with values that are no numbers.
    expect(errors.filter((error) => !error.startsWith('CLIENT_ERROR'))).toEqual([]);
  });
});
