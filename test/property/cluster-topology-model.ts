import {
  answers,
  type ClusterTopology,
  isAtRest,
  type Member,
  memberOf,
  STATE_RULES,
} from '../../src/topology/cluster/cluster-topology.ts';
import { KeyGroups, keepersOf } from '../../src/topology/cluster/key-groups.ts';
import { type NodeReport, nextTopology } from '../../src/topology/cluster/policy.ts';
import {
  firstTopology,
  type NewMember,
  withChangeGivenUp,
  withDown,
  withJoined,
  withLeaving,
  withReplaced,
  withRestarted,
} from '../../src/topology/cluster/transitions.ts';
import { TopologyError } from '../../src/topology/topology-error.ts';
import { memberWith } from '../support/cluster-topologies.ts';
import type { Random } from '../support/random.ts';

/** A process; it knows what it holds and the topology that it has adopted. */
interface ModelNode {
  readonly name: string;
  readonly incarnation: number;
  adopted: KeyGroups | undefined;
  complete: number;
  clean: number;
  /** The points of the keys that it holds. */
  readonly held: Set<number>;
}

const KEY_COUNT = 60;
const REPORTS_MAX = 20;
const NODES_MAX = 7;

/**
 * A cluster without time and network: processes that adopt, copy, drop, report, end and start again
 * in any order, and drivers that read old reports and old topologies. After each topology it checks
 * the law.
 */
export class TopologyModel {
  topology: ClusterTopology;
  groups: KeyGroups;
  readonly nodes = new Map<string, ModelNode>();
  readonly steps: string[] = [];
  readonly #random: Random;
  readonly #keys: readonly number[];
  readonly #reports: NodeReport[] = [];
  #drawn = 0;

  constructor(random: Random) {
    this.#random = random;
    this.#keys = Array.from({ length: KEY_COUNT }, () => random.int(0, 2 ** 32 - 1));
    const members = Array.from({ length: random.int(1, 4) }, () => this.#newMember());
    const replicas = random.int(1, Math.min(3, members.length));
    this.topology = firstTopology({ cluster: 'web', replicas, replication: 'sync' }, members);
    this.groups = new KeyGroups(this.topology);
    for (const member of members) this.#start(member);
    this.#writeAll();
  }

  /** One random event. */
  step(): void {
    this.#random.weighted<() => void>([
      [20, () => this.#pickNode((node) => this.#adopt(node))],
      [20, () => this.#pickNode((node) => this.#copy(node))],
      [20, () => this.#pickNode((node) => this.#drop(node))],
      [20, () => this.#pickNode((node) => this.#report(node))],
      [10, () => this.#drive(this.#someReports())],
      [4, () => this.#operate()],
      [3, () => this.#pickNode((node) => this.#kill(node))],
      [6, () => this.#detectOne()],
      [6, () => this.#restartOne()],
      [6, () => this.#writeAll()],
    ])();
  }

  /** Lets everybody work until nothing more follows. */
  settle(): void {
    while (this.#detectOne());
    for (const { name, state } of this.topology.members) {
      if (state === 'down') this.#restart(name);
    }
    for (let round = 0; round < 4 && !isAtRest(this.topology); round++) {
      for (const node of this.nodes.values()) {
        this.#adopt(node);
        this.#copy(node, true);
        this.#drop(node);
      }
      this.#drive([...this.nodes.values()].map(reportOf));
    }
  }

  #pickNode(act: (node: ModelNode) => void): void {
    if (this.nodes.size > 0) act(this.#random.pick([...this.nodes.values()]));
  }

  #newMember(): NewMember {
    const nth = ++this.#drawn;
    const weight = this.#random.pick([0, 1, 1, 1, 2, 3]);
    const zone = this.#random.pick(['', 'a', 'b']);
    const first = nth === 1 ? { weight: 1 } : { weight };
    return memberWith(nth, { ...first, zone, incarnation: 1000 + nth });
  }

  #start({ name, incarnation }: NewMember): void {
    const none = { adopted: undefined, complete: 0, clean: 0, held: new Set<number>() };
    this.nodes.set(name, { name, incarnation, ...none });
  }

  /** The node adopts the present topology, whichever it had before. */
  #adopt(node: ModelNode): void {
    const member = memberOf(this.topology, node.name);
    if (member?.incarnation === node.incarnation) node.adopted = this.groups;
    else this.nodes.delete(node.name);
  }

  /** Sends some items, or all, to their receivers; with all sent it is complete. */
  #copy(node: ModelNode, all = this.#random.oneIn(2)): void {
    const { adopted } = node;
    if (adopted !== this.groups) return;
    for (const key of this.#keys) {
      if (!node.held.has(key) || this.#primaryOf(key) !== node) continue;
      if (!all && this.#random.oneIn(2)) return;
      for (const keeper of this.#keepersOf(key)) keeper.held.add(key);
    }
    node.complete = adopted.topology.version;
  }

  #drop(node: ModelNode): void {
    const { adopted } = node;
    if (adopted === undefined) return;
    for (const key of node.held) {
      const names = keepersOf(adopted.groupAt(key)).map((at) => adopted.topology.members[at]!.name);
      if (!names.includes(node.name)) node.held.delete(key);
    }
    node.clean = adopted.topology.version;
  }

  #report(node: ModelNode): void {
    this.#reports.push(reportOf(node));
    if (this.#reports.length > REPORTS_MAX) this.#reports.shift();
  }

  /** One report of each node at most, of any age. */
  #someReports(): readonly NodeReport[] {
    const shuffled = this.#reports.filter(() => !this.#random.oneIn(4));
    return [...new Map(shuffled.map((report) => [report.name, report])).values()];
  }

  #drive(reports: readonly NodeReport[]): void {
    const step = nextTopology(this.topology, reports);
    if (step !== undefined) this.#publish(step.topology, step.reason);
  }

  #operate(): void {
    const name = this.#random.pick([...this.topology.members.map((member) => member.name), 'x']);
    const member = this.#newMember();
    const isFull = this.topology.members.length >= NODES_MAX;
    const change = this.#random.pick<() => ClusterTopology>([
      () => (isFull ? withLeaving(this.topology, name) : withJoined(this.topology, member)),
      () => withLeaving(this.topology, name),
      () => withReplaced(this.topology, name, member),
      () => withChangeGivenUp(this.topology),
    ]);
    try {
      this.#publish(change(), 'the operator');
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      return;
    }
    if (memberOf(this.topology, member.name) !== undefined) this.#start(member);
  }

  #kill(node: ModelNode): void {
    this.nodes.delete(node.name);
  }

  /** The driver learns that a process has ended. */
  #detectOne(): boolean {
    const { members } = this.topology;
    const dead = members.find(({ state }, at) => STATE_RULES[state].isUp && !this.#process(at));
    if (dead === undefined) return false;
    const next = withDown(this.topology, dead.name, dead.incarnation);
    this.#publish(next, `${dead.name} has died`, dead);
    return true;
  }

  #restartOne(): void {
    const down = this.topology.members.filter(({ state }) => state === 'down');
    if (down.length > 0) this.#restart(this.#random.pick(down).name);
  }

  #restart(name: string): void {
    const incarnation = 10_000 + ++this.#drawn;
    const { peerAddress } = memberOf(this.topology, name)!;
    this.#publish(withRestarted(this.topology, name, incarnation, peerAddress), 'a restart');
    this.#start(memberOf(this.topology, name)!);
  }

  /** Each key is written: its primary and its receivers have it. */
  #writeAll(): void {
    for (const key of this.#keys) {
      if (this.#primaryOf(key) === undefined) continue;
      for (const keeper of this.#keepersOf(key)) keeper.held.add(key);
    }
  }

  #primaryOf(key: number): ModelNode | undefined {
    return this.#process(this.groups.groupAt(key).primary);
  }

  #keepersOf(key: number): readonly ModelNode[] {
    const found = keepersOf(this.groups.groupAt(key)).map((at) => this.#process(at));
    return found.filter((node) => node !== undefined);
  }

  #process(at: number): ModelNode | undefined {
    if (at < 0) return undefined;
    const { name, incarnation } = this.topology.members[at]!;
    const node = this.nodes.get(name);
    return node?.incarnation === incarnation ? node : undefined;
  }

  #publish(next: ClusterTopology, reason: string, dead?: Member): void {
    this.steps.push(`${next.version}: ${reason}`);
    if (next.version !== this.topology.version + 1) throw new Error('The version is not the next.');
    for (const node of this.nodes.values()) this.#checkRemoval(node, next);
    const before = this.groups;
    const safe = this.#keys.map((key) =>
      this.#heirs(key, dead).every((node) => node?.held.has(key)),
    );
    this.topology = next;
    this.groups = new KeyGroups(next);
    for (const [at, key] of this.#keys.entries()) this.#checkKey(before, key, safe[at]!);
  }

  /** A process that still answers by an old topology keeps its place, so that others can wait. */
  #checkRemoval({ name, incarnation, adopted }: ModelNode, next: ClusterTopology): void {
    const wasMember = memberOf(this.topology, name)?.incarnation === incarnation;
    if (adopted === undefined || !wasMember || memberOf(next, name) !== undefined) return;
    const { members } = adopted.topology;
    const answers = this.#keys.some((key) => members[adopted.groupAt(key).primary]?.name === name);
    if (answers) throw new Error(`${name} is removed, and still answers`);
  }

  /** The processes that must all have an item now, so that its next primary has it. */
  #heirs(key: number, dead: Member | undefined): readonly (ModelNode | undefined)[] {
    const { primary, holders } = this.groups.groupAt(key);
    if (dead === undefined) return [this.#process(primary)];
    const others = holders.filter((at) => this.topology.members[at] !== dead);
    return others.length === 0 ? [undefined] : others.map((at) => this.#process(at));
  }

  /**
   * The primary of a key is one of its members before, unless all holders have died; it has the
   * item if all members that could be primary now had it.
   */
  #checkKey(before: KeyGroups, key: number, wasSafe: boolean): void {
    const was = before.groupAt(key);
    const now = this.groups.groupAt(key);
    const nameBefore = (at: number): string => before.topology.members[at]!.name;
    const primary = this.topology.members[now.primary]?.name;
    const kept = keepersOf(was).map(nameBefore);
    const holdersAnswer = was.holders.map(nameBefore).some((name) => this.#answers(name));
    if (holdersAnswer && (primary === undefined || !kept.includes(primary))) {
      throw new Error(`${primary} is primary of ${key}, which ${kept.join()} received`);
    }
    // A primary whose process has just ended without a report answers nobody.
    const lost = this.#primaryOf(key)?.held.has(key) === false;
    if (wasSafe && (primary === undefined || lost)) {
      throw new Error(`${primary} is primary of ${key} without its item`);
    }
  }

  #answers(name: string): boolean {
    const member = memberOf(this.topology, name);
    return member !== undefined && answers(member);
  }
}

function reportOf({ name, incarnation, adopted, complete, clean }: ModelNode): NodeReport {
  return { name, incarnation, adopted: adopted?.topology.version ?? 0, complete, clean };
}
