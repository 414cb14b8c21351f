import { CLUSTER_NUMBERS, type ClusterEvent, type ClusterView } from './cluster-view.ts';
import type { WriteStat } from './inspect.ts';

const MS_PER_SECOND = 1000;

/**
 * Writes `stats cluster`: the topology, the work of this member, a few rows for each peer, and the
 * last events.
 */
export function writeClusterStats(view: ClusterView, put: WriteStat): void {
  const { cluster, member, state, role, replication, members, numbers, peers, events } = view;
  put('cluster_name', cluster);
  put('member_name', member);
  put('member_state', state);
  put('member_role', role);
  put('replication', replication);
  for (const [name, count] of Object.entries(members)) put(`members_${name}`, count);
  for (const name of CLUSTER_NUMBERS) put(name, numbers[name]);
  for (const { name, linksUp, backlogBytes, unansweredRequests, lagMs } of peers) {
    put(`peer:${name}:links_up`, linksUp);
    put(`peer:${name}:backlog_bytes`, backlogBytes);
    put(`peer:${name}:unanswered_requests`, unansweredRequests);
    put(`peer:${name}:lag_ms`, lagMs);
  }
  for (const event of events) put(`event:${event.nth}`, eventText(event));
}

/** Such as `1795995316.123 death node-2 12 supervisor node-2 has ended`. */
function eventText({ atMs, kind, node, version, by, reason }: ClusterEvent): string {
  return `${(atMs / MS_PER_SECOND).toFixed(3)} ${kind} ${node} ${version} ${by} ${reason}`;
}
