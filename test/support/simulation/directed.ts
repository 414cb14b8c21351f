import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import {
  createDistribution,
  type DistributionName,
  readNodes,
} from '../../../src/topology/index.ts';
import { ManualDiscovery } from '../manual-discovery.ts';
import { SimClock } from './clock.ts';
import { type SimConnection, SimNetwork, type SimNode } from './network.ts';

/** Runs everything that waits for neither a timer nor the network. */
const runPendingTasks = (): Promise<void> => new Promise((ran) => setImmediate(ran));

/** One client over simulated nodes; the test chooses each event. */
export class DirectedCluster {
  readonly cache: CacheClient;
  readonly #clock = new SimClock();
  readonly #network: SimNetwork;
  readonly #discovery = new ManualDiscovery();

  /** @param names all nodes that may join. */
  constructor(names: readonly string[], options: Partial<ClientOptions>) {
    this.#network = new SimNetwork(names);
    const clientOptions = { nodes: this.#discovery, ...options };
    this.cache = new CacheClient(clientOptions, {
      now: () => this.#clock.now(),
      unixMs: () => this.#clock.unixMs(),
      setTimer: (onFire, delayMs) => this.#clock.setTimer(onFire, delayMs),
      openSocket: ({ name }, _options, _resumption, events) => this.#network.open(name, events),
      random: () => 0.5,
    });
  }

  /** The topology changes to these nodes. */
  async publish(...names: readonly string[]): Promise<void> {
    this.#discovery.publish(names);
    await runPendingTasks();
  }

  node(name: string): SimNode {
    return this.#network.nodes.find((node) => node.name === name)!;
  }

  connectionTo(name: string): SimConnection {
    return this.#network.connections.find(({ node }) => node.name === name)!;
  }

  /** So much time passes; timers fire. */
  async advance(ms: number): Promise<void> {
    let hasPassed = false;
    this.#clock.setTimer(() => {
      hasPassed = true;
    }, ms);
    while (!hasPassed) this.#clock.fireNext();
    await runPendingTasks();
  }

  /** These nodes accept, execute and reply until nothing is in flight to or from them. */
  async serve(...names: readonly string[]): Promise<void> {
    await runPendingTasks();
    while (names.some((name) => this.#advance(this.node(name)))) await runPendingTasks();
  }

  /** The node executes its next request; the reply stays on its way. */
  async execute(name: string): Promise<void> {
    await runPendingTasks();
    this.node(name).execute(0);
  }

  /** Every reply of the node that is on its way arrives. */
  async deliver(name: string): Promise<void> {
    const connection = this.connectionTo(name);
    for (let left = connection.replies.length; left > 0; left--) connection.deliver();
    await runPendingTasks();
  }

  /** The node closes its connection cleanly. */
  async closeCleanly(name: string): Promise<void> {
    this.connectionTo(name).closeCleanly();
    await runPendingTasks();
  }

  /** The node refuses connections, and its connection is reset before it executes a request. */
  async disconnect(name: string): Promise<void> {
    const connection = this.connectionTo(name);
    this.node(name).isDisconnected = true;
    this.node(name).dropRequests(connection, 0);
    connection.reset();
    await runPendingTasks();
  }

  #advance(node: SimNode): boolean {
    const connections = this.#network.connections.filter((each) => each.node === node);
    for (const connection of connections) {
      if (connection.state === 'connecting') connection.accept();
      else if (connection.replies.length > 0) connection.deliver();
      else continue;
      return true;
    }
    if (node.queue.length === 0) return false;
    node.execute(0);
    return true;
  }
}

/** The nodes of a topology, and those that hold a key in it, the owner first. */
export interface KeyPlacement {
  readonly nodes: readonly string[];
  readonly owners: readonly string[];
}

/** A key that has these owners in each of the topologies. */
export function keyPlacedAt(
  distribution: DistributionName,
  placements: readonly KeyPlacement[],
): string {
  const wanted = placements.map(({ nodes, owners }) => ({
    distribution: createDistribution(distribution, readNodes(nodes)),
    owners: owners.map((owner) => nodes.indexOf(owner)).join(),
    count: owners.length,
  }));
  for (let i = 0; i < 10_000; i++) {
    const key = `k${i}`;
    if (wanted.every((each) => each.distribution.ownersOf(key, each.count).join() === each.owners))
      return key;
  }
  throw new Error('no key has these owners');
}
