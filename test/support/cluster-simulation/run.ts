import { answers, memberOf } from '../../../src/topology/index.ts';
import { Random } from '../random.ts';
import { Client } from './client.ts';
import { Faults } from './faults.ts';
import { FewPoints } from './few-points.ts';
import { History } from './history.ts';
import { judge, mayComeBack } from './law.ts';
import { LeaseMembers } from './lease-members.ts';
import { Members } from './members.ts';
import { mayEnd, type SimMembership } from './membership.ts';
import { Network } from './network.ts';
import { SCENARIOS, type Scenario, type ScenarioName } from './scenarios.ts';
import { unequalItems } from './stored-items.ts';
import { World } from './world.ts';

const REST_MS_MAX = 90_000;
const REPLY_MS_MAX = 20_000;
/** After the life of an item and this time, each node knows that it has expired. */
const EXPIRED_MS = 3000;
/** What is acknowledged before the copies have it has arrived there after this time. */
const COPIED_MS = 5000;
/** A read that fails at rest is tried again: a link may just be opening. */
const READ_ROUNDS_MAX = 5;
const READ_PAUSE_MS = 1000;
/** One value in so many is large, and one item in so many expires, where there are any. */
const LARGE_ONE_IN = 4;
const EXPIRES_ONE_IN = 3;

/** What a run has shown. */
export interface Outcome {
  readonly violations: readonly string[];
  /** The keys that the checker could not judge. */
  readonly undecided: readonly string[];
  readonly replies: number;
  readonly versions: number;
  readonly events: number;
  readonly errors: readonly string[];
  readonly lines: readonly string[];
}

/** One cluster with its clients, from a seed: some load, some faults, then quiet, then all keys. */
export async function runCluster(seed: number, name: ScenarioName): Promise<Outcome> {
  const random = new Random(seed);
  const scenario = SCENARIOS[name](random);
  const keys = Array.from({ length: scenario.keys }, (_, nth) => `key-${nth}`);
  const endPoints = new FewPoints(keys).use();
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  const run = new ClusterRun(random, scenario, keys);
  try {
    return await run.run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
    run.release();
    endPoints();
  }
}

class ClusterRun {
  readonly #scenario: Scenario;
  readonly #world: World;
  readonly #network: Network;
  readonly #members: SimMembership;
  readonly #history: History;
  readonly #keys: readonly string[];
  readonly #clients: readonly Client[];
  #values = 0;

  constructor(random: Random, scenario: Scenario, keys: readonly string[]) {
    const world = new World(random);
    this.#scenario = scenario;
    this.#world = world;
    this.#network = new Network(world);
    this.#history = new History(() => world.nowMs);
    this.#keys = keys;
    const Membership = scenario.membership === 'leases' ? LeaseMembers : Members;
    this.#members = new Membership(world, this.#network, scenario, (name) => this.#ending(name));
    this.#clients = Array.from({ length: scenario.clients }, (_, nth) =>
      this.#newClient(`client ${nth}`, random.int(1, 3), () => this.#addresses),
    );
    new Faults(world, this.#network, this.#members, scenario, keys);
  }

  async run(): Promise<Outcome> {
    const world = this.#world;
    const { runMs, replication, ttl } = this.#scenario;
    const expiredMs = ttl === 0 ? 0 : 1000 * ttl + EXPIRED_MS;
    await world.run(runMs);
    for (const client of this.#clients) client.isStopping = true;
    this.#network.heal();
    this.#members.heal();
    const violations: string[] = [];
    const isQuiet = await world.run(world.nowMs + REST_MS_MAX, () => this.#isQuiet);
    if (!isQuiet) violations.push(`the cluster does not come to rest: ${this.#members.waitsFor}`);
    await world.run(world.nowMs + Math.max(expiredMs, replication === 'async' ? COPIED_MS : 0));
    if (isQuiet) violations.push(...(await this.#readAll()));
    // A member that was down, or that was to leave, may change the topology in the meantime.
    if (isQuiet && this.#isQuiet) violations.push(...this.#unequalItems);
    const verdict = judge(this.#history, {
      mayVanish: this.#scenario.faults.evict !== undefined,
      mayRevert: replication === 'async',
    });
    return {
      violations: [...violations, ...verdict.violations],
      undecided: verdict.undecided,
      replies: this.#history.replyCount,
      versions: this.#members.topology.version,
      events: world.eventCount,
      errors: this.#clients.flatMap(({ errors }) => errors),
      lines: world.lines,
    };
  }

  release(): void {
    this.#members.release();
  }

  get #unequalItems(): readonly string[] {
    const { mayLose, faults } = this.#scenario;
    const mayVanish = faults.evict !== undefined;
    const { byKey } = this.#history;
    return unequalItems(this.#members, this.#keys, {
      mayVanish,
      mayRemain: (key, item) =>
        (mayVanish || mayLose) && mayComeBack(byKey.get(key) ?? [], item, { mayVanish, mayLose }),
    });
  }

  get #addresses(): readonly string[] {
    return this.#members.topology.members.map(({ address }) => address);
  }

  get #isQuiet(): boolean {
    return this.#clients.every(({ isIdle }) => isIdle) && this.#members.isAtRest;
  }

  #newClient(name: string, depth: number, addresses: () => readonly string[]): Client {
    const { mix, thinkMs, ttl } = this.#scenario;
    const { random } = this.#world;
    return new Client(name, this.#world, this.#network, this.#history, {
      ...{ keys: this.#keys, mix, addresses, depth, thinkMs },
      newValue: () => this.#newValue(),
      newTtl: () => (ttl > 0 && random.oneIn(EXPIRES_ONE_IN) ? ttl : 0),
    });
  }

  #newValue(): string {
    const number = String(1000 * ++this.#values);
    const { largeBytes } = this.#scenario;
    const isLarge = largeBytes > 0 && this.#world.random.oneIn(LARGE_ONE_IN);
    return isLarge ? `${number}x`.padEnd(largeBytes, 'abc') : number;
  }

  /** Reads all keys at all nodes; returns what got no reply. */
  async #readAll(): Promise<readonly string[]> {
    const world = this.#world;
    const readers = this.#addresses.map((address) => {
      const reader = this.#newClient(`reader ${address}`, 0, () => [address]);
      return { reader, left: this.#keys };
    });
    for (let round = 0; round < READ_ROUNDS_MAX; round++) {
      for (const { reader, left } of readers) reader.read(left);
      await world.run(world.nowMs + REPLY_MS_MAX, () =>
        readers.every(({ reader }) => reader.isIdle),
      );
      for (const each of readers) each.left = each.reader.takeFailed();
      if (readers.every(({ left }) => left.length === 0)) return [];
      await world.run(world.nowMs + READ_PAUSE_MS);
    }
    return readers.flatMap(({ reader: { name, errors }, left }) =>
      left.length === 0 ? [] : [`${name} has no ${left.join()}: ${errors.join()}`],
    );
  }

  /** What the end of a process may do to the keys, by the promises of docs/consistency.md. */
  #ending(name: string): void {
    const member = memberOf(this.#members.topology, name);
    // It has answered for no key, or for none any more.
    if (member === undefined || !answers(member)) return;
    const isSafe = mayEnd(this.#members, name);
    const isAsync = this.#scenario.replication === 'async';
    const kinds = [
      ...(isSafe || !this.#scenario.mayLose ? [] : (['vanish', 'undo'] as const)),
      ...(isAsync ? (['revert'] as const) : []),
      ...(this.#scenario.replicas === 1 ? (['undo'] as const) : []),
    ];
    for (const key of this.#keys) {
      for (const kind of kinds) this.#history.begin('a death', key, { kind });
    }
  }
}
