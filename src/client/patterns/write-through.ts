import type { StoreOptions } from '../options.ts';
import { isCacheFailure } from './cache-failure.ts';
import { checkNames, checkRange } from './check-options.ts';
import type { LeasingCache } from './leasing-cache.ts';

/** Options of `writeThrough`. */
export interface WriteThroughOptions extends StoreOptions {
  /**
   * Seconds that `store` may take, 1 … 3600, before a reader may load the key again.
   * @default 10
   */
  readonly leaseSeconds?: number;
}

/**
 * The state of the cache after the source has the value:
 *
 *   stored    the cache has the value
 *   removed   the client deleted the key, because another caller changed it in between
 *   unknown   a request to the cache failed: the cache may still have the old value
 */
export type WriteThroughOutcome = 'stored' | 'removed' | 'unknown';

/**
 * Writes to the source, then to the cache.
 *
 * It reads the CAS id of the cached item before it writes to the source, and replaces only that
 * version afterwards. If the item has another CAS id by then, another caller has written or loaded
 * in between, and the client cannot know in which order the source saw the two. So it deletes the
 * key, and the next reader loads the value from the source.
 */
export async function writeThrough<T>(
  cache: LeasingCache,
  key: string,
  value: T,
  store: (value: T, key: string) => Promise<void> | void,
  options: WriteThroughOptions = {},
): Promise<WriteThroughOutcome> {
  const { leaseSeconds = 10, ...storeOptions } = options;
  checkNames(options, ['leaseSeconds', 'ttl', 'deadlineMs', 'signal']);
  checkRange('leaseSeconds', leaseSeconds, 1, 3600);
  const { ttl: _, ...callOptions } = storeOptions;
  const casId = await casIdOf(cache, key, { ...callOptions, leaseSeconds });
  await store(value, key);
  try {
    if (casId !== undefined) {
      const outcome = await cache.cas(key, value, casId, storeOptions);
      if (outcome === 'stored') return 'stored';
    }
    await cache.delete(key, callOptions);
    return 'removed';
  } catch (error) {
    if (isCacheFailure(error)) return 'unknown';
    throw error;
  }
}

/**
 * The CAS id of the item, or of the empty item that `fetch` creates for its lease. Undefined when
 * the cache fails.
 */
async function casIdOf(
  cache: LeasingCache,
  key: string,
  options: Parameters<LeasingCache['fetch']>[1],
): Promise<bigint | undefined> {
  try {
    return (await cache.fetch(key, options)).cas;
  } catch (error) {
    if (isCacheFailure(error)) return undefined;
    throw error;
  }
}
