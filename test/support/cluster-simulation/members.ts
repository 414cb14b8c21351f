import { TopologyKeeper } from '../../../src/cluster/membership/topology-keeper.ts';
import { remedyFor } from '../../../src/cluster/membership/unreachable.ts';
import {
  type ClusterTopology,
  firstTopology,
  memberOf,
  type NewMember,
  STATE_RULES,
  TopologyError,
  withChangeGivenUp,
  withDown,
  withJoined,
  withLeaving,
  withReplaced,
  withRestarted,
} from '../../../src/topology/index.ts';
import {
  type ClusterOptions,
  describe,
  isSettled,
  type MemberEnding,
  type SimMembership,
} from './membership.ts';
import { type Network, OUTSIDE } from './network.ts';
import type { SimProcess } from './process.ts';
import { keyOf, Processes } from './processes.ts';
import type { World } from './world.ts';

/** How long a process that has left goes on. */
const LEFT_MS_MAX = 400;
const NOTICE_MS_MAX = 8;
const START_MS_MAX = 20;

/**
 * The supervisor of a simulated cluster, which starts its processes and sees their ends: its
 * topology, which follows the real policy, and its messages, which take time.
 */
export class Members implements SimMembership {
  readonly #world: World;
  readonly #processes: Processes;
  readonly #keeper: TopologyKeeper;
  /** When the last topology arrives at a process, and its last report here. */
  readonly #sentMs = new Map<SimProcess, number>();
  readonly #reportedMs = new Map<SimProcess, number>();
  readonly #left = new Map<string, boolean>();
  /** The member whose process has been killed, until its end is seen. */
  #replacing: string | undefined;
  /** Nobody reaches the supervisor before this time: it is frozen. */
  #darkUntilMs = 0;

  constructor(world: World, network: Network, options: ClusterOptions, ending: MemberEnding) {
    this.#world = world;
    this.#processes = new Processes(
      world,
      network,
      { ...options, grantMs: undefined },
      {
        ending: ({ options }) => ending(options.name),
        renewed: (process) => this.kill(process),
        reported: (process) => this.#report(process),
      },
    );
    const members = Array.from({ length: options.nodes }, () => this.#processes.newMember());
    for (const member of members) this.#processes.launch(member);
    const { replicas, replication } = options;
    const first = firstTopology({ cluster: 'web', replicas, replication }, members);
    this.#keeper = new TopologyKeeper(first, 'the cluster starts', {
      save: () => {},
      publish: ({ topology }) => this.#publish(topology),
      onChange: ({ topology, reason }) => world.log(describe(topology, reason)),
    });
  }

  get topology(): ClusterTopology {
    return this.#keeper.topology;
  }

  get running(): readonly SimProcess[] {
    return this.#processes.running;
  }

  get isAtRest(): boolean {
    return isSettled(this.topology, (name) => this.#keeper.reportOf(name));
  }

  get waitsFor(): string {
    const reports = this.topology.members.map(({ name }) => this.#keeper.reportOf(name));
    return JSON.stringify([this.#keeper.waitsFor, reports]);
  }

  join(): void {
    const member = this.#processes.newMember();
    this.#start(member, `${member.name} joins`, (now) => withJoined(now, member));
  }

  leave(name: string): void {
    this.#change(`${name} leaves`, (now) => withLeaving(now, name));
  }

  replace(name: string): void {
    const member = this.#processes.newMember();
    const reason = `${member.name} replaces ${name}`;
    this.#start(member, reason, (now) => withReplaced(now, name, member));
  }

  kill(process: SimProcess): void {
    const { name, incarnation } = process.options;
    this.#processes.kill(process);
    this.#later(NOTICE_MS_MAX, () => this.#ended(name, incarnation));
  }

  darken(host: string | undefined, ms: number): void {
    if (host === undefined) this.#darkUntilMs = this.#world.nowMs + ms;
  }

  heal(): void {
    this.#darkUntilMs = 0;
  }

  /** It writes each topology to its disk. */
  forget(): void {}

  release(): void {
    this.#processes.release();
  }

  /** Starts a process, and lets it be a member once it listens. */
  #start(
    member: NewMember,
    reason: string,
    change: (now: ClusterTopology) => ClusterTopology,
  ): void {
    const process = this.#processes.launch(member);
    this.#send(process, this.topology);
    this.#later(START_MS_MAX, () => {
      if (!process.isDead && !this.#change(reason, change)) this.#processes.kill(process);
    });
  }

  #ended(name: string, incarnation: number): void {
    if (this.#replacing === name) this.#replacing = undefined;
    const member = memberOf(this.topology, name);
    if (member?.incarnation !== incarnation) return;
    if (STATE_RULES[member.state].isUp) {
      this.#change(`${name} is down`, (now) => withDown(now, name, incarnation));
    }
    this.#restartLater(name);
  }

  #restartLater(name: string): void {
    this.#later(START_MS_MAX * 4, () => this.#restart(name));
  }

  #restart(name: string): void {
    const member = memberOf(this.topology, name);
    // One that is gone may be a member again: the change that it leaves by can be given up.
    if (member?.state === 'gone') this.#restartLater(name);
    if (member?.state !== 'down') return;
    const next = this.#processes.nextOf(member);
    const process = this.#processes.launch(next);
    this.#send(process, this.topology);
    this.#later(START_MS_MAX, () => {
      if (process.isDead) return this.#restart(name);
      this.#change(`${name} is back`, (now) =>
        withRestarted(now, name, next.incarnation, next.peerAddress),
      );
    });
  }

  #publish(topology: ClusterTopology): void {
    for (const process of this.running) this.#send(process, topology);
    for (const process of this.running) this.#endIfLeft(process, topology);
  }

  #send(process: SimProcess, topology: ClusterTopology): void {
    this.#world.planAt(process.main, this.#arrivalMs(this.#sentMs, process), () =>
      process.cluster.adopt(topology),
    );
  }

  #report(process: SimProcess): void {
    const report = process.cluster.report();
    this.#world.planAt(OUTSIDE, this.#arrivalMs(this.#reportedMs, process), () => {
      this.#keeper.take(report);
      const [unreachable] = this.#keeper.reportOf(report.name)?.unreachable ?? [];
      if (unreachable !== undefined) this.#repair(unreachable, `${report.name} cannot reach it`);
    });
  }

  /** One process at a time: two nodes that miss each other say it of each other. */
  #repair(name: string, reason: string): void {
    const remedy = remedyFor(this.topology, name);
    if (remedy === 'give up the change') this.#change(`${name}: ${reason}`, withChangeGivenUp);
    const member = memberOf(this.topology, name);
    const process = member && this.#processes.of(member);
    if (remedy !== 'new process' || this.#replacing !== undefined || !process) return;
    this.#replacing = name;
    this.#world.log(`${name} gets a new process: ${reason}`);
    this.kill(process);
  }

  /** When the next message arrives: after those before. */
  #arrivalMs(lastMs: Map<SimProcess, number>, process: SimProcess): number {
    const { nowMs, random } = this.#world;
    const soonest = Math.max(nowMs, this.#darkUntilMs) + random.fraction() * NOTICE_MS_MAX;
    const atMs = Math.max(soonest, lastMs.get(process) ?? 0);
    lastMs.set(process, atMs);
    return atMs;
  }

  /** The process of a member that was removed goes on for a while. */
  #endIfLeft(process: SimProcess, topology: ClusterTopology): void {
    const { name, incarnation } = process.options;
    const key = keyOf(process.options);
    const hasLeft = this.#left.has(key);
    const isMember = memberOf(topology, name)?.incarnation === incarnation;
    if (isMember) this.#left.set(key, false);
    if (isMember || !hasLeft) return;
    this.#left.delete(key);
    this.#later(LEFT_MS_MAX, () => {
      if (!process.isDead) this.kill(process);
    });
  }

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
    const { nowMs, random } = this.#world;
    const waitMs = Math.max(0, this.#darkUntilMs - nowMs);
    this.#world.plan(OUTSIDE, waitMs + random.fraction() * delayMs, run);
  }
}
