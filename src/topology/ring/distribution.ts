/** A key; a string is hashed as its UTF-8 bytes. */
export type RingKey = string | Uint8Array;

/**
 * Places keys on nodes: a pure function of a key and of the list of nodes that the distribution was
 * created with. It names a node by its index in that list. Another list needs another distribution.
 */
export interface Distribution {
  /** The node that owns `key`: `ownersOf(key, 1)[0]`, for the hot path. */
  ownerOf(key: RingKey): number;
  /** The node that owns the key `bytes[start, end)`. */
  ownerAt(bytes: Uint8Array, start: number, end: number): number;
  /**
   * The owner of `key`, then the nodes that follow it, all distinct, for replicas and failover:
   * `count` nodes (at least 1), or all nodes if there are fewer. The list for a smaller `count` is
   * a prefix of the list for a larger one. With a `count` of 1 the call allocates nothing.
   */
  ownersOf(key: RingKey, count: number): readonly number[];
}

/** `[0]`, `[1]`, …: created once, so that `ownersOf(key, 1)` allocates no list. */
export function singletons(count: number): readonly (readonly number[])[] {
  return Array.from({ length: count }, (_, node) => [node]);
}

/**
 * How a proxy may hash keys for `ketama` and `modulo`, by twemproxy's names. Clients of
 * libmemcached use `md5` with ketama and `one_at_a_time` with modulo; `fnv1a_64` is the default of
 * twemproxy.
 */
export type KeyHashName = 'md5' | 'one_at_a_time' | 'fnv1a_64';

/** The hash of the key `bytes[start, end)`, an unsigned 32-bit number. */
export type KeyHash = (bytes: Uint8Array, start: number, end: number) => number;

/** The distributions; the class of each says what it is compatible with and what it costs. */
export type DistributionName = 'ketama' | 'modulo' | 'jump' | 'rendezvous';
