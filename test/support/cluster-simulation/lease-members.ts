import { adoptionOf } from '../../../src/cluster/membership/etcd/adoption.ts';
import { hasEnded } from '../../../src/cluster/membership/etcd/known-end.ts';
import {
  type ClusterTopology,
  firstTopology,
  memberOf,
  type NewMember,
  STATE_RULES,
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
import { Processes } from './processes.ts';
import { SimDriver } from './sim-driver.ts';
import { SimEtcd } from './sim-etcd.ts';
import type { World } from './world.ts';

/** As the defaults of `slabring serve --join`. */
const LEASE_MS = 3000;
const RENEW_MS = LEASE_MS / 4;
const SETTLE_MS = LEASE_MS + 1000;
const REPORT_MS = 100;
const NOTICE_MS_MAX = 40;
const RESTART_MS_MAX = 1500;
const DRIVE_MS = 500;
const KNOWN_MAX = 64;

/** What one process knows of etcd. */
interface Agent {
  readonly process: SimProcess;
  readonly member: NewMember;
  known: readonly ClusterTopology[];
  isReporting: boolean;
}

/**
 * A simulated cluster whose topology is in etcd: each process registers with a lease and follows
 * the topologies; the real decisions of the driver and of the nodes, in simulated time. A node
 * answers by the grants of the others.
 */
export class LeaseMembers implements SimMembership {
  readonly #world: World;
  readonly #processes: Processes;
  readonly #options: ClusterOptions;
  readonly #etcd: SimEtcd;
  readonly #agents = new Map<SimProcess, Agent>();
  /** By host: it does not reach etcd before this time. '' is for all hosts. */
  readonly #dark = new Map<string, number>();
  readonly #ending: MemberEnding;
  readonly #driver: SimDriver;
  #topology: ClusterTopology;
  #upSinceMs = 0;

  constructor(world: World, network: Network, options: ClusterOptions, ending: MemberEnding) {
    this.#world = world;
    this.#ending = ending;
    this.#options = options;
    this.#etcd = new SimEtcd(() => world.nowMs);
    this.#processes = new Processes(
      world,
      network,
      { ...options, grantMs: LEASE_MS },
      {
        ending: ({ options }) => ending(options.name),
        renewed: (process) => this.kill(process),
        reported: (process) => this.#reportSoon(process),
      },
    );
    const members = Array.from({ length: options.nodes }, () => this.#processes.newMember());
    const { replicas, replication } = options;
    const settings = { cluster: 'web', replicas, replication };
    this.#driver = new SimDriver(settings, () => world.nowMs);
    this.#topology = firstTopology(settings, members);
    for (const member of members) this.#launch(member);
    this.#write([this.#topology], 'the cluster begins');
    this.#driveLater();
  }

  get topology(): ClusterTopology {
    return this.#topology;
  }

  get running(): readonly SimProcess[] {
    return this.#processes.running;
  }

  get isAtRest(): boolean {
    const state = this.#etcd.read();
    const reportOf = (name: string) =>
      state.nodes.find(({ member }) => member.name === name)?.report;
    if (state.newest?.version !== this.#topology.version) return false;
    if (!isSettled(this.#topology, reportOf)) return false;
    return this.#driver.step(state, undefined, true) === undefined;
  }

  get waitsFor(): string {
    const { nodes, newest } = this.#etcd.read();
    return JSON.stringify([newest, nodes.map(({ report }) => report)]);
  }

  join(): void {
    this.#launch(this.#processes.newMember());
  }

  leave(name: string): void {
    const member = memberOf(this.#topology, name);
    const staying = this.#topology.members.filter(
      (each) => !this.#wasRemoved(each.name, each.incarnation),
    );
    if (member === undefined || staying.length <= this.#options.replicas) return;
    this.#world.log(`${name} is to leave`);
    this.#etcd.remove({ name, incarnation: member.incarnation, by: 0, hasEnded: false });
    this.#noticed();
  }

  replace(name: string): void {
    this.join();
    this.#world.plan(OUTSIDE, SETTLE_MS, () => this.leave(name));
  }

  kill(process: SimProcess): void {
    const agent = this.#agents.get(process);
    this.#processes.kill(process);
    if (agent === undefined || !this.#agents.delete(process)) return;
    const { name, incarnation } = process.options;
    if (this.#wasRemoved(name, incarnation)) {
      // The operator says that it has ended.
      const removal = { name, incarnation, by: 0, hasEnded: true };
      return void this.#world.plan(OUTSIDE, LEASE_MS, () => {
        this.#etcd.remove(removal);
        this.#noticed();
      });
    }
    this.#world.plan(OUTSIDE, this.#world.random.fraction() * RESTART_MS_MAX, () =>
      this.#launch(this.#processes.nextOf(agent.member)),
    );
  }

  darken(host: string | undefined, ms: number): void {
    const untilMs = this.#world.nowMs + ms;
    this.#dark.set(host ?? '', Math.max(untilMs, this.#dark.get(host ?? '') ?? 0));
    if (host === undefined) this.#upSinceMs = untilMs;
  }

  heal(): void {
    this.#dark.clear();
  }

  /** A backup lacks nothing that no process could write back: see docs/cluster.md. */
  forget(): void {
    const newest = this.#etcd.newest?.version ?? 0;
    const known = [...this.#agents.values()].map((agent) => agent.known.at(-1)?.version ?? 0);
    if (Math.max(...known) < newest) return;
    this.#etcd.forget(this.#world.random.int(1, 3));
    this.#world.log(`etcd has lost topologies after ${this.#etcd.newest?.version}`);
    this.#noticed();
  }

  release(): void {
    this.#processes.release();
  }

  #wasRemoved(name: string, incarnation: number): boolean {
    const { removals } = this.#etcd.read();
    return removals.some((one) => one.name === name && one.incarnation === incarnation);
  }

  #launch(member: NewMember): void {
    const process = this.#processes.launch(member);
    this.#agents.set(process, { process, member, known: [], isReporting: false });
    this.#renew(process);
    this.#lookSoon(process);
  }

  /** When a request of the host reaches etcd. */
  #reachMs(host: string): number {
    const dark = Math.max(this.#dark.get('') ?? 0, this.#dark.get(host) ?? 0);
    return Math.max(0, dark - this.#world.nowMs) + this.#world.random.fraction() * NOTICE_MS_MAX;
  }

  /** The process renews its lease, again and again. */
  #renew(process: SimProcess): void {
    this.#world.plan(process.main, this.#reachMs(process.main.host), () => this.#register(process));
    this.#world.plan(process.main, RENEW_MS, () => this.#renew(process));
  }

  #register(process: SimProcess): void {
    const agent = this.#agents.get(process);
    if (agent === undefined || this.#isDark(process)) return;
    const report = process.cluster.report();
    const before = this.#registeredText();
    if (!this.#etcd.register({ member: { ...agent.member, state: 'joining' }, report }, LEASE_MS)) {
      return;
    }
    if (before !== this.#registeredText()) this.#noticed();
  }

  #registeredText(): string {
    return JSON.stringify(this.#etcd.read().nodes.map(({ member, report }) => [member, report]));
  }

  #isDark(process: SimProcess): boolean {
    const { nowMs } = this.#world;
    const dark = Math.max(this.#dark.get('') ?? 0, this.#dark.get(process.main.host) ?? 0);
    return dark > nowMs;
  }

  #reportSoon(process: SimProcess): void {
    const agent = this.#agents.get(process);
    if (agent === undefined || agent.isReporting) return;
    agent.isReporting = true;
    const delayMs = this.#world.random.fraction() * REPORT_MS + this.#reachMs(process.main.host);
    this.#world.plan(process.main, delayMs, () => {
      agent.isReporting = false;
      this.#register(process);
    });
  }

  /** etcd has changed: its clients and the driver learn of it. */
  #noticed(): void {
    for (const process of this.running) this.#lookSoon(process);
    this.#driveSoon();
  }

  #lookSoon(process: SimProcess): void {
    this.#world.plan(process.main, this.#reachMs(process.main.host), () => this.#look(process));
  }

  #look(process: SimProcess): void {
    const agent = this.#agents.get(process);
    if (agent === undefined) return;
    if (this.#isDark(process)) {
      this.#lookSoon(process);
      return;
    }
    const state = this.#etcd.read();
    const { adopt, restore, renewal } = adoptionOf(agent.known, state, agent.member);
    agent.known = [...agent.known, ...adopt].slice(-KNOWN_MAX);
    for (const topology of adopt) process.cluster.adopt(topology);
    for (const member of agent.known.flatMap(({ members }) => members)) {
      if (hasEnded(member, state)) process.grants!.ended(member);
    }
    if (restore.length > 0) this.#write(restore, `${agent.member.name} restores topologies`);
    if (renewal !== undefined) {
      this.#world.log(`${agent.member.name} must start again: ${renewal}`);
      this.kill(process);
    } else this.#endIfRemoved(process);
  }

  #endIfRemoved(process: SimProcess): void {
    const { name, incarnation } = process.options;
    if (!this.#wasRemoved(name, incarnation) || memberOf(this.#topology, name)) return;
    this.#world.plan(OUTSIDE, this.#world.random.fraction() * LEASE_MS, () => this.kill(process));
  }

  #driveLater(): void {
    this.#world.plan(OUTSIDE, DRIVE_MS, () => {
      this.#driveSoon();
      this.#driveLater();
    });
  }

  /** Some process that reaches etcd drives, by what etcd said a moment ago. */
  #driveSoon(): void {
    const state = this.#etcd.read();
    const reaching = this.running.filter((process) => !this.#isDark(process));
    const driver = this.#driver.of(reaching, state);
    if (driver === undefined) return;
    const { random, nowMs } = this.#world;
    const isSettled = nowMs - this.#upSinceMs >= SETTLE_MS;
    this.#world.plan(driver.main, random.fraction() * NOTICE_MS_MAX, () => {
      if (this.#isDark(driver)) return;
      const step = this.#driver.step(state, driver, isSettled);
      if (step === undefined || !this.#etcd.has(step.topology.version - 1)) return;
      this.#write([step.topology], step.reason);
    });
  }

  #write(topologies: readonly ClusterTopology[], reason: string): void {
    if (!this.#etcd.write(topologies)) return;
    const next = topologies.at(-1)!;
    for (const { name, state, incarnation } of this.#topology.members) {
      const after = memberOf(next, name);
      const isSame = after?.incarnation === incarnation && STATE_RULES[after.state].isUp;
      if (STATE_RULES[state].isUp && !isSame) this.#ending(name);
    }
    this.#topology = next;
    this.#world.log(describe(this.#topology, reason));
    this.#noticed();
  }
}
