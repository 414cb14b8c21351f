import { describe, expect, test } from 'vitest';
import type { Answer } from '../../../../src/cluster/grants/gone-members.ts';
import { Grants } from '../../../../src/cluster/grants/grants.ts';
import { Votes } from '../../../../src/cluster/grants/votes.ts';
import {
  type ClusterTopology,
  firstTopology,
  memberOf,
  withDown,
  withJoined,
} from '../../../../src/topology/index.ts';
import { Random, testSeed } from '../../../support/random.ts';
import { Schedule } from '../../../support/schedule.ts';

const GRANT_MS = 3000;
/** A question or its reply that takes longer is lost. */
const ASK_MS_MAX = 2000;
const CASES = 300;
const seed = testSeed();

/** Guards that a test takes away, to see the law broken. */
interface Faults {
  readonly promisesAlways?: boolean;
  readonly waitsNever?: boolean;
  readonly answersLonger?: boolean;
}

/** A node with a clock of its own, which adopts one topology after the other. */
class SimulatedNode {
  readonly grants: Grants;
  /** The version that it has adopted, and the one whose gained keys it answers for. */
  adopted = 0;
  decided = 0;
  answersUntilMs = Number.NEGATIVE_INFINITY;
  readonly silences: string[] = [];
  isCutOff = false;
  isDead = false;
  readonly name: string;
  readonly #rate: number;
  readonly #schedule: Schedule;

  constructor(name: string, world: World) {
    this.name = name;
    this.#schedule = world.schedule;
    this.#rate = 1 + world.random.int(-9, 9) / 1000;
    this.grants = new Grants(
      { name, incarnation: 1 },
      { grantMs: GRANT_MS, votes: new Votes({ readsCopies: false }) },
      {
        ask: (member, settle) => world.ask(this, member.name, settle),
        runningChanged: () => {},
        silenceChanged: () => {
          this.silences.push(this.grants.silent.join());
        },
        setAnswersUntil: (ms) => {
          this.answersUntilMs = ms;
        },
        nowMs: () => this.nowMs,
        setTimer: (onFire, delayMs) => this.#schedule.after(delayMs / this.#rate, onFire),
      },
    );
  }

  get nowMs(): number {
    return this.#schedule.nowMs * this.#rate;
  }
}

/**
 * Nodes x, y and n. The cluster begins with x and y; n joins; x is declared dead, perhaps because
 * it is cut off; n serves; y is declared dead. One key has the primaries x, y, n, in this order.
 */
class World {
  readonly schedule = new Schedule();
  readonly random: Random;
  readonly nodes: Readonly<Record<'x' | 'y' | 'n', SimulatedNode>>;
  readonly #topologies: ClusterTopology[] = [];
  readonly #faults: Faults;

  constructor(random: Random, faults: Faults) {
    this.random = random;
    this.#faults = faults;
    this.nodes = {
      x: new SimulatedNode('x', this),
      y: new SimulatedNode('y', this),
      n: new SimulatedNode('n', this),
    };
  }

  ask(from: SimulatedNode, name: string, settle: (answer: Answer | undefined) => void): void {
    const to = this.nodes[name as 'x'];
    const isLost = () => from.isCutOff || to.isCutOff || from.isDead || to.isDead;
    const { random, schedule } = this;
    const delayMs = () => random.int(1, random.pick([5, 5, 1500]));
    let isSettled = false;
    const settleOnce = (answer: Answer | undefined): void => {
      if (!isSettled && !from.isDead) settle(answer);
      isSettled = true;
    };
    schedule.after(ASK_MS_MAX, () => settleOnce(undefined));
    schedule.after(delayMs(), () => {
      if (isLost()) return;
      const answer = to.grants.asked({ name: from.name, incarnation: 1 });
      const isPromised = answer.isPromised || this.#faults.promisesAlways === true;
      schedule.after(delayMs(), () => settleOnce({ ...answer, isPromised }));
    });
  }

  /** Hands a topology to nodes, each after a delay of its own. */
  publish(topology: ClusterTopology, names: readonly ('x' | 'y' | 'n')[], delayMs = 800): void {
    this.#topologies[topology.version] = topology;
    for (const name of names) {
      const node = this.nodes[name];
      this.schedule.after(this.random.int(1, delayMs), () => this.#adoptNext(node));
    }
  }

  /** Adopts each version in order, and the next one only after it has decided the present one. */
  #adoptNext(node: SimulatedNode): void {
    const next = this.#topologies[node.adopted + 1] ?? this.#first(node);
    if (node.isDead || node.adopted !== node.decided || next === undefined) return;
    node.adopted = next.version;
    node.grants.adopting(next);
    const waitMs = this.#faults.waitsNever === true ? 0 : node.grants.heldUntilMs - node.nowMs;
    // The waiting node may be slow, never early.
    this.schedule.after(Math.max(0, waitMs * 1.02), () => {
      node.decided = next.version;
      this.#adoptNext(node);
    });
  }

  /** Node n begins with the topology that has it. */
  #first(node: SimulatedNode): ClusterTopology | undefined {
    if (node.adopted > 0) return undefined;
    return this.#topologies.find((topology) => topology && memberOf(topology, node.name));
  }

  /** The nodes that answer for the key now. */
  answering(): readonly string[] {
    const { x, y, n } = this.nodes;
    const slackMs = this.#faults.answersLonger === true ? 500 : 0;
    const isFree = ({ grants }: SimulatedNode) =>
      this.#faults.waitsNever === true || grants.running.length === 0;
    const hasRight = ({ grants, isDead, nowMs, answersUntilMs }: SimulatedNode) =>
      !isDead && grants.mayDecide && nowMs < answersUntilMs + slackMs;
    return [
      x.adopted >= 1 && x.adopted < 3 && hasRight(x) ? ['x'] : [],
      y.decided >= 3 && y.adopted < 5 && isFree(y) && hasRight(y) ? ['y'] : [],
      n.decided >= 5 && isFree(n) && hasRight(n) ? ['n'] : [],
    ].flat();
  }

  /** Runs until a condition holds; throws an error when two nodes answer at once. */
  runUntil(endMs: number, isOver: () => boolean = () => false): void {
    while (!isOver() && this.schedule.step(endMs)) {
      const answering = this.answering();
      if (answering.length > 1) throw new Error(`${answering.join(' and ')} answer at once`);
    }
  }
}

const newMember = (name: string, nth: number) => ({
  name,
  address: `10.0.0.${nth}:11211`,
  peerAddress: `10.0.0.${nth}:11311`,
  weight: 1,
  zone: '',
  incarnation: 1,
});

/** Returns which nodes have answered. */
function runCase(random: Random, faults: Faults = {}): ReadonlySet<string> {
  const world = new World(random, faults);
  const { x, y, n } = world.nodes;
  const seen = new Set<string>();
  const run = (endMs: number, isOver?: () => boolean): void =>
    world.runUntil(endMs, () => {
      for (const name of world.answering()) seen.add(name);
      return isOver?.() ?? false;
    });
  const settings = { cluster: 'web', replicas: 2, replication: 'sync' } as const;
  const first = firstTopology(settings, [newMember('x', 1), newMember('y', 2)]);
  world.publish(first, ['x', 'y']);
  run(random.int(0, 6000));
  const cutOff = random.pick(['x from etcd', 'x from all', 'x is dead', 'nobody']);
  const followers = cutOff === 'nobody' ? (['x', 'y', 'n'] as const) : (['y', 'n'] as const);
  const joined = withJoined(first, newMember('n', 3));
  world.publish(joined, random.oneIn(2) ? ['x', 'y', 'n'] : followers);
  if (cutOff === 'x from all') x.isCutOff = true;
  if (cutOff === 'x is dead') x.isDead = true;
  run(world.schedule.nowMs + random.int(0, 4000));
  const xDown = withDown(joined, 'x', 1);
  world.publish(xDown, followers);
  const isClean = ({ decided, grants }: SimulatedNode): boolean =>
    decided >= 3 && (faults.waitsNever === true || grants.running.length === 0);
  run(30_000, () => isClean(y) && isClean(n));
  const members = xDown.members.map((member) =>
    member.name === 'n' ? { ...member, state: 'serving' as const } : member,
  );
  const nServes = { ...xDown, version: 4, members };
  world.publish(nServes, followers);
  if (random.oneIn(2)) y.isDead = true;
  run(world.schedule.nowMs + random.int(0, 4000));
  const yDown = withDown(nServes, 'y', 1);
  world.publish(yDown, random.oneIn(2) ? ['x', 'n'] : ['x', 'y', 'n'], 5000);
  run(60_000);
  return seen;
}

describe('one primary by grants', () => {
  test(`no two nodes answer for a key at the same moment, in any order (seed ${seed})`, () => {
    const random = new Random(seed);
    const answered = new Set<string>();
    for (let nth = 0; nth < CASES; nth++) {
      for (const name of runCase(random.fork(nth))) answered.add(name);
    }
    expect([...answered].sort()).toEqual(['n', 'x', 'y']);
  });
  test.each<[string, Faults]>([
    ['a node promises to members that are down', { promisesAlways: true }],
    ['a node takes over at once', { waitsNever: true }],
    ['a node answers longer than it may', { answersLonger: true }],
  ])('two nodes answer if %s', (_, faults) => {
    const random = new Random(seed);
    const runAll = (): void => {
      for (let nth = 0; nth < CASES * 10; nth++) runCase(random.fork(nth), faults);
    };
    expect(runAll).toThrow(/answer at once/);
  });
});

describe('the first grants of a node', () => {
  const settings = { cluster: 'web', replicas: 2, replication: 'sync' } as const;
  const first = firstTopology(settings, [newMember('x', 1), newMember('y', 2)]);

  test('a node decides no key before it has them, and its other replies leave', async () => {
    const world = new World(new Random(seed), {});
    const { x } = world.nodes;
    x.isCutOff = true;
    world.publish(first, ['x', 'y']);
    world.runUntil(5000);
    expect([x.grants.mayDecide, x.answersUntilMs]).toEqual([false, Number.POSITIVE_INFINITY]);
    const begun = x.grants.begun();
    x.isCutOff = false;
    world.runUntil(10_000);
    await begun;
    expect([x.grants.mayDecide, x.answersUntilMs < 20_000]).toEqual([true, true]);
    // One that had them and has lost them refuses what it would answer.
    x.isCutOff = true;
    world.runUntil(20_000);
    expect([x.grants.mayDecide, x.answersUntilMs < x.nowMs]).toEqual([true, true]);
  });
  test('a node that joins decides keys without them', () => {
    const world = new World(new Random(seed), {});
    const { n } = world.nodes;
    n.isCutOff = true;
    world.publish(withJoined(first, newMember('n', 3)), ['n']);
    world.runUntil(1000);
    expect([n.adopted, n.grants.mayDecide]).toEqual([2, true]);
  });
  test('nothing waits for them after the end', async () => {
    const world = new World(new Random(seed), {});
    const { x } = world.nodes;
    world.publish(first, ['x']);
    world.runUntil(1000);
    const begun = x.grants.begun();
    x.grants.close();
    await begun;
    expect(x.answersUntilMs).toBe(Number.NEGATIVE_INFINITY);
  });
});
