/**
 * Whole clusters in simulated time, from seeds: real stores, sessions, members and policy, on a
 * network that delays and cuts, with nodes that join, leave, freeze, die and restart, kept by a
 * supervisor. The history of each key must keep the law. `npm run test:simulation` runs longer.
 */
import { describe, expect, test } from 'vitest';
import { checkSeed, checkSeeds, FIRST_SEED } from './cluster-seeds.ts';

/** Of each scenario. */
const SEEDS = 85;
const TEST_MS_MAX = 3_600_000;
const SCENARIOS = [
  ...(['network', 'ring', 'deaths', 'all', 'evictions'] as const),
  ...(['copies', 'single', 'async', 'expiry'] as const),
];

describe(`simulated clusters (seed ${FIRST_SEED})`, () => {
  test.each(SCENARIOS)(
    'the history of each key keeps the law: %s',
    async (name) => {
      const { seeds, undecided, undecidedMax, replies } = await checkSeeds(name, SEEDS);
      expect(undecided).toBeLessThanOrEqual(undecidedMax);
      expect(replies).toBeGreaterThan(seeds);
    },
    TEST_MS_MAX,
  );

  test.each(['all', 'leases'] as const)('the same seed gives the same run: %s', async (name) => {
    const [one, other] = [await checkSeed(name, FIRST_SEED), await checkSeed(name, FIRST_SEED)];
    expect(other.lines).toEqual(one.lines);
    expect(other.events).toBe(one.events);
  });
});
