/** The metrics of a node in a cluster; other nodes have none of them. */
import type { ClusterNumber, PeerView } from '../../commands/index.ts';
import { counter, gauge, labelled, type Metric, pointsOf } from './metric.ts';
import type { MetricSample } from './sample.ts';

const number =
  (name: ClusterNumber) =>
  ({ cluster }: MetricSample): number | undefined =>
    cluster?.numbers[name];

const MS_PER_SECOND = 1000;

/** A number of each other member whose process runs. */
const ofPeer = (name: string, help: string, read: (peer: PeerView) => number): Metric =>
  labelled('gauge', name, help, ['peer'], ({ cluster }) =>
    (cluster?.peers ?? []).map((peer) => ({ labels: [peer.name], value: read(peer) })),
  );

const TOPOLOGY_METRICS: readonly Metric[] = [
  labelled(
    'info',
    'slabring_cluster_info',
    'The names of the cluster and of this member, and how changes are acknowledged; always 1.',
    ['name', 'member', 'replication'],
    ({ cluster }) =>
      cluster === undefined
        ? []
        : [{ labels: [cluster.cluster, cluster.member, cluster.replication], value: 1 }],
  ),
  labelled(
    'gauge',
    'slabring_cluster_member_state',
    'Whether this member is in this state; all 0 if it has been removed.',
    ['state'],
    ({ cluster }) =>
      Object.keys(cluster?.members ?? {}).map((state) => ({
        labels: [state],
        value: cluster?.state === state ? 1 : 0,
      })),
  ),
  labelled(
    'gauge',
    'slabring_cluster_members',
    'Members of the cluster by state.',
    ['state'],
    ({ cluster }) => pointsOf(cluster?.members ?? {}),
  ),
  gauge('slabring_cluster_replicas', 'Nodes that hold each key.', number('replicas')),
  labelled(
    'gauge',
    'slabring_cluster_version',
    'The last topology that this member has adopted, for which its receivers have all items ' +
      '(complete), and for which it has dropped what it does not hold (clean).',
    ['step'],
    ({ cluster }) =>
      pointsOf({
        adopted: cluster?.numbers.topology_version,
        complete: cluster?.numbers.complete_version,
        clean: cluster?.numbers.clean_version,
      }),
  ),
  gauge(
    'slabring_cluster_membership_reachable',
    'Whether what keeps the topology can be reached; 0 during an outage of etcd.',
    number('membership_reachable'),
  ),
  counter(
    'slabring_cluster_takeovers_total',
    'Times that this member became the primary of keys of a member that was down.',
    number('takeovers'),
  ),
  gauge(
    'slabring_cluster_unreachable_members',
    'Members that do not take changes, or do not reply, as this one sees it.',
    number('unreachable_members'),
  ),
];

const WORK_METRICS: readonly Metric[] = [
  gauge(
    'slabring_cluster_keys_moved',
    'Items sent to other members since the last change of the topology.',
    number('keys_moved'),
  ),
  gauge('slabring_cluster_moved_bytes', 'The bytes of those items.', number('bytes_moved')),
  gauge(
    'slabring_cluster_keys_left',
    'About how many items are left to send; 0 at rest.',
    number('keys_left'),
  ),
  gauge('slabring_cluster_left_bytes', 'About the bytes of those items.', number('bytes_left')),
  gauge(
    'slabring_cluster_keys_per_second',
    'How many items it sends in a second, over the last ones; 0 at rest.',
    number('keys_per_second'),
  ),
  gauge(
    'slabring_cluster_bytes_per_second',
    'The bytes of those items.',
    number('bytes_per_second'),
  ),
  gauge(
    'slabring_cluster_move_seconds',
    'About how long the rest takes at the pace of the last seconds; none while it is not known.',
    (sample) => {
      const seconds = number('seconds_left')(sample);
      return seconds === -1 ? undefined : seconds;
    },
  ),
  counter(
    'slabring_cluster_forwards_total',
    'Requests of clients that went to other members.',
    number('forwards_sent'),
  ),
  counter(
    'slabring_cluster_forward_retries_total',
    'Times that such a request was sent again, for another topology or a lost link.',
    number('forwards_retried'),
  ),
  counter(
    'slabring_cluster_forward_failures_total',
    'Such requests for which the client got an error of this node.',
    number('forwards_failed'),
  ),
  counter(
    'slabring_cluster_forward_disagreements_total',
    'Such requests whose primary two members did not agree on; always 0.',
    number('forward_disagreements'),
  ),
  gauge(
    'slabring_cluster_forwards_waiting',
    'Such requests that wait for another topology or for a link.',
    number('forwards_waiting'),
  ),
  counter(
    'slabring_cluster_requests_served_total',
    'Requests of other members that this one has executed.',
    number('forwards_served'),
  ),
  counter(
    'slabring_cluster_undecided_waits_total',
    'Waits for keys that another member may still have answered.',
    number('undecided_waits'),
  ),
  counter(
    'slabring_cluster_changes_sent_total',
    'States of changed keys to their other holders, with those sent again.',
    number('changes_sent'),
  ),
  counter(
    'slabring_cluster_changes_resent_total',
    'Those of them that were sent again: refused, or without an acknowledgement.',
    number('changes_resent'),
  ),
  counter(
    'slabring_cluster_changes_refused_total',
    'Those that the other holder refused because it had a newer number.',
    number('changes_refused'),
  ),
  counter(
    'slabring_cluster_ecpu_total',
    'What the clients of a proxy with --ecpu-limit have used, in ECPU of ElastiCache.',
    number('ecpu_used'),
  ),
  counter(
    'slabring_cluster_throttled_waits_total',
    'Requests to such a proxy that had to wait, because all clients used more than the limit.',
    number('throttled_waits'),
  ),
];

const PEER_METRICS: readonly Metric[] = [
  ofPeer(
    'slabring_cluster_links_up',
    'Links to the other member; each thread has one.',
    ({ linksUp }) => linksUp,
  ),
  ofPeer(
    'slabring_cluster_backlog_bytes',
    'Bytes to the other member that the kernel has not taken.',
    ({ backlogBytes }) => backlogBytes,
  ),
  ofPeer(
    'slabring_cluster_unanswered_requests',
    'Requests to the other member without a reply: forwards, and batches of changes.',
    ({ unansweredRequests }) => unansweredRequests,
  ),
  ofPeer(
    'slabring_cluster_lag_seconds',
    'Age of the oldest change that the other member has not acknowledged; 0 for none.',
    ({ lagMs }) => lagMs / MS_PER_SECOND,
  ),
];

export const CLUSTER_METRICS: readonly Metric[] = [
  ...TOPOLOGY_METRICS,
  ...WORK_METRICS,
  ...PEER_METRICS,
];
