import { cpus } from 'node:os';
import type { TestServer } from '../../test/support/server.ts';
import { statsOf } from '../../test/support/stats.ts';
import { type Served, unlike } from './claims.ts';
import type { Contender } from './contenders.ts';
import { coresFor } from './cores.ts';
import type { Generator, Measurement } from './generator.ts';
import { type Load, needsEmptyServer } from './loads.ts';

/** One measurement of one server under one load. */
export interface SpeedRun {
  readonly contender: string;
  readonly threads: number;
  readonly load: string;
  readonly round: number;
  readonly measurement: Measurement & Served;
}

export interface SpeedPlan {
  readonly contenders: readonly Contender[];
  readonly loads: readonly Load[];
  readonly threads: readonly number[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warmUpSeconds: number;
}

/** Enough memory for every value of the loads that share servers. */
const MEMORY_MEGABYTES = 1024;

export const serverArgs = (
  threads: number,
  memoryMegabytes = MEMORY_MEGABYTES,
): readonly string[] => [...['-m', String(memoryMegabytes)], ...['-t', String(threads)]];

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
      for await (const run of new Round(plan, generator, threads, round).runs()) {
        runs.push(run);
        onRun(run);
      }
    }
  }
  return runs;
}

/** Starts new servers for each round. In a round they take turns, and the order alternates. */
class Round {
  readonly #plan: SpeedPlan;
  readonly #generator: Generator;
  readonly #threads: number;
  readonly #round: number;
  readonly #shared = new Map<Contender, TestServer>();

  constructor(plan: SpeedPlan, generator: Generator, threads: number, round: number) {
    this.#plan = plan;
    this.#generator = generator;
    this.#threads = threads;
    this.#round = round;
  }

  async *runs(): AsyncGenerator<SpeedRun> {
    const { contenders, loads } = this.#plan;
    try {
      for (const [nth, load] of loads.entries()) {
        const turns = (this.#round + nth) % 2 === 0 ? contenders : contenders.toReversed();
        for (const contender of turns) {
          const measurement = await this.#measure(contender, load);
          const { name } = contender;
          const [threads, round] = [this.#threads, this.#round];
          yield { contender: name, threads, load: load.name, round, measurement };
        }
      }
    } finally {
      await Promise.all([...this.#shared.values()].map((server) => server.stop()));
    }
  }

  async #measure(contender: Contender, load: Load): Promise<Measurement & Served> {
    if (!needsEmptyServer(load)) {
      return this.#underLoad(await this.#sharedServer(contender), contender, load);
    }
    const server = await this.#start(contender, load.memoryMegabytes);
    try {
      return await this.#underLoad(server, contender, load);
    } finally {
      await server.stop();
    }
  }

  async #sharedServer(contender: Contender): Promise<TestServer> {
    const server = this.#shared.get(contender) ?? (await this.#start(contender));
    this.#shared.set(contender, server);
    return server;
  }

  #start(contender: Contender, memoryMegabytes?: number): Promise<TestServer> {
    const { server } = coresFor(this.#threads, cpus().length);
    return contender.start(serverArgs(this.#threads, memoryMegabytes), server);
  }

  /** Warms the server up, measures it, and checks that the load was what it claims to be. */
  async #underLoad(server: TestServer, contender: Contender, load: Load) {
    const { seconds, warmUpSeconds } = this.#plan;
    const core = coresFor(this.#threads, cpus().length).generator;
    const fill = load.loadedKeys > 0;
    const seed = this.#round;
    await this.#generator.run(server, load, { seconds: warmUpSeconds, seed, fill, core });
    const before = await countsOf(server);
    const options = { seconds, seed: seed + 1000, fill: false, core };
    const measured = await this.#generator.run(server, load, options);
    const after = await countsOf(server);
    const newItems = after.items - before.items;
    const measurement = { ...measured, newItems, evictions: after.evictions - before.evictions };
    const reason = unlike(load, measurement);
    if (reason === undefined) return measurement;
    throw new Error(`${contender.name} did not have the load "${load.name}": ${reason}.`);
  }
}

async function countsOf(server: TestServer): Promise<{ items: number; evictions: number }> {
  const stats = await statsOf(server);
  return { items: stats.get('curr_items') ?? Number.NaN, evictions: stats.get('evictions') ?? 0 };
}
