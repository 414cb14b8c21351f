/** A key as callers and the wire have it; a string is hashed as its UTF-8 bytes. */
export type RingKey = string | Uint8Array;

/**
 * Where keys live: a pure function of a key and of the list of nodes that it was made with. Nodes are
 * named by their index in that list. The answers never change; another list is another distribution.
 */
export interface Distribution {
  /** The node that owns `key`: `ownersOf(key, 1)[0]`, on the hot path. */
  ownerOf(key: RingKey): number;
  /**
   * The owner of `key`, then the nodes that come after it, all distinct: for replicas and for
   * failover. `count` (from 1) of them, or all nodes when there are fewer. A list for a smaller
   * `count` is the beginning of the one for a larger. With a `count` of 1 nothing is allocated.
   */
  ownersOf(key: RingKey, count: number): readonly number[];
}

/** `[0]`, `[1]`, …: made once, so that an answer of one owner costs no list. */
export function singletons(count: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, node) => [node]);
}

/** The ways to place keys; the class of each says what it is compatible with, and what it costs. */
export type DistributionName = 'ketama' | 'modulo' | 'jump' | 'rendezvous';
