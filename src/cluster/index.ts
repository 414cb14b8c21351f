/** A cluster of node processes on one machine, and its supervisor. */
export {
  LocalCluster,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
} from './local-cluster.ts';
