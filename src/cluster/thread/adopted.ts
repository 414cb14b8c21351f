import {
  type ClusterTopology,
  isProxy,
  KeyGroups,
  type Member,
  type SharedGroups,
  STATE_RULES,
} from '../../topology/index.ts';

/** The incarnation of a member: a restarted one is another peer. */
export interface PeerIdentity {
  readonly name: string;
  readonly incarnation: number;
}

/** A topology as one member sees it. */
export interface Adopted {
  readonly topology: ClusterTopology;
  readonly groups: KeyGroups;
  /** The index of this member; -1 if the topology does not have it. */
  readonly self: number;
}

/** `shared`: the groups of the topology, if another thread has computed them. */
export function adoptedBy(
  topology: ClusterTopology,
  self: PeerIdentity,
  shared?: SharedGroups,
): Adopted {
  const groups = KeyGroups.of(topology, shared);
  return { topology, groups, self: indexOfPeer(topology, self) };
}

/** The index of this incarnation; -1 if the topology does not have it. */
export function indexOfPeer({ members }: ClusterTopology, peer: PeerIdentity): number {
  return members.findIndex((member) => isSame(member, peer));
}

/** Whether the process of this incarnation may still run, as far as the topology says. */
export function mayRun(topology: ClusterTopology, peer: PeerIdentity): boolean {
  const member = topology.members[indexOfPeer(topology, peer)];
  return member !== undefined && STATE_RULES[member.state].isUp;
}

/**
 * The other members that this one talks to: their processes run, and may have items. Nobody needs
 * to reach a proxy.
 */
export function peersOf({ topology, self }: Adopted): readonly Member[] {
  return topology.members.filter(
    (member, at) => at !== self && STATE_RULES[member.state].isUp && !isProxy(member),
  );
}

export function isSame(one: PeerIdentity, other: PeerIdentity): boolean {
  return one.name === other.name && one.incarnation === other.incarnation;
}

/** A text for each incarnation, for tables. */
export function peerKey({ name, incarnation }: PeerIdentity): string {
  return `${name}#${incarnation}`;
}
