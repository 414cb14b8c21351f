import { FrozenCheck } from './frozen-check.ts';
import type { LocalMembership } from './membership/local-membership.ts';
import {
  type GivenOptions,
  type NodePlan,
  type RunningNode,
  SupervisedNode,
  type SupervisedNodeOptions,
} from './supervised-node.ts';

interface LocalClusterOptions extends Omit<SupervisedNodeOptions, 'watcher'> {
  readonly plans: readonly NodePlan[];
  readonly membership: LocalMembership;
}

/** The nodes follow the first topology within this time, unless they drop many items for it. */
const FOLLOW_MS_MAX = 30_000;

/**
 * The nodes of a cluster on this machine, each in its own process. The cluster restarts a node that
 * dies, and kills one that is frozen.
 */
export class LocalCluster {
  readonly membership: LocalMembership;
  readonly #options: SupervisedNodeOptions;
  readonly #nodes: SupervisedNode[] = [];
  readonly #frozenCheck: FrozenCheck;

  private constructor({ membership, env, onEvent }: Omit<LocalClusterOptions, 'plans'>) {
    this.membership = membership;
    this.#options = { env, onEvent, watcher: membership };
    this.#frozenCheck = new FrozenCheck(
      () => this.#nodes,
      (name) => membership.isHeldElsewhere(name),
    );
  }

  /**
   * Resolves once every node listens and follows the first topology.
   * @throws {NodeStartError} for the first node that fails, after all other nodes have ended.
   */
  static async start({ plans, ...options }: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = new LocalCluster(options);
    for (const plan of plans) cluster.#nodes.push(new SupervisedNode(plan, cluster.#options));
    try {
      await Promise.all(cluster.nodes.map((node) => node.started));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    options.membership.begin(() => cluster.nodes);
    cluster.#frozenCheck.start();
    // A node that is late answers later; the others need not wait for it longer.
    await options.membership.followed(AbortSignal.timeout(FOLLOW_MS_MAX)).catch(() => {});
    return cluster;
  }

  /** In the order in which they came. */
  get nodes(): readonly SupervisedNode[] {
    return this.#nodes;
  }

  get running(): readonly RunningNode[] {
    return this.#nodes.map(({ name, pid, adminUrl }) => ({ name, pid, adminUrl }));
  }

  /**
   * Starts one more node; resolves once it listens. It has not joined the topology then.
   * @param given what differs from its plan.
   * @throws {NodeStartError} if it fails; then the cluster is as before.
   */
  async add(plan: NodePlan, given: GivenOptions): Promise<SupervisedNode> {
    const node = new SupervisedNode(plan, this.#options, given);
    this.#nodes.push(node);
    try {
      await node.started;
      return node;
    } catch (error) {
      await this.remove(node);
      throw error;
    }
  }

  /** Stops a node for good, without its items. */
  async remove(node: SupervisedNode): Promise<void> {
    await node.stop('discard');
    const at = this.#nodes.indexOf(node);
    if (at >= 0) this.#nodes.splice(at, 1);
  }

  /** Drains every node; resolves with a text for each node that did not exit with code 0. */
  async stop(): Promise<readonly string[]> {
    this.#close();
    const ends = await Promise.all(this.#nodes.map((node) => node.stop()));
    return ends.filter((unclean) => unclean !== undefined);
  }

  /** Kills every node without draining it. */
  kill(): void {
    this.#close();
    for (const node of this.#nodes) node.kill();
  }

  #close(): void {
    this.membership.close();
    this.#frozenCheck.stop();
  }
}
