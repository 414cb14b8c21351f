import {
  CLUSTER_NUMBERS,
  type ClusterNumber,
  type ClusterView,
} from '../../src/commands/admin/cluster-view.ts';

/** A view of the member web-1, in which each number differs from all others. */
export function clusterViewWith(fields: Partial<ClusterView> = {}): ClusterView {
  const numbers = CLUSTER_NUMBERS.map((name, at): [ClusterNumber, number] => [name, at + 1]);
  return {
    cluster: 'web',
    member: 'web-1',
    state: 'serving',
    role: 'node',
    replication: 'sync',
    members: { joining: 0, serving: 2 },
    numbers: Object.fromEntries(numbers) as ClusterView['numbers'],
    peers: [{ name: 'web-2', linksUp: 2, backlogBytes: 70, unansweredRequests: 3, lagMs: 1500 }],
    events: [
      {
        nth: 4,
        atMs: 1_795_995_316_123,
        kind: 'death',
        node: 'web-3',
        version: 9,
        by: 'supervisor',
        reason: 'web-3 has ended',
      },
    ],
    ...fields,
  };
}
