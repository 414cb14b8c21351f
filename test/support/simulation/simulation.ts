import type { ClientRuntime } from '../../../src/client/connection/runtime.ts';
import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import { ManualDiscovery } from '../manual-discovery.ts';
import type { Random } from '../random.ts';
import { SimClock } from './clock.ts';
import { type SimConnection, SimNetwork, type SimNode } from './network.ts';
import { SimTopologies, type TopologyChanges } from './topologies.ts';
import { COUNTER_KEY, TEXT_KEYS, Workload } from './workload.ts';

export interface SimulationOptions {
  readonly client: Partial<ClientOptions>;
  /** The nodes that own keys, and the gutter nodes. */
  readonly nodes: readonly string[];
  readonly gutter: readonly string[];
  /** How the topology changes; if undefined, all nodes stay in it. */
  readonly topologyChanges?: TopologyChanges | undefined;
  /** The number of operations that the client may have in flight at once. */
  readonly maxConcurrent: number;
  /**
   * Whether a node may execute the requests of different connections in another order than that of
   * their arrival, as a node with several worker threads may.
   */
  readonly isUnordered?: boolean;
  readonly mode: ScheduleMode;
}

/**
 * What a schedule has more of than others:
 *
 *   calm    nothing
 *   hot     most operations use one key, which nodes often evict and callers often cancel
 *   swarm   as hot, but with a random half of the kinds of operations and faults
 */
export type ScheduleMode = 'calm' | 'hot' | 'swarm';

const STEPS = 150;
/** The topology changes once in so many steps. */
const STEPS_PER_CHANGE = 15;
/** After the faults end, all operations settle within fewer steps. */
const SETTLE_STEPS_MAX = 20_000;

/** Runs everything that waits for neither a timer nor the network. */
const runPendingTasks = (): Promise<void> => new Promise((ran) => setImmediate(ran));

/** One client and its nodes; a random schedule chooses each next event and each fault. */
export class Simulation {
  readonly log: string[] = [];
  readonly #options: SimulationOptions;
  readonly #random: Random;
  readonly #network: SimNetwork;
  readonly #clock = new SimClock();
  readonly #cache: CacheClient;
  readonly #workload: Workload;
  readonly #downNodes = new Set<string>();
  readonly #discovery = new ManualDiscovery();
  /** The kinds of faults of this schedule. */
  readonly #faults: readonly number[];
  /** Undefined if the topology does not change. */
  readonly #topologies: SimTopologies | undefined;

  constructor(options: SimulationOptions, random: Random) {
    this.#options = options;
    this.#random = random;
    this.#network = new SimNetwork([...options.nodes, ...options.gutter]);
    const { nodes, topologyChanges } = options;
    this.#topologies = topologyChanges && new SimTopologies(topologyChanges, nodes, random);
    const found = topologyChanges === undefined ? nodes : this.#discovery;
    // A rendezvous distribution is fast to make, and a schedule makes many.
    const clientOptions = { nodes: found, distribution: 'rendezvous', ...options.client } as const;
    const cache = new CacheClient(clientOptions, this.#runtime());
    if (this.#topologies !== undefined) this.#discovery.publish(this.#topologies.current);
    cache.on('node-up', (name) => this.#downNodes.delete(name));
    cache.on('node-down', (name) => this.#downNodes.add(name));
    this.#cache = cache;
    const operations = options.mode === 'swarm' ? 'half' : 'all';
    this.#workload = new Workload(cache, random, operations, (line) => this.#note(line));
    const faults = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
    this.#faults = options.mode === 'swarm' ? [...faults.filter(() => random.oneIn(2)), 9] : faults;
  }

  get hits(): number {
    return this.#workload.hits;
  }

  /**
   * Runs the schedule; returns the first value that was read against the rules, if there is one.
   */
  async run(): Promise<string | undefined> {
    for (let step = 0; step < STEPS; step++) await this.#step();
    await this.#recover();
    const difference = this.#differenceOfReplicas();
    for (const node of this.#currentNodes) await this.#readFromOnly(node);
    return this.#workload.violation ?? difference;
  }

  /** The machine on which the client runs. */
  #runtime(): ClientRuntime {
    return {
      now: () => this.#clock.now(),
      unixMs: () => this.#clock.unixMs(),
      setTimer: (onFire, delayMs) => this.#clock.setTimer(onFire, delayMs),
      openSocket: ({ name }, _options, _resumption, events) => this.#network.open(name, events),
      random: () => this.#random.fraction(),
    };
  }

  /** The nodes of the topology that the client knows, and the gutter nodes. */
  get #currentNodes(): readonly SimNode[] {
    const names = [...(this.#topologies?.current ?? this.#options.nodes), ...this.#options.gutter];
    return this.#network.nodes.filter(({ name }) => names.includes(name));
  }

  async #step(): Promise<void> {
    const random = this.#random;
    if (this.#topologies !== undefined && random.oneIn(STEPS_PER_CHANGE))
      this.#changeTopology(this.#topologies);
    const isHot = this.#options.mode !== 'calm';
    const kind = random.int(0, 99);
    if (kind < 90) {
      if (kind < 20 || !this.#advance()) this.#startOperation();
    } else if (kind < 92) this.#fireTimer();
    else if (kind < (isHot ? 95 : 93)) this.#abort();
    else if (isHot && random.oneIn(2)) this.#evict(random.pick(this.#network.nodes), TEXT_KEYS[0]);
    else if (this.#topologies === undefined || random.oneIn(2))
      this.#injectFault(random.pick(this.#network.nodes), random.pick(this.#faults));
    await runPendingTasks();
  }

  /** Advances a random connection or node by one event; returns false if nothing is in flight. */
  #advance(): boolean {
    const events: (() => void)[] = [];
    for (const connection of this.#network.connections) {
      if (connection.state === 'connecting') events.push(() => connection.accept());
      if (connection.replies.length > 0) events.push(() => connection.deliver());
    }
    for (const node of this.#network.nodes) {
      if (!node.isFrozen && node.queue.length > 0) events.push(() => this.#execute(node));
    }
    if (events.length === 0) return false;
    this.#random.pick(events)();
    return true;
  }

  #execute(node: SimNode): void {
    const connections = node.queue.map(({ connection }) => connection);
    const firsts = connections.flatMap((connection, i) =>
      connections.indexOf(connection) === i ? [i] : [],
    );
    const at = this.#options.isUnordered ? this.#random.pick(firsts) : 0;
    this.#note(`${node.name} executes ${node.queue[at]?.text.replaceAll('\r\n', ' ')}`);
    node.execute(at);
  }

  #fireTimer(): boolean {
    const hasFired = this.#clock.fireNext();
    if (hasFired) this.#note(`it is ${Math.round(this.#clock.now())} ms`);
    return hasFired;
  }

  #abort(): void {
    const { abortControllers } = this.#workload;
    if (abortControllers.length === 0) return;
    this.#note('the caller cancels an operation');
    this.#random.pick(abortControllers).abort();
  }

  #injectFault(node: SimNode, kind: number): void {
    const connection = this.#random.pick([...this.#network.connections, undefined]);
    if (kind <= 1 && connection !== undefined) this.#reset(connection);
    else if (kind <= 3 && connection?.state === 'open') {
      this.#note(`${connection.node.name} closes a connection cleanly`);
      connection.closeCleanly();
    } else if (kind === 4) this.#disconnect(node);
    else if (kind === 5) {
      this.#evict(node, this.#random.pick([...TEXT_KEYS, COUNTER_KEY]));
    } else if (kind === 6) {
      this.#restart(node);
    } else if (kind === 7) {
      this.#note(`${node.name} is frozen`);
      node.isFrozen = true;
    } else this.#heal(node);
  }

  #evict(node: SimNode, key: string): void {
    this.#note(`${node.name} evicts ${key}`);
    node.evict(key);
  }

  /** Changes the topology; a node that joins is empty. */
  #changeTopology(topologies: SimTopologies): void {
    const before = topologies.current;
    topologies.advance();
    const joining = topologies.current.filter((name) => !before.includes(name));
    for (const node of this.#network.nodes) if (joining.includes(node.name)) this.#restart(node);
    for (const name of this.#downNodes)
      if (!topologies.current.includes(name)) this.#downNodes.delete(name);
    this.#note(`the topology is ${topologies.current.join(', ')}`);
    this.#discovery.publish(topologies.current);
  }

  #restart(node: SimNode): void {
    this.#note(`${node.name} is restarted`);
    node.flush();
    this.#resetAll(node);
  }

  #reset(connection: SimConnection): void {
    const keptCount = this.#random.int(0, 3);
    this.#note(
      `a connection of ${connection.node.name} is reset; it executes ${keptCount} requests`,
    );
    connection.node.dropRequests(connection, keptCount);
    connection.reset();
  }

  #resetAll(node: SimNode): void {
    for (const connection of this.#network.connections)
      if (connection.node === node) this.#reset(connection);
  }

  #disconnect(node: SimNode): void {
    this.#note(`${node.name} is disconnected`);
    node.isDisconnected = true;
    this.#resetAll(node);
  }

  #heal(node: SimNode): void {
    this.#note(`${node.name} is healed`);
    node.isDisconnected = false;
    node.isFrozen = false;
  }

  /** Ends all faults, and waits until every operation has settled and every node is up. */
  async #recover(): Promise<void> {
    for (const node of this.#network.nodes) this.#heal(node);
    await this.#settle(() => this.#workload.pendingCount === 0 && this.#downNodes.size === 0);
  }

  /** How the replicas of a key differ after every operation has settled, if they do. */
  #differenceOfReplicas(): string | undefined {
    for (const key of [...TEXT_KEYS, COUNTER_KEY]) {
      const names = this.#cache.nodesOf(key);
      const nodes = this.#network.nodes.filter(({ name }) => names.includes(name));
      // The item of a lease is empty until its holder stores a value.
      const values = nodes.map((node) => node.valueOf(key)).filter((value) => value);
      if (new Set(values).size <= 1) continue;
      this.#note(`VIOLATION: the replicas of ${key} differ`);
      return `the replicas of ${key} are ${values.join(' and ')}`;
    }
    return undefined;
  }

  /** Reads while only one node is up: its items must obey the rules, too. */
  async #readFromOnly(node: SimNode): Promise<void> {
    for (const other of this.#network.nodes) if (other !== node) this.#disconnect(other);
    for (let i = 0; i < 2; i++) {
      this.#workload.getMany();
      await this.#settle(() => this.#workload.pendingCount === 0);
    }
    await this.#recover();
  }

  async #settle(isSettled: () => boolean): Promise<void> {
    for (let step = 0; step < SETTLE_STEPS_MAX; step++) {
      const isMoving = this.#advance();
      if (!isMoving && isSettled()) return;
      if (!isMoving && !this.#fireTimer()) break;
      await runPendingTasks();
    }
    throw new Error(`the simulation does not settle:\n${this.log.slice(-30).join('\n')}`);
  }

  #startOperation(): void {
    if (this.#workload.pendingCount >= this.#options.maxConcurrent) return;
    // Few keys move, so half of the operations use one that does.
    const isFirst = this.#topologies !== undefined && this.#random.oneIn(2);
    const key =
      isFirst || this.#options.mode !== 'calm' ? TEXT_KEYS[0] : this.#random.pick(TEXT_KEYS);
    this.#workload.start(key);
  }

  #note(line: string): void {
    this.log.push(line);
  }
}
