/** What commands show of a cluster in etcd. */
import {
  type ClusterTopology,
  isAtRest,
  type Member,
  unfinished,
} from '../../../topology/index.ts';
import {
  type MemberStatus,
  type MembersReply,
  type Moved,
  progressOf,
} from '../../changes/change-events.ts';
import { isSame } from '../../thread/adopted.ts';
import type { ClusterState, RegisteredNode } from './cluster-keys.ts';

/** The registered process of a member's present incarnation. */
export const processOf = (
  member: Pick<Member, 'name' | 'incarnation'>,
  nodes: readonly RegisteredNode[],
): RegisteredNode | undefined => nodes.find((node) => isSame(node.member, member));

export function movedOf({ nodes }: ClusterState): Moved {
  const sum = { keysMoved: 0, bytesMoved: 0, keysLeft: 0 };
  for (const { report } of nodes) {
    sum.keysMoved += report.keysMoved;
    sum.bytesMoved += report.bytesMoved;
    sum.keysLeft += report.keysLeft;
  }
  return sum;
}

/** What the change under way waits for, as sentences. */
export const waitsFor = (topology: ClusterTopology, { nodes }: ClusterState): readonly string[] =>
  isAtRest(topology)
    ? []
    : unfinished(
        topology,
        nodes.map(({ report }) => report),
      );

export function membersOf(topology: ClusterTopology, state: ClusterState): MembersReply {
  const { members, ...rest } = topology;
  return {
    event: 'members',
    ...rest,
    members: members.map((member) => statusOf(member, topology, state)),
    waitsFor: waitsFor(topology, state),
    changes: state.changes,
  };
}

function statusOf(
  member: Member,
  { version }: ClusterTopology,
  { nodes }: ClusterState,
): MemberStatus {
  const { report, facts } = processOf(member, nodes) ?? {};
  const { items, bytes, memoryLimitBytes } = facts ?? {};
  const held = { items, bytes, memoryLimitBytes };
  return { ...member, pid: undefined, ...held, ...progressOf(report, version) };
}
