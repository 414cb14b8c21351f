import { TopologyKeeper } from '../../../src/cluster/membership/topology-keeper.ts';
import {
  type ClusterTopology,
  firstTopology,
  isAtRest,
  memberOf,
  type NewMember,
  STATE_RULES,
  TopologyError,
  withDown,
  withJoined,
  withLeaving,
  withRestarted,
} from '../../../src/topology/index.ts';
import { type Network, OUTSIDE } from './network.ts';
import { SimProcess } from './process.ts';
import type { World } from './world.ts';

export interface ClusterOptions {
  readonly nodes: number;
  readonly threads: number;
  readonly replicas: number;
  readonly replication: ClusterTopology['replication'];
}

/** How long a process that has left goes on. */
const LEFT_MS_MAX = 400;
const NOTICE_MS_MAX = 20;
const START_MS_MAX = 60;

/**
 * The processes of a simulated cluster, and the supervisor that starts them: its topology, which
 * follows the real policy, and its messages, which take time.
 */
export class Members {
  readonly #world: World;
  readonly #network: Network;
  readonly #options: ClusterOptions;
  readonly #processes = new Map<string, SimProcess>();
  readonly #keeper: TopologyKeeper;
  /** When the last topology arrives at a process, and its last report here. */
  readonly #sentMs = new Map<SimProcess, number>();
  readonly #reportedMs = new Map<SimProcess, number>();
  #named = 0;
  #incarnation = 0;

  constructor(world: World, network: Network, options: ClusterOptions) {
    this.#world = world;
    this.#network = network;
    this.#options = options;
    const members = Array.from({ length: options.nodes }, () => this.#newMember());
    for (const member of members) this.#launch(member);
    const { replicas, replication } = options;
    const first = firstTopology({ cluster: 'web', replicas, replication }, members);
    this.#keeper = new TopologyKeeper(first, 'the cluster starts', {
      save: () => {},
      publish: ({ topology }) => this.#publish(topology),
      onChange: ({ topology: { version, members: all }, reason }) => {
        const states = all.map(({ name, incarnation, state }) => `${name}#${incarnation} ${state}`);
        world.log(`topology ${version}: ${reason} (${states.join(', ')})`);
      },
    });
  }

  get topology(): ClusterTopology {
    return this.#keeper.topology;
  }

  get running(): readonly SimProcess[] {
    return [...this.#processes.values()].filter(({ isDead }) => !isDead);
  }

  /** Whether no change is under way, and all members have done what the topology asks. */
  get isAtRest(): boolean {
    const { topology } = this;
    return (
      isAtRest(topology) &&
      topology.members.every(({ name, incarnation, state }) => {
        const report = this.#keeper.reportOf(name);
        if (state !== 'serving' || report?.incarnation !== incarnation) return false;
        const { adopted, clean, complete } = report;
        return [adopted, clean, complete].every((version) => version === topology.version);
      })
    );
  }

  /** What the cluster waits for, as text. */
  get waitsFor(): string {
    const reports = this.topology.members.map(({ name }) => this.#keeper.reportOf(name));
    return JSON.stringify([this.#keeper.waitsFor, reports]);
  }

  /** Whether each key has a holder that keeps it, if this process dies now. */
  mayDie({ options: { name } }: SimProcess): boolean {
    const { replicas, members } = this.topology;
    const others = members.filter((member) => member.name !== name);
    if (memberOf(this.topology, name) === undefined) return true;
    const keeps = (member: (typeof others)[0]): boolean =>
      KEEPING.has(member.state) && this.#processes.has(keyOf(member));
    return replicas > 1 && others.every(keeps);
  }

  join(): void {
    const member = this.#newMember();
    const process = this.#launch(member);
    this.#send(process, this.topology);
    this.#later(START_MS_MAX, () => {
      if (process.isDead) return;
      const isDone = this.#change(`${member.name} joins`, (now) => withJoined(now, member));
      if (!isDone) process.kill();
    });
  }

  leave(name: string): void {
    this.#change(`${name} leaves`, (now) => withLeaving(now, name));
  }

  /** The process ends; the supervisor sees that, and starts another one. */
  kill(process: SimProcess): void {
    const { name, incarnation } = process.options;
    this.#world.log(`${name}#${incarnation} is killed`);
    process.kill();
    this.#processes.delete(keyOf(process.options));
    this.#later(NOTICE_MS_MAX, () => this.#ended(name, incarnation));
  }

  #ended(name: string, incarnation: number): void {
    const member = memberOf(this.topology, name);
    if (member?.incarnation !== incarnation || !STATE_RULES[member.state].isUp) return;
    this.#change(`${name} is down`, (now) => withDown(now, name, incarnation));
    if (memberOf(this.topology, name)?.state === 'down') {
      this.#later(START_MS_MAX * 4, () => this.#restart(name));
    }
  }

  /** Starts a process, and lets it be the member once it listens. */
  #restart(name: string): void {
    const member = memberOf(this.topology, name);
    if (member?.state !== 'down') return;
    const next = { ...member, incarnation: ++this.#incarnation };
    const process = this.#launch(next);
    this.#send(process, this.topology);
    this.#later(START_MS_MAX, () => {
      if (process.isDead) return this.#restart(name);
      this.#change(`${name} is back`, (now) =>
        withRestarted(now, name, next.incarnation, next.peerAddress),
      );
    });
  }

  #newMember(): NewMember {
    const nth = ++this.#named;
    const host = `10.0.0.${nth}`;
    return {
      name: `node-${nth}`,
      address: `${host}:11211`,
      peerAddress: `${host}:11212`,
      weight: 1,
      zone: '',
      incarnation: ++this.#incarnation,
    };
  }

  #launch({ name, incarnation, address, peerAddress }: NewMember): SimProcess {
    const options = { name, incarnation, address, peerAddress, threads: this.#options.threads };
    const process: SimProcess = new SimProcess(this.#world, this.#network, options, (reason) => {
      this.#world.log(`${name}#${incarnation} must start again: ${reason}`);
      this.kill(process);
    });
    this.#processes.set(keyOf(process.options), process);
    process.cluster.onReport(() => this.#report(process));
    void process.start();
    return process;
  }

  #publish(topology: ClusterTopology): void {
    for (const process of this.running) this.#send(process, topology);
    for (const process of this.running) this.#endIfLeft(process, topology);
  }

  #send(process: SimProcess, topology: ClusterTopology): void {
    this.#world.plan(process.main, this.#delayMs(this.#sentMs, process), () =>
      process.cluster.adopt(topology),
    );
  }

  #report(process: SimProcess): void {
    const report = process.cluster.report();
    this.#world.plan(OUTSIDE, this.#delayMs(this.#reportedMs, process), () =>
      this.#keeper.take(report),
    );
  }

  /** The delay of the next message, which arrives after those before. */
  #delayMs(lastMs: Map<SimProcess, number>, process: SimProcess): number {
    const { nowMs, random } = this.#world;
    const atMs = Math.max(nowMs + random.fraction() * NOTICE_MS_MAX, lastMs.get(process) ?? 0);
    lastMs.set(process, atMs);
    return atMs - nowMs;
  }

  /** The process of a member that was removed goes on for a while. */
  #endIfLeft(process: SimProcess, topology: ClusterTopology): void {
    const { name, incarnation } = process.options;
    const hasLeft = this.#left.has(keyOf(process.options));
    const isMember = memberOf(topology, name)?.incarnation === incarnation;
    if (isMember) this.#left.set(keyOf(process.options), false);
    if (isMember || !hasLeft) return;
    this.#left.delete(keyOf(process.options));
    this.#later(LEFT_MS_MAX, () => {
      if (!process.isDead) this.kill(process);
    });
  }

  readonly #left = new Map<string, boolean>();

  #change(reason: string, change: (now: ClusterTopology) => ClusterTopology): boolean {
    try {
      this.#keeper.change(change, reason);
      return true;
    } catch (error) {
      if (!(error instanceof TopologyError)) throw error;
      return false;
    }
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.plan(OUTSIDE, this.#world.random.fraction() * delayMs, run);
  }
}

/** The states of members that keep what they have. */
const KEEPING = new Set(['serving', 'joining', 'leaving']);

const keyOf = ({ name, incarnation }: Pick<NewMember, 'name' | 'incarnation'>): string =>
  `${name}#${incarnation}`;
