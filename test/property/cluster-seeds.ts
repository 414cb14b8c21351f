/** How the tests of simulated clusters run many seeds of a scenario. */
import { type Outcome, runCluster } from '../support/cluster-simulation/run.ts';
import type { ScenarioName } from '../support/cluster-simulation/scenarios.ts';

/** Always the same, so that a rare fault does not stop other work; longer runs draw theirs. */
export const FIRST_SEED = Number(process.env['SEED'] ?? 1);
/** For each seed, so many keys may have more possible orders than the checker follows. */
const UNDECIDED_PART = 0.3;

/** What a scenario must show, beside the law. */
interface Totals {
  readonly seeds: number;
  readonly undecided: number;
  readonly undecidedMax: number;
  readonly replies: number;
  readonly errors: readonly string[];
}

/** Runs one seed; throws the report of the first violation. */
export async function checkSeed(name: ScenarioName, seed: number): Promise<Outcome> {
  const outcome = await runCluster(seed, name);
  const [violation] = outcome.violations;
  if (violation === undefined) return outcome;
  const again = `npm run test:simulation -- --scenario ${name} --seed ${seed} --seeds 1`;
  throw new Error(`${again}: ${violation}\n${outcome.lines.join('\n')}`);
}

/** Runs the first seeds of a scenario: `SEEDS` of them, or so many. */
export async function checkSeeds(name: ScenarioName, seedsByDefault: number): Promise<Totals> {
  const seeds = Number(process.env['SEEDS'] ?? seedsByDefault);
  const errors: string[] = [];
  let undecided = 0;
  let replies = 0;
  for (let nth = 0; nth < seeds; nth++) {
    const outcome = await checkSeed(name, FIRST_SEED + nth);
    undecided += outcome.undecided.length;
    replies += outcome.replies;
    errors.push(...outcome.errors);
  }
  return { seeds, undecided, undecidedMax: seeds * UNDECIDED_PART, replies, errors };
}
