/**
 * Whole clusters in simulated time, from seeds: real stores, sessions, members and policy, on a
 * network that delays and cuts, with nodes that join, leave, freeze, die and restart, kept by a
 * supervisor or by etcd. The history of each key must keep the law. `npm run test:simulation` runs
 * longer.
 */
import { describe, expect, test } from 'vitest';
import { type Outcome, runCluster } from '../support/cluster-simulation/run.ts';
import { SCENARIOS, type ScenarioName } from '../support/cluster-simulation/scenarios.ts';
import { PLANTED_FAULTS } from './cluster-faults.ts';
import { seedsUntilNoticed } from './plant.ts';

/** Always the same, so that a rare fault does not stop other work; longer runs draw theirs. */
const seed = Number(process.env['SEED'] ?? 1);
/** Of each scenario. */
const SEEDS = Number(process.env['SEEDS'] ?? 15);
/** Of so many seeds at most, one key may have more possible orders than the checker follows. */
const UNDECIDED_PART = 0.2;
const TEST_MS_MAX = 3_600_000;

/** Runs one seed; throws the report of the first violation. */
async function check(name: ScenarioName, nth: number): Promise<Outcome> {
  const outcome = await runCluster(nth, name);
  const [violation] = outcome.violations;
  if (violation === undefined) return outcome;
  const again = `npm run test:simulation -- --scenario ${name} --seed ${nth} --seeds 1`;
  throw new Error(`${again}: ${violation}\n${outcome.lines.join('\n')}`);
}

describe(`simulated clusters (seed ${seed})`, () => {
  test.each(Object.keys(SCENARIOS) as ScenarioName[])(
    'the history of each key keeps the law: %s',
    async (name) => {
      const outcomes: Outcome[] = [];
      for (let nth = 0; nth < SEEDS; nth++) outcomes.push(await check(name, seed + nth));
      const undecided = outcomes.flatMap((outcome) => outcome.undecided);
      expect(undecided.length).toBeLessThanOrEqual(SEEDS * UNDECIDED_PART);
      const replies = outcomes.reduce((sum, outcome) => sum + outcome.replies, 0);
      expect(replies).toBeGreaterThan(SEEDS);
    },
    TEST_MS_MAX,
  );

  test('each request is answered while a cluster begins in etcd', async () => {
    for (let nth = 0; nth < SEEDS; nth++) {
      const { errors } = await check('begin', seed + nth);
      // A client counts with values that are no numbers.
      expect(errors.filter((error) => !error.startsWith('CLIENT_ERROR'))).toEqual([]);
    }
  });

  test.each(['all', 'leases'] as const)('the same seed gives the same run: %s', async (name) => {
    const [one, other] = [await check(name, seed), await check(name, seed)];
    expect(other.lines).toEqual(one.lines);
    expect(other.events).toBe(one.events);
  });
});

describe('planted faults', () => {
  test.each(PLANTED_FAULTS)(
    'the checker notices that $title',
    async (fault) => {
      const restore = fault.plant();
      try {
        expect(await seedsUntilNoticed(fault, fault.seed)).toBeLessThanOrEqual(fault.seeds);
      } finally {
        restore();
      }
    },
    TEST_MS_MAX,
  );
});
