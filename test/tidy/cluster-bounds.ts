import { bytes, count, ms } from './amounts.ts';

/** The rows of docs/architecture.md, “What is bounded”, for changes and requests in a cluster. */
export const changeBounds = (the: (path: string, name: string) => number) => ({
  'changes to a receiver': [
    bytes(the('peer-delivery.ts', 'WINDOW_BYTES')),
    bytes(the('peer-delivery.ts', 'BATCH_BYTES_MIN')),
    bytes(the('peer-delivery.ts', 'BATCH_BYTES')),
    ms(the('peer-delivery.ts', 'RETRY_MS')),
    ms(the('peer-delivery.ts', 'UNREACHABLE_MS')),
    ms(the('peer-delivery.ts', 'LOST_MS')),
  ],
  'changes of a run of the fast path': [
    count(the('fast-path/region.ts', 'REGION.CHANGES_MAX')),
    bytes(the('fast-path/region.ts', 'REGION.CHANGED_KEYS_BYTES')),
    bytes(the('fast-path/region.ts', 'REGION.CHANGED_STATES_BYTES')),
  ],
  'changes without a reply in `async`': [count(the('thread/sender.ts', 'UNANSWERED_MAX'))],
  'changes of keys that were given away': [bytes(the('kept-states.ts', 'KEPT_BYTES_MAX'))],
  'changes that wait for a newer topology': [
    bytes(the('state-service.ts', 'WAITING_BYTES_MAX')),
    ms(the('topology-view.ts', 'ADOPTION_MS_MAX')),
  ],
  'requests of peers for undecided keys': [
    count(the('execution.ts', 'UNDECIDED_MAX')),
    ms(the('thread/seat.ts', 'HANDOVER_MS_MAX')),
  ],
  'tries of a forwarded request': [count(the('forwarder.ts', 'ATTEMPTS_MAX'))],
});

/** Those for changes of the topology. */
export const handoverBounds = (the: (path: string, name: string) => number) => ({
  handover: [
    count(the('thread/handover.ts', 'PAST_MAX')),
    count(the('thread/handover.ts', 'WAITERS_MAX')),
    ms(the('thread/seat.ts', 'HANDOVER_MS_MAX')),
    ms(the('thread/seat.ts', 'START_MS_MAX')),
  ],
  'earlier topologies of a fill': [count(the('node-cluster.ts', 'PAST_MAX'))],
  marks: [ms(the('mark-sender.ts', 'RETRY_MS'))],
  'flush of a cluster': [
    ms(the('cluster-flush.ts', 'FLUSH_MS_MAX')),
    ms(the('cluster-flush.ts', 'RETRY_MS')),
    count(the('cluster-flush.ts', 'ROUNDS_MAX')),
    ms(the('begun-flushes.ts', 'FINISH_MS')),
  ],
  'drop of what a member holds no more': [
    count(the('clean-walk.ts', 'KEYS_PER_SLICE')),
    count(the('clean-walk.ts', 'GROUPS_PER_SLICE')),
  ],
  'promises of members': [
    count(the('grants/grants.ts', 'QUESTIONS_PER_GRANT')),
    count(the('grants/grants.ts', 'QUICK_QUESTIONS_PER_GRANT')),
    count(the('grants/gone-members.ts', 'PAST_MAX')),
  ],
});

/** That for a proxy in front of nodes of no cluster. */
const proxyBounds = (the: (path: string, name: string) => number) => ({
  'node of a proxy': [
    count(the('proxy/node-connection.ts', 'WAITING_MAX')),
    bytes(the('proxy/node-connection.ts', 'UNSENT_BYTES_MAX')),
    bytes(the('proxy/reply-frames.ts', 'REPLY_BYTES_MAX')),
    ms(the('proxy/node-connection.ts', 'RETRY_MS_MAX')),
  ],
});

/** Those for a member and its supervisor. */
export const memberBounds = (the: (path: string, name: string) => number) => ({
  ...proxyBounds(the),
  'events that a member shows': [
    count(the('event-journal.ts', 'EVENTS_MAX')),
    count(the('event-journal.ts', 'REASON_CHARS_MAX')),
  ],
  'output to a peer': [
    bytes(the('frame-output.ts', 'WRITE_BYTES')),
    bytes(the('frame-output.ts', 'SINK_BYTES_KEPT')),
  ],
  'sample of a member': [
    ms(the('cluster-display.ts', 'DISPLAY_MS')),
    bytes(the('cluster-table.ts', 'TEXT_BYTES_MAX')),
  ],
  'order to join': [
    ms(the('membership/supervised.ts', 'JOIN_MS_MAX')),
    ms(the('membership/supervised.ts', 'REPORT_INTERVAL_MS')),
  ],
  'start of a cluster': [ms(the('cluster/local-cluster.ts', 'FOLLOW_MS_MAX'))],
  'restarts of a node that dies': [
    ms(the('restart-policy.ts', 'RESTART_DELAY_MS_MIN')),
    ms(the('restart-policy.ts', 'RESTART_DELAY_MS_MAX')),
  ],
  'past changes': [count(the('local-membership.ts', 'CHANGES_MAX'))],
});

/** Those for a cluster that etcd keeps. */
export const etcdBounds = (the: (path: string, name: string) => number) => ({
  'request to etcd': [
    ms(the('etcd-client.ts', 'ATTEMPT_MS')),
    count(the('etcd-url.ts', 'ENDPOINTS_MAX')),
    bytes(the('etcd/endpoint.ts', 'REPLY_BYTES_MAX')),
    count(the('etcd/endpoint.ts', 'CONNECTIONS_MAX')),
  ],
  'keys of a cluster in etcd': [
    count(the('prefix-follower.ts', 'KEYS_MAX')),
    count(the('etcd/driver.ts', 'HISTORY_MAX')),
    count(the('prefix-follower.ts', 'RETRY_MS_MIN')),
    ms(the('prefix-follower.ts', 'RETRY_MS_MAX')),
    ms(the('prefix-follower.ts', 'CHECK_MS')),
  ],
  'registration in etcd': [
    count(the('etcd/registration.ts', 'RENEWALS_PER_TTL')),
    ms(the('etcd/registration.ts', 'CHANGE_MS')),
    ms(the('etcd/registration.ts', 'REFRESH_MS')),
    ms(the('etcd/registration.ts', 'RETRY_MS')),
  ],
  'start of a node with etcd': [
    ms(the('etcd/secret.ts', 'OPEN_MS_MAX')),
    ms(the('etcd/secret.ts', 'RETRY_MS')),
    ms(the('etcd/reachable.ts', 'CONNECT_MS_MAX')),
  ],
  'drive of a cluster in etcd': [
    ms(the('etcd/driver.ts', 'RETRY_MS')),
    ms(the('etcd/complaints.ts', 'LATE_MS_MAX')),
  ],
  'change of nodes in etcd': [
    ms(the('change-lock.ts', 'LOCK_SECONDS') * 1000),
    count(the('change-lock.ts', 'RENEWALS_PER_LOCK')),
    ms(the('etcd/node-change.ts', 'POLL_MS')),
    ms(the('etcd/node-change.ts', 'STALL_MS_MAX')),
    ms(the('etcd/node-change.ts', 'NEWCOMER_MS_MAX')),
  ],
  'sentences of a node about etcd': [count(the('etcd-membership.ts', 'TOLD_MAX'))],
  'search for a cluster by a client': [
    count(the('cluster-topology.ts', 'MEMBERS_MAX')),
    ms(the('topology-feed.ts', 'NEXT_SEARCH_MS')),
  ],
  'events that `slabring events` follows': [count(the('cli/verbs/events.ts', 'SHOWN_MAX'))],
});
