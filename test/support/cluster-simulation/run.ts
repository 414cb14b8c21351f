import { Random } from '../random.ts';
import { Client } from './client.ts';
import { History } from './history.ts';
import { violationsOf } from './law.ts';
import { type ClusterOptions, Members } from './members.ts';
import { Network, OUTSIDE } from './network.ts';
import { World } from './world.ts';

export interface Scenario extends ClusterOptions {
  readonly clients: number;
  readonly keys: number;
  /** What goes wrong, and how often beside the others. */
  readonly faults: Readonly<Record<Fault, number>>;
  /** Whether nodes may die while others have not been filled yet: then keys may get lost. */
  readonly mayLose: boolean;
}

export type Fault = 'cut' | 'dark' | 'freeze' | 'stall' | 'kill' | 'join' | 'leave';

const RUN_MS = 900;
const FAULT_MS_MAX = 120;
const DEATHS_MAX = 6;
const REST_MS_MAX = 60_000;
const REPLY_MS_MAX = 20_000;

/** What a run has shown. */
export interface Outcome {
  readonly violations: readonly string[];
  readonly replies: number;
  readonly versions: number;
  readonly events: number;
  readonly errors: readonly string[];
  readonly lines: readonly string[];
}

/** One cluster with its clients, from a seed: some load, some faults, then quiet, then all keys. */
export async function runCluster(seed: number, scenario: Scenario): Promise<Outcome> {
  const run = new ClusterRun(seed, scenario);
  return run.run();
}

class ClusterRun {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #network: Network;
  readonly #members: Members;
  readonly #history = new History();
  readonly #keys: readonly string[];
  readonly #clients: readonly Client[];
  #deaths = 0;
  #values = 0;

  constructor(seed: number, scenario: Scenario) {
    this.#scenario = scenario;
    this.#world = new World(new Random(seed));
    this.#network = new Network(this.#world);
    this.#members = new Members(this.#world, this.#network, scenario);
    this.#keys = Array.from({ length: scenario.keys }, (_, nth) => `key-${nth}`);
    this.#clients = Array.from({ length: scenario.clients }, (_, nth) => {
      const plan = {
        keys: this.#keys,
        addresses: () => this.#addresses,
        depth: this.#world.random.int(1, 3),
        newValue: () => String(1000 * ++this.#values),
      };
      return new Client(`client ${nth}`, this.#world, this.#network, this.#history, plan);
    });
    this.#planFault();
  }

  async run(): Promise<Outcome> {
    const world = this.#world;
    await world.run(RUN_MS);
    for (const client of this.#clients) client.isStopping = true;
    const violations: string[] = [];
    const isQuiet = await world.run(world.nowMs + REST_MS_MAX, () => this.#isQuiet);
    if (!isQuiet) violations.push(`the cluster does not come to rest: ${this.#members.waitsFor}`);
    else violations.push(...(await this.#readAll()));
    violations.push(...violationsOf(this.#history));
    return {
      violations,
      replies: this.#history.replyCount,
      versions: this.#members.topology.version,
      events: world.eventCount,
      errors: this.#clients.flatMap(({ errors }) => errors),
      lines: world.lines,
    };
  }

  get #addresses(): readonly string[] {
    return this.#members.topology.members.map(({ address }) => address);
  }

  get #isQuiet(): boolean {
    return this.#members.isAtRest && this.#clients.every(({ isIdle }) => isIdle);
  }

  /** Reads all keys at all nodes; returns what got no reply. */
  async #readAll(): Promise<readonly string[]> {
    const world = this.#world;
    const readers = this.#addresses.flatMap((address) =>
      this.#keys.map((key) => Client.read(world, this.#network, this.#history, address, key)),
    );
    await world.run(world.nowMs + REPLY_MS_MAX, () => readers.every(({ isIdle }) => isIdle));
    return readers.flatMap(({ name, isIdle, errors }) =>
      isIdle && errors.length === 0 ? [] : [`${name} has no value: ${errors.join()}`],
    );
  }

  #planFault(): void {
    const { random } = this.#world;
    this.#world.plan(OUTSIDE, random.fraction() * FAULT_MS_MAX, () => {
      if (this.#world.nowMs > RUN_MS) return;
      const faults = Object.entries(this.#scenario.faults) as [Fault, number][];
      this.#cause(random.weighted(faults.map(([fault, weight]) => [weight, fault] as const)));
      this.#planFault();
    });
  }

  #cause(fault: Fault): void {
    const { random } = this.#world;
    const { running } = this.#members;
    if (running.length === 0) return;
    const process = random.pick(running);
    const other = random.pick(running);
    const ms = random.fraction() * 300;
    switch (fault) {
      case 'cut':
        this.#world.log(`${this.#network.cut(random.fraction() / 2)} connections are cut`);
        break;
      case 'dark':
        this.#world.log(`${process.options.name} and ${other.options.name} are dark for ${ms} ms`);
        this.#network.darken(process.main.host, other.main.host, ms);
        break;
      case 'freeze':
        this.#world.log(`${process.options.name} is frozen for ${ms} ms`);
        process.freeze(ms);
        break;
      case 'stall':
        process.stall(ms / 4);
        break;
      case 'kill':
        this.#kill(process);
        break;
      case 'join':
        if (running.length < 6) this.#members.join();
        break;
      case 'leave':
        this.#members.leave(process.options.name);
        break;
    }
  }

  #kill(process: ReturnType<Members['running']['at']>): void {
    if (process === undefined) return;
    const isSafe = this.#members.mayDie(process);
    if ((!isSafe && !this.#scenario.mayLose) || this.#deaths++ >= DEATHS_MAX) return;
    this.#members.kill(process);
    if (isSafe && this.#scenario.replication === 'sync') return;
    const kind = isSafe ? 'undo' : 'vanish';
    for (const key of this.#keys) this.#history.begin('a death', key, { kind });
  }
}
