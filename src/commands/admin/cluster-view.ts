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
] as const;
/** What the member as a whole knows. */
const MEMBER_NUMBERS = [
  'topology_version',
  'complete_version',
  'clean_version',
  'replicas',
  'unreachable_members',
  // Since the last change of the topology.
  'keys_moved',
  'bytes_moved',
  'keys_left',
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
}

/** What a member shows of its cluster and of itself. */
export interface ClusterView {
  readonly cluster: string;
  /** The name of this member. */
  readonly member: string;
  /** Its own state; `removed` if the topology does not have it. */
  readonly state: string;
  readonly replication: string;
  /** How many members are in each state. */
  readonly members: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<ClusterNumber, number>>;
  /** The other members whose processes run. */
  readonly peers: readonly PeerView[];
}
