import { randomBytes } from 'node:crypto';
import { machineClock } from '../../base/index.ts';
import {
  type ClusterTopology,
  encodeTopology,
  type Member,
  memberOf,
  type NewMember,
  STATE_RULES,
  TopologyError,
  withChangeGivenUp,
  withDown,
  withJoined,
  withReplaced,
  withRestarted,
} from '../../topology/index.ts';
import type { PastChange } from '../changes/change-events.ts';
import type { ClusterIdentity } from '../control/messages.ts';
import type { ChangeCause, MemberReport } from '../node/main-cluster.ts';
import type { JoinOrder } from '../node-messages.ts';
import type { ProcessWatcher, StartedProcess } from '../process-watcher.ts';
import { newIncarnation } from './incarnation.ts';
import { LocalProxies } from './local-proxies.ts';
import { startedTopology, withReturned } from './local-topology.ts';
import { peerAddressOf } from './supervised.ts';
import { type TopologyChange, TopologyKeeper } from './topology-keeper.ts';
import { isHeldElsewhere, remedyFor } from './unreachable.ts';

const SECRET_BYTES = 32;
/** The last changes, for `slabring nodes list`. */
const CHANGES_MAX = 10;

/** A node that the membership knows, as far as it needs it. */
interface MemberNode {
  readonly name: string;
  readonly address: string;
  publish(text: string, cause: ChangeCause): void;
  /** Kills its process; another one starts. */
  killProcess(): void;
}

export interface LocalMembershipOptions {
  readonly cluster: string;
  readonly replicas: number;
  readonly replication: ClusterTopology['replication'];
  /** Whether the nodes publish the topology to clients (`config get cluster`). */
  readonly publishes: boolean;
  /** The topology of the cluster before it was stopped; undefined for a new one. */
  readonly kept: ClusterTopology | undefined;
  /** The nodes that join, but were no members when the cluster was stopped. */
  readonly expected: readonly string[];
  /** The version of the first topology is at least this. */
  readonly versionMin: number;
  readonly save: (topology: ClusterTopology) => void;
  readonly onChange: (change: TopologyChange) => void;
}

/**
 * The membership of a cluster on one machine, in the process of its supervisor: it sees each start
 * and each end of a process, changes the topology, and hands it to the nodes.
 */
export class LocalMembership implements ProcessWatcher {
  readonly #options: LocalMembershipOptions;
  readonly #secret = randomBytes(SECRET_BYTES).toString('hex');
  /** The newest process of each node that listens. */
  readonly #processes = new Map<string, StartedProcess>();
  #nodes: () => readonly MemberNode[] = () => [];
  /** The names, with the incarnation that has to end first. */
  readonly #expected: Map<string, number>;
  readonly #changes: PastChange[] = [];
  /** The node whose process has been killed, until its end is seen. */
  #replacing: string | undefined;
  #keeper: TopologyKeeper | undefined;
  #isClosed = false;
  readonly proxies = new LocalProxies(() => (this.#isClosed ? undefined : this.#keeper));

  constructor(options: LocalMembershipOptions) {
    this.#options = options;
    this.#expected = new Map(options.expected.map((name) => [name, 0]));
  }

  /** Publishes the first topology: every node listens. */
  begin(nodes: () => readonly MemberNode[]): void {
    const { save } = this.#options;
    const onChange = (change: TopologyChange): void => this.#record(change);
    this.#nodes = nodes;
    const members = nodes().map((node) => this.#memberFor(node));
    const hasRestored = (name: string) => this.#processes.get(name)?.hasRestored === true;
    const first = startedTopology(this.#options, members, hasRestored);
    for (const { name, state } of first.members) {
      if (state !== 'leaving') this.#expected.delete(name);
    }
    const publish = (change: TopologyChange): void => {
      this.#publish(change);
      // A change inside a change would overtake it.
      queueMicrotask(() => this.#admit());
    };
    const isNew = this.#options.kept === undefined;
    const reason = isNew ? 'the cluster starts' : 'the cluster starts again';
    this.#keeper = new TopologyKeeper(first, reason, { save, onChange, publish });
  }

  /** Resolves once all members that run follow the first topology; rejects with the signal. */
  async followed(signal: AbortSignal): Promise<void> {
    const keeper = this.#keeper!;
    const { version } = keeper.topology;
    const follows = ({ name, state }: Member): boolean =>
      !STATE_RULES[state].isUp || (keeper.reportOf(name)?.clean ?? 0) >= version;
    await keeper.until(() => keeper.topology.members.every(follows), signal);
  }

  /** Undefined before `begin`. */
  get keeper(): TopologyKeeper | undefined {
    return this.#keeper;
  }

  /** What another process of this user needs to be a member. */
  get identity(): Omit<ClusterIdentity, 'event'> {
    const { cluster, publishes } = this.#options;
    return { cluster, publishes, secret: this.#secret };
  }

  /** The last changes of the topology, the newest one at the end. */
  get changes(): readonly PastChange[] {
    return this.#changes;
  }

  #record(change: TopologyChange): void {
    const { topology, ...cause } = change;
    this.#changes.push({ version: topology.version, ...cause });
    if (this.#changes.length > CHANGES_MAX) this.#changes.shift();
    this.#options.onChange(change);
  }

  /** From here on the ends of processes change nothing: the whole cluster stops. */
  close(): void {
    this.#isClosed = true;
  }

  /**
   * Adds a node that listens.
   * @throws {TopologyError} if another change is under way.
   */
  join(node: MemberNode, by?: string): void {
    const member = this.#memberFor(node);
    this.#keeper?.change((topology) => withJoined(topology, member), `${node.name} joins`, by);
  }

  /**
   * A node that listens takes the place of a member.
   * @throws {TopologyError} if another change is under way.
   */
  replace({ name }: MemberNode, node: MemberNode, by?: string): void {
    const member = this.#memberFor(node);
    const reason = `${node.name} replaces ${name}`;
    this.#keeper?.change((topology) => withReplaced(topology, name, member), reason, by);
  }

  /** The next process of a node joins, once the node is no member any more. */
  expect({ name }: MemberNode): void {
    this.#expected.set(name, this.#processes.get(name)?.incarnation ?? 0);
    this.#save();
  }

  expectNoMore({ name }: MemberNode): void {
    this.#expected.delete(name);
    this.#save();
  }

  expects(name: string): boolean {
    return this.#expected.has(name);
  }

  /** The nodes that will join, but are no members now. */
  get expected(): readonly string[] {
    return [...this.#expected.keys()];
  }

  starting(node: string): JoinOrder {
    return { type: 'join', name: node, incarnation: newIncarnation(), ...this.identity };
  }

  listening(node: string, process: StartedProcess): void {
    this.#processes.set(node, process);
    const keeper = this.#keeper;
    if (keeper === undefined || this.#isClosed) return;
    const { incarnation, hasRestored } = process;
    const member = memberOf(keeper.topology, node);
    if (member !== undefined && STATE_RULES[member.state].isUp && hasRestored) {
      const peerAddress = peerAddressOf(process, member.address);
      const returned = (topology: ClusterTopology) =>
        withReturned(topology, node, incarnation, peerAddress);
      keeper.change(returned, `${node} has restarted with its items`);
      return;
    }
    // A node that died while it leaves is still to be restarted: this process does not join.
    if (member?.state === 'gone' && this.expects(node)) this.#expected.set(node, incarnation);
    this.#markDown(node);
    this.#admit();
  }

  ended(node: string, willReturn: boolean): void {
    this.#processes.delete(node);
    if (this.#replacing === node) this.#replacing = undefined;
    if (!willReturn && !this.#isClosed) this.#markDown(node);
  }

  /** Whether other nodes hold all keys of a node now. */
  isHeldElsewhere(name: string): boolean {
    const topology = this.#keeper?.topology;
    return topology !== undefined && isHeldElsewhere(topology, name);
  }

  reported(node: string, report: MemberReport): void {
    const keeper = this.#keeper;
    if (keeper === undefined || this.#isClosed || report.name !== node) return;
    keeper.take(report);
    const [unreachable] = keeper.reportOf(node)?.unreachable ?? [];
    if (unreachable !== undefined) this.#replace(unreachable, `${node} cannot reach it`);
  }

  /** Replaces one process at a time: two nodes that miss each other say it of each other. */
  #replace(name: string, reason: string): void {
    const keeper = this.#keeper!;
    const remedy = remedyFor(keeper.topology, name);
    if (remedy === 'give up the change') {
      keeper.change(withChangeGivenUp, `${name}: ${reason}, so the change is given up`);
    }
    if (remedy !== 'new process' || this.#replacing !== undefined) return;
    const node = this.#nodes().find((each) => each.name === name);
    if (node === undefined || !this.#processes.has(name)) return;
    this.#replacing = name;
    const cause = { reason: `${name} gets a new process: ${reason}`, by: 'supervisor' };
    this.#record({ topology: keeper.topology, ...cause, atMs: machineClock.nowMs() });
    node.killProcess();
  }

  /** What a process cannot be now, because of a change under way, it becomes after that. */
  #admit(): void {
    for (const node of this.#isClosed ? [] : this.#nodes()) {
      const process = this.#processes.get(node.name);
      if (process === undefined) continue;
      const member = memberOf(this.#keeper!.topology, node.name);
      if (member === undefined) this.#tryJoin(node, process);
      else if (member.state === 'down') this.#fill(member, process);
    }
  }

  #tryJoin(node: MemberNode, { incarnation }: StartedProcess): void {
    const ending = this.#expected.get(node.name);
    if (ending === undefined || ending === incarnation) return;
    this.#expected.delete(node.name);
    try {
      this.join(node);
    } catch (error) {
      this.#expected.set(node.name, ending);
      if (!(error instanceof TopologyError)) throw error;
    }
  }

  #fill({ name, address, incarnation }: Member, process: StartedProcess): void {
    if (process.incarnation === incarnation) return;
    const peerAddress = peerAddressOf(process, address);
    const restarted = (topology: ClusterTopology) =>
      withRestarted(topology, name, process.incarnation, peerAddress);
    this.#keeper!.change(restarted, `${name} has restarted and gets its items`);
  }

  #save(): void {
    if (this.#keeper !== undefined) this.#options.save(this.#keeper.topology);
  }

  #markDown(node: string): void {
    const keeper = this.#keeper;
    if (keeper === undefined) return;
    const member = memberOf(keeper.topology, node);
    if (member === undefined || member.state === 'down' || member.state === 'gone') return;
    const { incarnation } = member;
    keeper.change((topology) => withDown(topology, node, incarnation), `${node} has ended`);
  }

  #publish(change: TopologyChange): void {
    const { topology, ...cause } = change;
    const text = encodeTopology(topology);
    for (const node of this.#nodes()) node.publish(text, cause);
    this.proxies.publish(change);
  }

  #memberFor({ name, address }: MemberNode): NewMember {
    const process = this.#processes.get(name)!;
    return {
      name,
      address,
      peerAddress: peerAddressOf(process, address),
      weight: 1,
      zone: '',
      incarnation: process.incarnation,
    };
  }
}
