/** The document that says what a cluster is; docs/decisions/0031-cluster.md has the reasons. */

/**
 * What a member may do. `STATE_RULES` is the whole meaning of a state:
 *
 *     (new) -> joining -> serving -> leaving -> (removed)
 *                        |  ^           |
 *                        v  |           v
 *                      down -> filling  gone -> (removed)
 */
export type MemberState = 'joining' | 'filling' | 'serving' | 'leaving' | 'down' | 'gone';

interface StateRule {
  /** The member has points in the ring in force, which decides the primary of each key. */
  readonly inRing: boolean;
  /** It has points in the next ring: the ring in force after the change that is under way. */
  readonly inNextRing: boolean;
  /** It can be primary: it has the items of its keys. */
  readonly answers: boolean;
  /** Its process runs: primaries send it the changes of the keys that it receives. */
  readonly isUp: boolean;
}

export const STATE_RULES: Readonly<Record<MemberState, StateRule>> = {
  /** A new member that gets its items. */
  joining: { inRing: false, inNextRing: true, answers: false, isUp: true },
  /** A new incarnation of a member, which gets its items again. */
  filling: { inRing: true, inNextRing: true, answers: false, isUp: true },
  serving: { inRing: true, inNextRing: true, answers: true, isUp: true },
  /** It gives its items to the others. */
  leaving: { inRing: true, inNextRing: false, answers: true, isUp: true },
  /** Its process has ended; it may come back as a new incarnation. */
  down: { inRing: true, inNextRing: true, answers: false, isUp: false },
  /** It is down and leaves the cluster. */
  gone: { inRing: true, inNextRing: false, answers: false, isUp: false },
};

export interface Member {
  /** Unique in the cluster: letters, digits, `.`, `_` and `-`. */
  readonly name: string;
  /** `host:port` for clients; the ring hashes it, so that all clients place keys alike. */
  readonly address: string;
  /** `host:port` for the other members. */
  readonly peerAddress: string;
  /** The share of the keys, a whole number; a member of weight 0 never holds a key (a proxy). */
  readonly weight: number;
  /** Holders of a key are in distinct zones while there are enough; '' is no zone. */
  readonly zone: string;
  /** The number that this start of the process drew, 1 or more. */
  readonly incarnation: number;
  readonly state: MemberState;
}

export type ReplicationMode = 'sync' | 'async';

export interface ClusterTopology {
  /** The name of the cluster. */
  readonly cluster: string;
  /** Rises by 1 with each change; the first topology has version 1. */
  readonly version: number;
  /** The number of members that hold each key, 1 … REPLICAS_MAX. */
  readonly replicas: number;
  /** Whether a change is acknowledged when all its receivers have it, or when the primary has. */
  readonly replication: ReplicationMode;
  /** At most MEMBERS_MAX; names, addresses and peer addresses are distinct. */
  readonly members: readonly Member[];
}

/** Each member talks to each other one. */
export const MEMBERS_MAX = 100;
export const REPLICAS_MAX = 8;
export const WEIGHT_MAX = 1000;
/** The versions that a cluster config can carry: 15 digits. */
export const VERSION_MAX = 999_999_999_999_999;

/** The member of this name, if the topology has one. */
export function memberOf(topology: ClusterTopology, name: string): Member | undefined {
  return topology.members.find((member) => member.name === name);
}

/** Whether a member can be the primary of a key now. */
export function answers({ weight, state }: Member): boolean {
  return weight > 0 && STATE_RULES[state].answers;
}

/**
 * Whether a member forwards all requests: its process has had no weight since its start. One that
 * leaves has lost its weight, and may still answer.
 */
export function isProxy({ weight, state }: Pick<Member, 'weight' | 'state'>): boolean {
  return weight === 0 && state === 'serving';
}

/** Whether no member joins, leaves or is filled. A member may be down. */
export function isAtRest({ members }: ClusterTopology): boolean {
  return members.every(({ state }) => state === 'serving' || state === 'down');
}
