import type { RegisteredNode } from '../../../../../src/cluster/membership/etcd/cluster-keys.ts';
import type { ClusterTopology, Member, MemberState } from '../../../../../src/topology/index.ts';
import { NOTHING_MOVED } from '../../../../support/nothing-moved.ts';

export const SETTINGS = { cluster: 'web', replicas: 2, replication: 'sync' } as const;

/** Member `a` is at 10.0.0.97, after its letter. */
export function member(name: string, state: MemberState = 'serving', incarnation = 1): Member {
  const host = `10.0.0.${name.charCodeAt(0)}`;
  const address = `${host}:11211`;
  return { name, address, peerAddress: `${host}:11311`, weight: 1, zone: '', incarnation, state };
}

export const topologyOf = (version: number, ...members: readonly Member[]): ClusterTopology => ({
  ...SETTINGS,
  version,
  members,
});

/** A registered process, which has done all for a version of the topology. */
export function registered(
  name: string,
  version: number,
  { incarnation = 1, unreachable = [] as readonly string[] } = {},
): RegisteredNode {
  const versions = { adopted: version, complete: version, clean: version };
  return {
    member: member(name, 'joining', incarnation),
    facts: undefined,
    hasEnded: false,
    report: { name, incarnation, ...versions, ...NOTHING_MOVED, unreachable },
  };
}
