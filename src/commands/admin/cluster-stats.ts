import { CLUSTER_NUMBERS, type ClusterView } from './cluster-view.ts';
import type { WriteStat } from './inspect.ts';

/** Writes `stats cluster`: the topology, the work of this member, then a few rows for each peer. */
export function writeClusterStats(view: ClusterView, put: WriteStat): void {
  const { cluster, member, state, replication, members, numbers, peers } = view;
  put('cluster_name', cluster);
  put('member_name', member);
  put('member_state', state);
  put('replication', replication);
  for (const [name, count] of Object.entries(members)) put(`members_${name}`, count);
  for (const name of CLUSTER_NUMBERS) put(name, numbers[name]);
  for (const { name, linksUp, backlogBytes, unansweredRequests } of peers) {
    put(`peer:${name}:links_up`, linksUp);
    put(`peer:${name}:backlog_bytes`, backlogBytes);
    put(`peer:${name}:unanswered_requests`, unansweredRequests);
  }
}
