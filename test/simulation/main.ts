/**
 * `npm run test:simulation -- [--seconds N] [--seed S] [--scenario NAME]`: simulates clusters from
 * one seed after the other, and shows the first ones that break the law of a cluster.
 */
import yargs from 'yargs';
import { runCluster } from '../support/cluster-simulation/run.ts';
import { SCENARIOS, type ScenarioName } from '../support/cluster-simulation/scenarios.ts';

const MS_PER_SECOND = 1000;
const LINE_MS = 60_000;
/** The run goes on after a failure, up to this number: they may have different causes. */
const FAILURES_MAX = 20;
/** The last lines of what has happened in a cluster. */
const LINES_MAX = 60;
const NAMES = Object.keys(SCENARIOS) as ScenarioName[];

const { seconds, seed, seeds, scenario } = yargs(process.argv.slice(2))
  .usage('npm run test:simulation -- [options]\n\nSimulates whole clusters in simulated time.')
  .option('seconds', { type: 'number', default: 60, describe: 'duration' })
  .option('seeds', {
    type: 'number',
    describe: 'how many seeds of each scenario; default: no limit',
  })
  .option('seed', {
    type: 'number',
    default: Date.now() % 2 ** 31,
    describe: 'the first seed; each later one is the next number',
  })
  .option('scenario', { choices: NAMES, array: true, default: NAMES, describe: 'what happens' })
  .strict()
  .parseSync();

const totals = { runs: 0, events: 0, replies: 0, undecided: 0, failures: 0 };
const startedMs = performance.now();
const elapsedMs = (): number => performance.now() - startedMs;
let lineMs = LINE_MS;

async function runSeed(name: ScenarioName, nth: number): Promise<void> {
  const outcome = await runCluster(nth, name).catch((error: Error) => {
    return {
      violations: [error.stack ?? String(error)],
      lines: [],
      events: 0,
      replies: 0,
      undecided: [],
    };
  });
  totals.runs++;
  totals.events += outcome.events;
  totals.replies += outcome.replies;
  totals.undecided += outcome.undecided.length;
  const [violation] = outcome.violations;
  if (violation === undefined) return;
  totals.failures++;
  console.log(`\nseed ${nth} of ${name}: ${violation}\n`);
  console.log(outcome.lines.slice(-LINES_MAX).join('\n'));
  console.log(`\nAgain: npm run test:simulation -- --scenario ${name} --seed ${nth} --seeds 1`);
}

function summary(): string {
  const { runs, events, replies, undecided, failures } = totals;
  const rate = (elapsedMs() / Math.max(1, runs)).toFixed(1);
  return (
    `${runs} clusters (${rate} ms each), ${events} events, ${replies} replies: ` +
    `${failures} broke the law, ${undecided} keys were not judged`
  );
}

const isOver = (nth: number): boolean =>
  elapsedMs() >= seconds * MS_PER_SECOND ||
  totals.failures >= FAILURES_MAX ||
  (seeds !== undefined && nth >= seed + seeds);

for (let nth = seed; !isOver(nth); nth++) {
  for (const name of scenario) if (!isOver(nth)) await runSeed(name, nth);
  if (elapsedMs() < lineMs) continue;
  lineMs += LINE_MS;
  console.log(`seed ${nth}: ${summary()}`);
}
console.log(`seeds from ${seed}: ${summary()}`);
process.exitCode = totals.failures > 0 ? 1 : 0;
