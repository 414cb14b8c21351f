import type { TestServer } from '../../test/support/server.ts';
import type { Contender } from './contenders.ts';
import type { Generator, Measurement } from './generator.ts';
import type { Load } from './loads.ts';

/** One measurement of one server under one load. */
export interface SpeedRun {
  readonly contender: string;
  readonly threads: number;
  readonly load: string;
  readonly round: number;
  readonly measurement: Measurement;
}

export interface SpeedPlan {
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** Enough memory for every value of every load: no server evicts, so all do the same work. */
const MEMORY_MEGABYTES = 1024;

export const serverArgs = (threads: number): readonly string[] => [
  ...['-m', String(MEMORY_MEGABYTES)],
  ...['-t', String(threads)],
];

export const stepsOf = (plan: SpeedPlan): number =>
  plan.rounds * plan.threads.length * plan.loads.length * plan.contenders.length;

/** Measures every load, thread count and server; calls `onRun` after each measurement. */
export async function measureSpeed(
  plan: SpeedPlan,
  generator: Generator,
  onRun: (run: SpeedRun) => void,
): Promise<readonly SpeedRun[]> {
  const runs: SpeedRun[] = [];
  for (let round = 1; round <= plan.rounds; round++) {
    for (const threads of plan.threads) {
      for await (const run of oneRound(plan, generator, threads, round)) {
        runs.push(run);
        onRun(run);
      }
    }
  }
  return runs;
}

/** Starts new servers for each round. In a round they take turns, and the order alternates. */
async function* oneRound(
  plan: SpeedPlan,
  generator: Generator,
  threads: number,
  round: number,
): AsyncGenerator<SpeedRun> {
  const servers: { contender: Contender; server: TestServer }[] = [];
  try {
    for (const contender of plan.contenders) {
      servers.push({ contender, server: await contender.start(serverArgs(threads)) });
    }
    for (const [nth, load] of plan.loads.entries()) {
      const turns = (round + nth) % 2 === 0 ? servers : servers.toReversed();
      for (const { contender, server } of turns) {
        const seed = round;
        await generator.run(server, load, { seconds: plan.warmUpSeconds, seed, fill: true });
        const options = { seconds: plan.seconds, seed: seed + 1000, fill: false };
        const measurement = await generator.run(server, load, options);
        yield { contender: contender.name, threads, load: load.name, round, measurement };
      }
    }
  } finally {
    await Promise.all(servers.map(({ server }) => server.stop()));
  }
}
