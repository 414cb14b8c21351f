import {
  type NodePlan,
  type RunningNode,
  SupervisedNode,
  type SupervisedNodeOptions,
} from './supervised-node.ts';

interface LocalClusterOptions extends SupervisedNodeOptions {
  readonly plans: readonly NodePlan[];
}

/**
 * Several nodes on this machine, each in its own process. The cluster restarts a node that dies.
 */
export class LocalCluster {
  /** In the order of their plans. */
  readonly nodes: readonly SupervisedNode[];

  private constructor(nodes: readonly SupervisedNode[]) {
    this.nodes = nodes;
  }

  /**
   * Resolves once every node listens.
   * @throws {NodeStartError} for the first node that fails, after all other nodes have ended.
   */
  static async start({ plans, ...options }: LocalClusterOptions): Promise<LocalCluster> {
    const cluster = new LocalCluster(plans.map((plan) => new SupervisedNode(plan, options)));
    try {
      await Promise.all(cluster.nodes.map((node) => node.started));
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get running(): readonly RunningNode[] {
    return this.nodes.map(({ name, pid, adminUrl }) => ({ name, pid, adminUrl }));
  }

  /** Drains every node; resolves with a text for each node that did not exit with code 0. */
  async stop(): Promise<readonly string[]> {
    const ends = await Promise.all(this.nodes.map((node) => node.stop()));
    return ends.filter((unclean) => unclean !== undefined);
  }

  /** Kills every node without draining it. */
  kill(): void {
    for (const node of this.nodes) node.kill();
  }
}
