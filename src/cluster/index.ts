/** A cluster of node processes on one machine, and its supervisor. */
export {
  type FoundSupervisor,
  findSupervisors,
  order,
  supervisorOf,
} from './control/control-client.ts';
export { ControlServer } from './control/control-server.ts';
export { type ControlReply, PAUSE_SECONDS_MAX } from './control/messages.ts';
export { openPrivateFolder } from './control/private-folder.ts';
export { isAnswered, type RunEntry, registerSupervisor, socketIn } from './control/run-entry.ts';
export { LocalCluster } from './local-cluster.ts';
export type { PlannedRestart, RestartedNode } from './rolling-restart.ts';
export {
  type Inherited,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
} from './supervised-node.ts';
