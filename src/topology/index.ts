/** What a cluster looks like: nodes, their addresses and weights, and where keys are placed. */
export {
  ADDRESS_FORMS,
  type Address,
  formatAddress,
  isEveryInterface,
  PORT_DEFAULT,
  PORT_MAX,
  parseAddress,
} from './address.ts';
export {
  answers,
  type ClusterTopology,
  isAtRest,
  isProxy,
  MEMBERS_MAX,
  type Member,
  type MemberState,
  memberOf,
  REPLICAS_MAX,
  type ReplicationMode,
  STATE_RULES,
} from './cluster/cluster-topology.ts';
export { commonArcs } from './cluster/common-arcs.ts';
export type { Group } from './cluster/group-table.ts';
export { KeyGroups, keepersOf, type SharedGroups } from './cluster/key-groups.ts';
export { type ChangePlan, planChange } from './cluster/plan.ts';
export {
  finishedTopology,
  type NodeReport,
  nextTopology,
  type TopologyStep,
  unfinished,
} from './cluster/policy.ts';
export { decodeTopology, encodeTopology, readMember } from './cluster/topology-codec.ts';
export {
  firstTopology,
  type NewMember,
  withChangeGivenUp,
  withDown,
  withJoined,
  withLeaving,
  withReplaced,
  withRestarted,
} from './cluster/transitions.ts';
export { diffTopology, sameNodes } from './diff.ts';
export { type NodeAddress, type NodeSpec, readNodes } from './node.ts';
export {
  type Placement,
  type PreviousPlacement,
  previousOwners,
  recordPlacement,
} from './placement-history.ts';
export { createDistribution, DISTRIBUTION_NAMES, KEY_HASH_NAMES } from './ring/create.ts';
export type { Distribution, DistributionName, KeyHashName } from './ring/distribution.ts';
export { type KnownNode, NODES_MAX, type Topology } from './topology.ts';
export { TopologyError } from './topology-error.ts';
