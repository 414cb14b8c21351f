import { type Distribution, type RingKey, singletons } from './distribution.ts';
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

  constructor(nodeCount: number) {
    this.#nodeCount = nodeCount;
    this.#singletons = singletons(nodeCount);
  }

  ownerOf(key: RingKey): number {
    return hashKey(key, oneAtATime) % this.#nodeCount;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const owner = this.ownerOf(key);
    if (count <= 1) return this.#singletons[owner]!;
    const length = Math.min(count, this.#nodeCount);
    return Array.from({ length }, (_, after) => (owner + after) % this.#nodeCount);
  }
}
