import type { ClusterTopology, Member } from '../../src/topology/cluster/cluster-topology.ts';

/** A member `web-N` that serves; the test changes what it is about. */
export function memberWith(nth: number, fields: Partial<Member> = {}): Member {
  return {
    name: `web-${nth}`,
    address: `10.0.0.${nth}:11211`,
    peerAddress: `10.0.0.${nth}:11212`,
    weight: 1,
    zone: '',
    incarnation: 1000 + nth,
    state: 'serving',
    ...fields,
  };
}

/** A cluster of `count` members that serve, with two nodes for each key. */
export function topologyWith(
  members: number | readonly Member[],
  fields: Partial<ClusterTopology> = {},
): ClusterTopology {
  return {
    cluster: 'web',
    version: 1,
    replicas: 2,
    replication: 'sync',
    members:
      typeof members === 'number'
        ? Array.from({ length: members }, (_, at) => memberWith(at + 1))
        : members,
    ...fields,
  };
}
