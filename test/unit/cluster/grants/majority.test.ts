/** Members that die, and parts of a network, in a simulated time: who answers for one key. */
import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../../src/cluster/grants/gone-members.ts';
import { Grants } from '../../../../src/cluster/grants/grants.ts';
import { Votes } from '../../../../src/cluster/grants/votes.ts';
import {
  type ClusterTopology,
  firstTopology,
  memberOf,
  withDown,
} from '../../../../src/topology/index.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { Schedule } from '../../../support/schedule.ts';

const GRANT_MS = 3000;
const ASK_MS_MAX = 2000;
const CASES = 150;
const seed = testSeed();

interface Faults {
  /** A node takes keys over as soon as its own promises have run out. */
  readonly asksNobody?: boolean;
  /** A node says at once that its promises have run out. */
  readonly releasesEarly?: boolean;
}

/** A node that follows the topologies as far as it hears of them. */
class Node {
  readonly name: string;
  readonly grants: Grants;
  /** Nodes of one part reach each other; those of part 0 also reach etcd. */
  part = 0;
  isDead = false;
  untilMs = Number.NEGATIVE_INFINITY;
  topology: ClusterTopology | undefined;
  readonly #world: World;
  readonly #rate: number;

  constructor(name: string, world: World) {
    this.name = name;
    this.#world = world;
    this.#rate = 1 + world.random.int(-9, 9) / 1000;
    this.grants = new Grants(
      { name, incarnation: 1 },
      { grantMs: GRANT_MS, votes: new Votes({ readsCopies: false }) },
      {
        ask: (member, settle) => world.ask(this, member.name, settle),
        runningChanged: () => {},
        silenceChanged: () => {},
        setAnswersUntil: (ms) => {
          this.untilMs = ms;
        },
        nowMs: () => this.nowMs,
        setTimer: (onFire, delayMs) => world.schedule.after(delayMs / this.#rate, onFire),
      },
    );
  }

  get nowMs(): number {
    return this.#world.schedule.nowMs * this.#rate;
  }

  adopt(topology: ClusterTopology): void {
    this.topology = topology;
    this.grants.adopting(topology);
  }

  /** Whether it is the first member that answers, and the ones before it cannot any more. */
  answers({ asksNobody = false }: Faults): boolean {
    const { topology } = this;
    if (this.isDead || topology === undefined || this.nowMs >= this.untilMs) return false;
    if (!this.grants.mayDecide) return false;
    const first = topology.members.find(({ state }) => state === 'serving');
    if (first?.name !== this.name) return false;
    const isFree = asksNobody || this.grants.running.length === 0;
    return isFree && this.nowMs >= this.grants.heldUntilMs;
  }
}

/** Members of one cluster. Etcd declares any of them dead, rightly or not, one after the other. */
class World {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly nodes: readonly Node[];
  readonly #faults: Faults;
  readonly #topologies: ClusterTopology[];

  constructor(random: Random, faults: Faults, count = random.int(2, 5)) {
    this.random = random;
    this.#faults = faults;
    const names = ['a', 'b', 'c', 'd', 'e'].slice(0, count);
    this.nodes = names.map((name) => new Node(name, this));
    const settings = { cluster: 'web', replicas: 2, replication: 'sync' } as const;
    this.#topologies = [firstTopology(settings, names.map(newMember))];
    for (const node of this.nodes) this.#adoptLater(node);
  }

  get #newest(): ClusterTopology {
    return this.#topologies.at(-1)!;
  }

  ask(from: Node, name: string, settle: (answer: Answer | undefined) => void): void {
    const to = this.nodes.find((node) => node.name === name)!;
    const isLost = () => from.part !== to.part || from.isDead || to.isDead;
    const delayMs = () => this.random.int(1, this.random.pick([5, 5, 1500]));
    let isSettled = false;
    const settleOnce = (answer: Answer | undefined): void => {
      if (!isSettled && !from.isDead) settle(answer);
      isSettled = true;
    };
    this.schedule.after(ASK_MS_MAX, () => settleOnce(undefined));
    this.schedule.after(delayMs(), () => {
      if (isLost()) return;
      const answer = to.grants.asked({ name: from.name, incarnation: 1 });
      const early = this.#faults.releasesEarly === true ? { released: answer.adopted } : {};
      this.schedule.after(delayMs(), () => {
        if (!isLost()) settleOnce({ ...answer, ...early });
      });
    });
  }

  /** Cuts the network, kills a node, or has etcd declare one dead. */
  disturb(): void {
    const { random } = this;
    const what = random.int(0, 5);
    if (what === 0) for (const node of this.nodes) node.part = random.int(0, 1);
    else if (what === 1) random.pick(this.nodes).isDead = random.oneIn(2);
    else if (what === 2) for (const node of this.nodes) node.part = 0;
    else this.declareDead(random.pick(this.nodes).name);
  }

  declareDead(name: string): void {
    const member = memberOf(this.#newest, name)!;
    if (member.state !== 'serving') return;
    this.#topologies.push(withDown(this.#newest, name, 1));
    for (const node of this.nodes) this.#adoptLater(node);
  }

  /** One version after the other, while it reaches etcd. */
  #adoptLater(node: Node): void {
    this.schedule.after(this.random.int(1, 800), () => {
      const next = this.#topologies[node.topology?.version ?? 0];
      if (next === undefined || node.isDead) return;
      if (node.part === 0 || node.topology === undefined) node.adopt(next);
      this.#adoptLater(node);
    });
  }

  /** @throws {Error} when two nodes answer at once. */
  run(forMs: number, seen: (name: string) => void): void {
    const endMs = this.schedule.nowMs + forMs;
    while (this.schedule.step(endMs)) {
      const answering = this.nodes.filter((node) => node.answers(this.#faults));
      const names = answering.map(({ name }) => name);
      if (names.length > 1) throw new Error(`${names.join(' and ')} answer at once`);
      for (const name of names) seen(name);
    }
  }
}

function newMember(name: string, nth: number) {
  const [address, peerAddress] = [`10.0.0.${nth + 1}:11211`, `10.0.0.${nth + 1}:11311`];
  return { name, address, peerAddress, weight: 1, zone: '', incarnation: 1 };
}

function runCase(random: Random, faults: Faults): ReadonlySet<string> {
  const world = new World(random, faults);
  const seen = new Set<string>();
  for (let times = 0; times < 8; times++) {
    world.run(random.int(1, 5000), (name) => seen.add(name));
    world.disturb();
  }
  world.run(15_000, (name) => seen.add(name));
  for (const { grants } of world.nodes) grants.close();
  return seen;
}

describe('one primary by a majority', () => {
  test(`no two nodes answer at once, whatever is cut off or declared dead (seed ${seed})`, () => {
    const seen = new Set<string>();
    for (let nth = 0; nth < CASES; nth++) {
      for (const name of runCase(new Random(seed).fork(nth), {})) seen.add(name);
    }
    expect(seen.size).toBeGreaterThan(2);
  });
  test('two nodes answer if a node takes keys over without the others', () => {
    const runAll = (): void => {
      for (let nth = 0; nth < CASES * 10; nth++) {
        runCase(new Random(seed).fork(nth), { asksNobody: true });
      }
    };
    expect(runAll).toThrow(/answer at once/);
  });
  test('a node waits for the end of what another one has promised', () => {
    const seenBy = (nth: number, faults: Faults): readonly string[] => {
      const world = new World(new Random(seed).fork(nth), faults, 3);
      const seen = new Set<string>();
      const [a, , c] = world.nodes as [Node, Node, Node];
      const run = (forMs: number): void => world.run(forMs, (name) => seen.add(name));
      run(10_000);
      [a.part, c.part] = [1, 1];
      run(4000);
      world.declareDead('a');
      run(500);
      // It has promised something to node a a moment ago.
      c.part = 0;
      run(10_000);
      return [...seen];
    };
    const runAll = (faults: Faults) =>
      Array.from({ length: 20 }, (_, nth) => seenBy(nth, faults).join());
    expect(runAll({})).toEqual(new Array(20).fill('a,b'));
    expect(() => runAll({ releasesEarly: true })).toThrow('a and b answer at once');
  });
  test('nodes go on while a minority is dead, and one without a majority stops', () => {
    const world = new World(new Random(seed), {}, 3);
    const last = new Map<string, number>();
    const run = (forMs: number): void =>
      world.run(forMs, (name) => void last.set(name, world.schedule.nowMs));
    const [a, b, c] = world.nodes;
    run(10_000);
    c!.isDead = true;
    run(20_000);
    expect(last.get('a')).toBeGreaterThan(29_000);
    b!.isDead = true;
    run(20_000);
    expect([a!.isDead, last.get('a')! < 34_000]).toEqual([false, true]);
  });
});
