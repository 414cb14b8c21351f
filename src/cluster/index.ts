/** A cluster: its nodes, their membership, and the supervisor of those on one machine. */
export type {
  ChangeAction,
  ChangedNode,
  ChangeRequest,
  MemberStatus,
  MembersReply,
  PlannedChange,
} from './changes/change-events.ts';
export { NodeChanges } from './changes/node-changes.ts';
export {
  type FoundSupervisor,
  findSupervisors,
  order,
  supervisorOf,
} from './control/control-client.ts';
export { ControlServer } from './control/control-server.ts';
export { type ControlReply, type ControlRequest, PAUSE_SECONDS_MAX } from './control/messages.ts';
export { openPrivateFolder } from './control/private-folder.ts';
export {
  isAnswered,
  ORPHANS_MS_MAX,
  type RunEntry,
  registerSupervisor,
  socketIn,
} from './control/run-entry.ts';
export { LocalCluster } from './local-cluster.ts';
export { orderInEtcd } from './membership/etcd/etcd-changes.ts';
export type { EtcdOptions } from './membership/etcd/etcd-client.ts';
export { etcdEndpoints } from './membership/etcd/etcd-url.ts';
export { LocalMembership } from './membership/local-membership.ts';
export type { Membership, Renewal } from './membership/membership.ts';
export { ProxyMembership } from './membership/proxy-membership.ts';
export { SupervisedMembership } from './membership/supervised.ts';
export type { MainCluster } from './node/main-cluster.ts';
export type { NodeFacts } from './node-messages.ts';
export type { PlannedRestart, RestartedNode } from './rolling-restart.ts';
export {
  type Inherited,
  type NodeEvent,
  type NodePlan,
  NodeStartError,
} from './supervised-node.ts';
