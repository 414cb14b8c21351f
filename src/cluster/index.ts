/** Which nodes exist, and how they come to be. */
export {
  LocalCluster,
  type LocalClusterOptions,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
  type RunningNode,
} from './local-cluster.ts';
