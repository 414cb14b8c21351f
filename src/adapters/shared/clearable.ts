import { type Cache, NearCache, TagSpace } from '../../client.ts';
import { itemKey } from './item-key.ts';

/** The operations of a cache that adapters with `clear` use. */
export type ClearableCache = Pick<
  Cache,
  'get' | 'getOrSet' | 'set' | 'delete' | 'getMany' | 'add' | 'increment'
>;

export interface ClearOptions {
  /**
   * The time for which the other processes may still find the values after `clear`, in
   * milliseconds. With 0 each operation reads the group's counter first, which costs a round trip.
   * @default 1000
   */
  readonly clearDelayMs?: number;
}

export const CLEAR_DELAY_MS = 1000;

/**
 * Groups of keys that can be cleared, although a cache cannot list its keys: each group has a
 * counter, whose value is part of the keys. The process remembers a counter for `clearDelayMs`.
 */
export class ClearableKeys {
  readonly #tags: TagSpace;

  /** @param prefix the prefix of the counters' keys */
  constructor(cache: ClearableCache, prefix: string, clearDelayMs: number) {
    const counters = clearDelayMs === 0 ? cache : remembering(cache, clearDelayMs);
    this.#tags = new TagSpace(counters, { prefix });
  }

  /** The key of the item in the current state of its groups. */
  keyOf(groups: readonly string[], key: string): Promise<string> {
    return this.#tags.tagged(groups.map(tagOf)).keyOf(key);
  }

  /** Resolves once no new operation with these keys finds a value of the group. */
  clear(group: string): Promise<void> {
    return this.#tags.invalidateTag(tagOf(group));
  }
}

const tagOf = (group: string): string => itemKey('', group);

/** The cache, with a near cache for the counters. */
function remembering(cache: ClearableCache, maxAgeMs: number): ClearableCache {
  const near = new NearCache(cache, { maxAgeMs });
  return {
    ...bound(cache),
    async getMany<T>(keys: readonly string[]) {
      const read = keys.map(async (key) => [key, await near.get<T>(key)] as const);
      const found = (await Promise.all(read)).filter(([, value]) => value !== undefined);
      return { values: new Map(found as (readonly [string, T])[]), failed: new Map() };
    },
    async increment(key, by, options) {
      const sum = await cache.increment(key, by, options);
      near.invalidate(key);
      return sum;
    },
  };
}

const bound = (cache: ClearableCache): ClearableCache => ({
  get: (key, options) => cache.get(key, options),
  getOrSet: (key, load, options) => cache.getOrSet(key, load, options),
  set: (key, value, options) => cache.set(key, value, options),
  delete: (key, options) => cache.delete(key, options),
  getMany: (keys, options) => cache.getMany(keys, options),
  add: (key, value, options) => cache.add(key, value, options),
  increment: (key, by, options) => cache.increment(key, by, options),
});
