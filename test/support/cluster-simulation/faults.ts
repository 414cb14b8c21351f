import type { SimMembership } from './membership.ts';
import { mayEnd } from './membership.ts';
import { type Network, OUTSIDE } from './network.ts';
import type { SimProcess } from './process.ts';
import type { Fault, Scenario } from './scenarios.ts';
import { evict } from './stored-items.ts';
import type { World } from './world.ts';

const NODES_MAX = 5;
/** Deaths of one run. */
const DEATHS_MAX = 6;
/** So long after its end a fault may still have a node taken for dead: its lease, and reports. */
const NOTICED_MS = 6000;
/** The faults after which the cluster may take a node for dead. */
const DEADLY: ReadonlySet<Fault> = new Set(['kill', 'freeze', 'dark', 'cutOff']);

/** Plans what goes wrong in a run, and causes it. */
export class Faults {
  readonly #world: World;
  readonly #network: Network;
  readonly #members: SimMembership;
  readonly #scenario: Scenario;
  readonly #keys: readonly string[];
  #deaths = 0;
  /** The node that a fault has hit: no other one may get into it before it is over. */
  #victim: string | undefined;
  #troubledUntilMs = 0;

  constructor(
    world: World,
    network: Network,
    members: SimMembership,
    scenario: Scenario,
    keys: readonly string[],
  ) {
    this.#world = world;
    this.#network = network;
    this.#members = members;
    this.#scenario = scenario;
    this.#keys = keys;
    if (Object.keys(scenario.faults).length > 0) this.#plan();
  }

  #plan(): void {
    const { random } = this.#world;
    const { pauseMs, runMs, faults } = this.#scenario;
    this.#world.plan(OUTSIDE, random.fraction() * pauseMs, () => {
      if (this.#world.nowMs > runMs) return;
      const weighted = Object.entries(faults) as [Fault, number][];
      this.#cause(random.weighted(weighted.map(([fault, weight]) => [weight, fault] as const)));
      this.#plan();
    });
  }

  #cause(fault: Fault): void {
    const { random } = this.#world;
    const { running } = this.#members;
    if (running.length === 0) return;
    const ms = random.fraction() * this.#scenario.faultMs;
    const process = this.#victimOf(fault, random.pick(running), ms);
    if (process !== undefined) this.#act(fault, process, ms);
  }

  /**
   * The node that a fault hits; undefined for none. With leases a fault may end in the death of the
   * node, so there is one at a time, unless keys may get lost.
   */
  #victimOf(fault: Fault, process: SimProcess, ms: number): SimProcess | undefined {
    const { mayLose, membership } = this.#scenario;
    const isDeadly = fault === 'kill' || (membership === 'leases' && DEADLY.has(fault));
    if (mayLose || !isDeadly) return process;
    const { name } = process.options;
    const isOver = this.#members.isAtRest && this.#world.nowMs > this.#troubledUntilMs;
    if (isOver) this.#victim = undefined;
    if ((this.#victim ?? name) !== name || !mayEnd(this.#members, name)) return undefined;
    this.#victim = name;
    this.#troubledUntilMs = this.#world.nowMs + (membership === 'leases' ? ms + NOTICED_MS : 0);
    return process;
  }

  #act(fault: Fault, process: SimProcess, ms: number): void {
    const { random } = this.#world;
    const { name } = process.options;
    const { host } = process.main;
    const { running } = this.#members;
    switch (fault) {
      case 'cut':
        this.#log(`${this.#network.cut(random.fraction() / 2)} connections are cut`);
        break;
      case 'dark':
        this.#darken(process, random.pick(running), ms);
        break;
      case 'freeze':
        this.#freeze(process, ms);
        break;
      case 'stall':
        process.stall(ms / 4);
        break;
      case 'kill':
        if (this.#deaths++ < DEATHS_MAX) this.#members.kill(process);
        break;
      case 'join':
        if (running.length < NODES_MAX) this.#members.join();
        break;
      case 'leave':
        this.#members.leave(name);
        break;
      case 'replace':
        if (running.length < NODES_MAX) this.#members.replace(name);
        break;
      case 'evict':
        evict(process, random.pick(this.#keys));
        break;
      case 'outage':
        this.#log(`the membership is out of reach for ${ms} ms`);
        this.#members.darken(undefined, ms);
        break;
      case 'cutOff':
        this.#log(`${name} does not reach the membership for ${ms} ms`);
        this.#members.darken(host, ms);
        break;
      case 'forget':
        this.#members.forget();
        break;
    }
  }

  /** A supervisor kills a node that is frozen for long, so it never stays frozen for longer. */
  #freeze(process: SimProcess, ms: number): void {
    const { name } = process.options;
    const isFrozen = process.main.heldUntilMs > this.#world.nowMs;
    if (isFrozen && this.#scenario.membership === 'supervisor') return;
    this.#log(`${name} is frozen for ${ms} ms`);
    process.freeze(ms);
  }

  /** Some links of a node see nothing, in one direction or in both. */
  #darken(process: SimProcess, other: SimProcess, ms: number): void {
    const { random } = this.#world;
    const isAlone = random.oneIn(3);
    const others = isAlone ? this.#members.running : [other];
    const directions = random.pick(['from', 'to', 'both'] as const);
    const names = others.map(({ options }) => options.name).join();
    this.#log(`${process.options.name} is dark for ${ms} ms: ${directions} ${names}`);
    for (const { main } of others) {
      if (directions !== 'to') this.#network.darken(process.main.host, main.host, ms);
      if (directions !== 'from') this.#network.darken(main.host, process.main.host, ms);
    }
  }

  #log(line: string): void {
    this.#world.log(line);
  }
}
