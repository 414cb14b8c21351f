/** What the threads of a member count, since its process has started; the view has the sums. */
export const THREAD_NUMBERS = [
  // Requests of clients that were sent to the primaries of their keys, each once.
  'forwards_sent',
  'forwards_retried',
  'forwards_failed',
  // Now: those that wait for another topology or for a link.
  'forwards_waiting',
  // Requests of other members that were executed here.
  'forwards_served',
  'forward_disagreements',
  // Waits for keys that another member may still have answered.
  'undecided_waits',
  // States of keys to receivers, with those sent again.
  'changes_sent',
  'changes_resent',
  'changes_refused',
  // Of a proxy that meters what its clients use, in whole ECPU; else 0, as the next one.
  'ecpu_used',
  // Times that a client had to wait because of the limit.
  'throttled_waits',
] as const;
/** What the member as a whole knows. */
const MEMBER_NUMBERS = [
  'topology_version',
  'complete_version',
  'clean_version',
  'replicas',
  'unreachable_members',
  // 1; 0 while etcd cannot be reached.
  'membership_reachable',
  // Times that it became the primary of keys of a member that was down, since its start.
  'takeovers',
  // Since the last change of the topology.
  'keys_moved',
  'bytes_moved',
  // About how many are left to send, and how fast they go; 0 at rest.
  'keys_left',
  'bytes_left',
  'keys_per_second',
  'bytes_per_second',
  // -1 while it is not known.
  'seconds_left',
] as const;
/** In the order of `stats cluster`. */
export const CLUSTER_NUMBERS = [...MEMBER_NUMBERS, ...THREAD_NUMBERS] as const;

export type ThreadNumber = (typeof THREAD_NUMBERS)[number];
export type ClusterNumber = (typeof CLUSTER_NUMBERS)[number];

/** What the threads of a node have open to one other member: sums over the threads. */
export interface PeerView {
  readonly name: string;
  /** Each thread has one link, so at best as many as there are threads. */
  readonly linksUp: number;
  /** Bytes of requests that the kernel has not taken. */
  readonly backlogBytes: number;
  /** Requests without a reply: forwards, and batches of changes. */
  readonly unansweredRequests: number;
  /** The age of the oldest change that it has not acknowledged, in milliseconds; 0 for none. */
  readonly lagMs: number;
}

/** What happens to a member of a cluster. */
export const CLUSTER_EVENTS = [
  // The process that shows the event follows its first topology.
  'started',
  'join',
  'fill-began',
  'fill-ended',
  'fill-given-up',
  'leave',
  'leave-given-up',
  'left',
  'death',
  // A member is back with its items.
  'return',
  // The member that shows the event answers for keys of one that is down.
  'takeover',
  // A member has not taken changes for a while; it takes them again.
  'peer-lags',
  'peer-in-sync',
  'membership-lost',
  'membership-back',
] as const;
export type ClusterEventKind = (typeof CLUSTER_EVENTS)[number];

export interface ClusterEvent {
  /** Counts the events of the process that shows it, from 1. */
  readonly nth: number;
  /** Milliseconds since the Unix epoch. */
  readonly atMs: number;
  readonly kind: ClusterEventKind;
  /** The member that it happened to. */
  readonly node: string;
  /** The topology of that moment. */
  readonly version: number;
  /** Who decided it: `operator`, `supervisor`, or the name of a member. */
  readonly by: string;
  readonly reason: string;
}

/** What a member shows of its cluster and of itself. */
export interface ClusterView {
  readonly cluster: string;
  /** The name of this member. */
  readonly member: string;
  /** Its own state; `removed` if the topology does not have it. */
  readonly state: string;
  /** A proxy holds no keys. */
  readonly role: 'node' | 'proxy';
  readonly replication: string;
  /** How many members are in each state. */
  readonly members: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<ClusterNumber, number>>;
  /** The other members whose processes run. */
  readonly peers: readonly PeerView[];
  /** The last ones, the newest at the end. */
  readonly events: readonly ClusterEvent[];
}
