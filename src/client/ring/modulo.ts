import { type Distribution, type RingKey, singletons } from './distribution.ts';
import { hashKey } from './key-bytes.ts';
import { oneAtATime } from './one-at-a-time.ts';

/**
 * libmemcached's default (MEMCACHED_DISTRIBUTION_MODULA with MEMCACHED_HASH_DEFAULT): the hash modulo
 * the number of nodes, as PHP and pylibmc place keys unless told otherwise. The order of the nodes
 * counts, and so does their number: one more moves nearly every key. Replicas are on the nodes that
 * follow in the list, as libmemcached's are.
 */
export class ModuloDistribution implements Distribution {
  readonly #nodes: number;
  readonly #singles: readonly (readonly number[])[];

  constructor(nodeCount: number) {
    this.#nodes = nodeCount;
    this.#singles = singletons(nodeCount);
  }

  ownerOf(key: RingKey): number {
    return hashKey(key, oneAtATime) % this.#nodes;
  }

  ownersOf(key: RingKey, count: number): readonly number[] {
    const owner = this.ownerOf(key);
    if (count <= 1) return this.#singles[owner]!;
    const length = Math.min(count, this.#nodes);
    return Array.from({ length }, (_, after) => (owner + after) % this.#nodes);
  }
}
