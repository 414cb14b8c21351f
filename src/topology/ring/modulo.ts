import { type Distribution, type KeyHash, type RingKey, singletons } from './distribution.ts';
import { hashKey } from './key-bytes.ts';
import { oneAtATime } from './one-at-a-time.ts';

/**
 * libmemcached's default (MEMCACHED_DISTRIBUTION_MODULA with MEMCACHED_HASH_DEFAULT), which is also
 * the default of PHP and pylibmc: the hash modulo the number of nodes. It depends on the order and
 * the number of the nodes: one more node moves nearly every key. Replicas are on the nodes that
 * follow in the list, as with libmemcached.
 */
export class ModuloDistribution implements Distribution {
  readonly #nodeCount: number;
  readonly #singletons: readonly (readonly number[])[];
  readonly #hash: KeyHash;

  constructor(nodeCount: number, hash: KeyHash = oneAtATime) {
    this.#nodeCount = nodeCount;
    this.#hash = hash;
    this.#singletons = singletons(nodeCount);
  }

  ownerOf(key: RingKey): number {
    return hashKey(key, (bytes, end) => this.#hash(bytes, 0, end)) % this.#nodeCount;
  }

  ownerAt(bytes: Uint8Array, start: number, end: number): number {
    return this.#hash(bytes, start, end) % this.#nodeCount;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const owner = this.ownerOf(key);
    if (count <= 1) return this.#singletons[owner]!;
    const length = Math.min(count, this.#nodeCount);
    return Array.from({ length }, (_, after) => (owner + after) % this.#nodeCount);
  }
}
