/** A cluster of node processes on one machine, and its supervisor. */
export {
  LocalCluster,
  type LocalClusterOptions,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
  type RunningNode,
} from './local-cluster.ts';
