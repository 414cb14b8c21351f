import { isCacheFailure } from '../base/errors.ts';
import type { Cache, WriteThroughOutcome } from '../operations/cache.ts';
import { writeThroughOptions } from '../option-tables/load-options.ts';
import { valuesOf } from '../option-tables/resolve.ts';
import type { FetchOptions } from '../option-types/calls.ts';
import type { WriteThroughOptions } from '../option-types/patterns.ts';

/**
 * Writes to the source, then to the cache.
 *
 * It reads the CAS id of the cached item before it writes to the source, and replaces only that
 * version afterwards. If the item has another CAS id by then, another caller has written or loaded
 * in between, and the client cannot know in which order the source saw the two. So it deletes the
 * key, and the next reader loads the value from the source.
 */
export async function writeThrough<T>(
  cache: Pick<Cache, 'fetch' | 'cas' | 'delete'>,
  key: string,
  value: T,
  store: (value: T, key: string) => Promise<void> | void,
  options: WriteThroughOptions = {},
): Promise<WriteThroughOutcome> {
  const { leaseSeconds } = valuesOf(writeThroughOptions, options);
  const { leaseSeconds: _, ...storeOptions } = options;
  const { ttl: __, ...callOptions } = storeOptions;
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
  cache: Pick<Cache, 'fetch'>,
  key: string,
  options: FetchOptions,
): Promise<bigint | undefined> {
  try {
    return (await cache.fetch(key, options)).cas;
  } catch (error) {
    if (isCacheFailure(error)) return undefined;
    throw error;
  }
}
