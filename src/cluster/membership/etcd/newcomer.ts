import {
  type ClusterTopology,
  type Member,
  memberOf,
  type NewMember,
} from '../../../topology/index.ts';
import { isSame, type PeerIdentity } from '../../thread/adopted.ts';
import type { ClusterState } from './cluster-keys.ts';

/** The process of a node that is new in a cluster. */
export type Newcomer = NewMember;

/** Members and processes that are no news to a command. */
type Known = readonly PeerIdentity[];

/** What a command that begins now knows: those that serve. */
export const knownMembers = ({ members }: ClusterTopology): Known =>
  members.filter(({ state }) => state !== 'joining');

/**
 * The node that joins, or has joined since the command began, or else a process that waits to join.
 * @param name of the node; undefined: any, but no proxy
 */
export function newcomerIn(
  topology: ClusterTopology,
  { nodes, removals }: Pick<ClusterState, 'nodes' | 'removals'>,
  known: Known,
  name: string | undefined,
): Newcomer | undefined {
  const isWanted = (member: NewMember): boolean =>
    name === undefined ? member.weight > 0 : member.name === name;
  const isNews = (member: PeerIdentity): boolean => !known.some((one) => isSame(one, member));
  const joined = topology.members.find((member) => isWanted(member) && isNews(member));
  if (joined !== undefined) return joined;
  const waiting = nodes.find(
    ({ member, report }) =>
      isWanted(member) &&
      report.adopted === 0 &&
      memberOf(topology, member.name) === undefined &&
      !removals.some((one) => isSame(one, member)),
  );
  return waiting?.member;
}

/** What a plan says of a node that nobody knows yet: it is like `like`, if that is given. */
export function unknownNewcomer(name = 'new-node', like?: Member) {
  const { weight = 1, zone = '' } = like ?? {};
  return { name, address: 'new-node:11211', weight, zone } as const;
}
