import { CLUSTER_NUMBERS, type ClusterView } from '../../commands/index.ts';
import type { MemberIdentity } from '../membership/membership.ts';

/** What a member shows until it follows a topology: it has no items yet. */
export function joiningView({ cluster, name }: MemberIdentity): ClusterView {
  const known = { membership_reachable: 1, seconds_left: -1 };
  const numbers = { ...Object.fromEntries(CLUSTER_NUMBERS.map((each) => [each, 0])), ...known };
  return {
    ...{ cluster, member: name, state: 'joining', replication: 'unknown' },
    ...{ role: 'node', members: {}, peers: [], events: [] },
    numbers: numbers as ClusterView['numbers'],
  };
}
