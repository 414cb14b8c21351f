import type { StoreOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';
import type { LeasingCache } from './leasing-cache.ts';
import { isTrouble } from './trouble.ts';

/** Options of `writeThrough`. */
export interface WriteThroughOptions extends StoreOptions {
  /** Seconds that the store may take, 1 … 3600, before a reader may load the key again. @default 10 */
  readonly lease?: number;
}

/**
 * What became of a value that the source has: `stored` in the cache, `removed` from it because
 * another writer or a delete came in between, or `unknown`: the cache was in trouble and may have the old value.
 */
export type WrittenThrough = 'stored' | 'removed' | 'unknown';

/**
 * Writes to the source, then to the cache.
 *
 * The version that the cache had before the source was written is what may be replaced after; when
 * it is another by then, somebody else wrote or loaded meanwhile, nobody can say in which order the
 * source saw it, and the key is removed: the next reader loads what the source has.
 */
export async function writeThrough<T>(
  cache: LeasingCache,
  key: string,
  value: T,
  store: (value: T, key: string) => Promise<void> | void,
  options: WriteThroughOptions = {},
): Promise<WrittenThrough> {
  const { lease = 10, ...storing } = options;
  checkNames(options, ['lease', 'ttl', 'deadlineMs', 'signal']);
  checkRange('lease', lease, 1, 3600);
  const { ttl: _, ...call } = storing;
  const version = await versionOf(cache, key, { ...call, leaseSeconds: lease });
  await store(value, key);
  try {
    if (version !== undefined) {
      const outcome = await cache.cas(key, value, version, storing);
      if (outcome === 'stored') return 'stored';
    }
    await cache.delete(key, call);
    return 'removed';
  } catch (error) {
    if (isTrouble(error)) return 'unknown';
    throw error;
  }
}

/** Of what is there, or of the empty item that the request makes; undefined when it cannot be had. */
async function versionOf(
  cache: LeasingCache,
  key: string,
  terms: Parameters<LeasingCache['fetch']>[1],
): Promise<bigint | undefined> {
  try {
    return (await cache.fetch(key, terms)).cas;
  } catch (error) {
    if (isTrouble(error)) return undefined;
    throw error;
  }
}
