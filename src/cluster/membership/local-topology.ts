/** The topologies that only a supervisor can make: it has seen how each process ended. */
import {
  type ClusterTopology,
  type Member,
  type MemberState,
  memberOf,
  type NewMember,
  TopologyError,
} from '../../topology/index.ts';

interface FirstOptions {
  readonly cluster: string;
  readonly replicas: number;
  readonly replication: ClusterTopology['replication'];
  readonly kept: ClusterTopology | undefined;
  readonly versionMin: number;
}

/**
 * The topology with which all nodes of a cluster begin. In a new cluster nobody has items, so all
 * members serve. After a stop of the whole those serve that served before and have their items
 * again; the others get theirs. If nobody has items, all members serve.
 */
export function startedTopology(
  { cluster, replicas, replication, kept, versionMin }: FirstOptions,
  started: readonly NewMember[],
  hasItems: (name: string) => boolean,
): ClusterTopology {
  const version = Math.max(versionMin, (kept?.version ?? 0) + 1);
  const members = started.map((member): Member => {
    const before = kept && memberOf(kept, member.name);
    const state = kept && stateAfterStop(before, hasItems(member.name), replicas);
    // A member that has given its items away has no weight until it is removed.
    const { weight } = before ?? member;
    return { ...member, weight, state: state ?? 'serving' };
  });
  const isEmpty = members.every(({ state }) => state !== 'serving' && state !== 'leaving');
  const serving = started.map((member): Member => ({ ...member, state: 'serving' }));
  return { cluster, version, replicas, replication, members: isEmpty ? serving : members };
}

function stateAfterStop(
  before: Member | undefined,
  hasItems: boolean,
  replicas: number,
): MemberState {
  if (before?.weight === 0) return before.state;
  switch (before?.state) {
    case 'serving':
    case 'leaving':
      // With one copy nobody else can fill it.
      return hasItems || replicas === 1 ? before.state : 'filling';
    case undefined:
    case 'joining':
      return 'joining';
    default:
      return 'filling';
  }
}

/**
 * A member has come back with all its items, and nobody has answered for its keys in between.
 * @throws {TopologyError} if there is no such member.
 */
export function withReturned(
  topology: ClusterTopology,
  name: string,
  incarnation: number,
  peerAddress: string,
): ClusterTopology {
  const member = memberOf(topology, name);
  if (member === undefined) throw new TopologyError(`The cluster has no member ${name}.`);
  const returned = { ...member, incarnation, peerAddress };
  const members = topology.members.map((each) => (each === member ? returned : each));
  return { ...topology, version: topology.version + 1, members };
}
