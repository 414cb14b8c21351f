import type {
  ClusterState,
  RegisteredNode,
} from '../../../src/cluster/membership/etcd/cluster-keys.ts';
import type { Removal } from '../../../src/cluster/membership/etcd/orders.ts';
import type { ClusterTopology } from '../../../src/topology/index.ts';

/** The topologies that etcd keeps, as the driver of a real cluster does. */
const HISTORY_MAX = 64;

/** A registered process, until its lease ends. */
interface Registration extends RegisteredNode {
  readonly untilMs: number;
}

/** What etcd holds of a simulated cluster. */
export class SimEtcd {
  readonly #nowMs: () => number;
  readonly #registrations = new Map<string, Registration>();
  #topologies: ReadonlyMap<number, ClusterTopology> = new Map();
  #removals: readonly Removal[] = [];

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  get newest(): ClusterTopology | undefined {
    return this.#topologies.get(Math.max(...this.#topologies.keys()));
  }

  /** What a client reads now; it does not change later. */
  read(): ClusterState {
    const alive = [...this.#registrations.values()].filter(
      ({ untilMs }) => untilMs > this.#nowMs(),
    );
    return {
      topologies: this.#topologies,
      newest: this.newest,
      nodes: alive,
      ended: [],
      removals: this.#removals,
      restarts: [],
      replacements: [],
      orderRevisions: new Map(),
      changes: [],
      lock: undefined,
      driver: undefined,
      malformed: [],
    };
  }

  /** False if another process has the name. */
  register(node: Pick<RegisteredNode, 'member' | 'report'>, leaseMs: number): boolean {
    const { name, incarnation } = node.member;
    const before = this.#registrations.get(name);
    const isTaken =
      before !== undefined &&
      before.member.incarnation !== incarnation &&
      before.untilMs > this.#nowMs();
    if (isTaken) return false;
    const untilMs = this.#nowMs() + leaseMs;
    this.#registrations.set(name, { ...node, facts: undefined, hasEnded: false, untilMs });
    return true;
  }

  has(version: number): boolean {
    return this.#topologies.has(version);
  }

  /** Writes topologies unless one of these versions is there. */
  write(topologies: readonly ClusterTopology[]): boolean {
    if (topologies.some(({ version }) => this.#topologies.has(version))) return false;
    const all = [...this.#topologies, ...topologies.map((each) => [each.version, each] as const)];
    this.#topologies = new Map(all.sort(([one], [other]) => one - other).slice(-HISTORY_MAX));
    return true;
  }

  remove(removal: Removal): void {
    this.#removals = [...this.#removals, removal];
  }

  /** A restored backup: the last topologies are missing. */
  forget(topologies: number): void {
    const kept = [...this.#topologies].slice(0, -topologies);
    if (kept.length > 0) this.#topologies = new Map(kept);
  }
}
