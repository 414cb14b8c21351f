/** A runtime without processes: a test decides when each call ends, and which ones fail. */
import { CodedError } from '../../src/base/index.ts';
import { freeId, nodeId } from '../../src/control/model/node-count.ts';
import type { NodeShape } from '../../src/control/model/node-options.ts';
import type {
  ClusterSpec,
  Observed,
  ProxyShape,
  Runtime,
  SnapshotTotals,
} from '../../src/control/runtime/runtime.ts';
import type { Random } from './random.ts';

interface SimulatedNode extends NodeShape {
  readonly memoryMibMax: number;
}

interface SimulatedCluster {
  isRunning: boolean;
  users: string | undefined;
  proxy?: ProxyShape | undefined;
  readonly nodes: Map<string, SimulatedNode>;
}

/** A call that waits: what it does, and what its caller hears of it. */
interface Call {
  readonly run: () => (() => void) | undefined;
  readonly end: (settle: (() => void) | undefined) => void;
}

/** Nodes grow to so many times of what they started with. */
const GROWTH = 4;
const FAILURE = 'the simulated runtime fails';

export class SimulatedRuntime implements Runtime {
  readonly clusters = new Map<string, SimulatedCluster>();
  /** Of how many calls one fails; 0: none does. */
  failsOneIn = 0;
  readonly #random: Random;
  #waiting: Call[] = [];

  constructor(random: Random) {
    this.#random = random;
  }

  get isIdle(): boolean {
    return this.#waiting.length === 0;
  }

  /** One of the calls that wait goes on, and all that follows from it until the next ones wait. */
  async advance(): Promise<void> {
    const at = this.#random.int(0, this.#waiting.length - 1);
    const [next] = this.#waiting.splice(at, 1);
    next?.end(next.run());
    await settled();
  }

  /** Nobody waits for the calls that are under way: the process that made them is dead. */
  forgetCallers(): void {
    // What such a call wanted has happened, or it has not.
    for (const { run } of this.#waiting) if (this.#random.oneIn(2)) run();
    this.#waiting = [];
  }

  pause(): Promise<void> {
    return new Promise((end) => this.#waiting.push({ run: () => undefined, end: () => end() }));
  }

  observe(id: string): Promise<Observed> {
    return this.#call(() => {
      const { isRunning = false, users, proxy, nodes = new Map() } = this.clusters.get(id) ?? {};
      if (!isRunning) return { isRunning, nodes: [] };
      const shown = [...nodes].map(([node, shape]) => ({ id: node, serves: true, ...shape }));
      return { isRunning, users, proxy, nodes: shown.sort((a, b) => (a.id < b.id ? -1 : 1)) };
    });
  }

  start({ id, nodes, users, memoryMib, options }: ClusterSpec): Promise<void> {
    return this.#call(() => {
      const cluster = this.clusters.get(id) ?? { isRunning: true, users, nodes: new Map() };
      const names = cluster.nodes.size > 0 ? [...cluster.nodes.keys()] : firstIds(nodes);
      for (const name of names) cluster.nodes.set(name, started({ memoryMib, options }));
      this.clusters.set(id, Object.assign(cluster, { isRunning: true, users }));
    });
  }

  addNode(id: string, shape: NodeShape): Promise<void> {
    return this.#change(id, ({ nodes }) => {
      const name = freeId([...nodes.keys()].map((each) => ({ id: each })));
      nodes.set(name, started(shape));
    });
  }

  setUsers(id: string, text: string): Promise<void> {
    return this.#change(id, (cluster) => {
      cluster.users = text;
    });
  }

  startProxy(id: string, proxy: ProxyShape): Promise<void> {
    return this.#change(id, (cluster) => {
      cluster.proxy = proxy;
    });
  }

  setProxy(id: string, proxy: ProxyShape): Promise<void> {
    return this.startProxy(id, proxy);
  }

  removeNode(id: string, node: string): Promise<void> {
    return this.#change(id, ({ nodes }) => {
      if (nodes.size === 1) throw new CodedError('ERR_RUNTIME', 'a cluster keeps a node');
      nodes.delete(node);
    });
  }

  resizeNode(id: string, node: string, memoryMib: number): Promise<void> {
    return this.#change(id, ({ nodes }) => {
      const shape = nodes.get(node)!;
      if (memoryMib <= shape.memoryMibMax) nodes.set(node, { ...shape, memoryMib });
    });
  }

  restartNode(id: string, node: string, shape: NodeShape): Promise<void> {
    return this.#change(id, ({ nodes }) => {
      if (nodes.size === 1) throw new CodedError('ERR_RUNTIME', 'nobody has the items so long');
      nodes.set(node, started(shape));
    });
  }

  snapshot(id: string): Promise<SnapshotTotals> {
    return this.#change(id, () => ({ items: 5, bytes: 100 }));
  }

  restore(id: string): Promise<void> {
    return this.#change(id, () => {});
  }

  stop(id: string): Promise<void> {
    return this.#change(id, (cluster) => {
      cluster.isRunning = false;
      cluster.proxy = undefined;
    });
  }

  forget(id: string): Promise<void> {
    return this.#call(() => {
      this.clusters.delete(id);
    });
  }

  #change<T>(id: string, change: (cluster: SimulatedCluster) => T): Promise<T> {
    return this.#call(() => {
      const cluster = this.clusters.get(id);
      if (cluster?.isRunning !== true) throw new CodedError('ERR_RUNTIME', `${id} does not run`);
      return change(cluster);
    });
  }

  /** A call that fails may have done what it should, too. */
  #call<T>(run: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const attempt = (): (() => void) => {
        const fails = this.failsOneIn > 0 && this.#random.oneIn(this.failsOneIn);
        const failure = new CodedError('ERR_RUNTIME', FAILURE);
        if (fails && this.#random.oneIn(2)) return () => reject(failure);
        try {
          const result = run();
          return () => (fails ? reject(failure) : resolve(result));
        } catch (error) {
          return () => reject(error);
        }
      };
      this.#waiting.push({ run: attempt, end: (settle) => settle?.() });
    });
  }
}

const started = (shape: NodeShape): SimulatedNode => ({
  ...shape,
  memoryMibMax: shape.memoryMib * GROWTH,
});

const firstIds = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => nodeId(nth + 1));

/** All promises that can go on have done so. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
