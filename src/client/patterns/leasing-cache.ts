import type { CallOptions, StoreOptions } from '../options.ts';
import type { FetchResult } from '../reply-handlers.ts';

/** What `getOrSet` and `writeThrough` need of a cache: a CacheClient, or a wrapper around one. */
export interface LeasingCache {
  fetch<T>(
    key: string,
    options: CallOptions & { readonly leaseSeconds: number; readonly recacheSeconds?: number },
  ): Promise<FetchResult<T>>;
  get<T>(key: string, options?: CallOptions): Promise<T | undefined>;
  cas(
    key: string,
    value: unknown,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'>;
  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'>;
  delete(
    key: string,
    options?: CallOptions & { readonly cas?: bigint; readonly staleSeconds?: number },
  ): Promise<boolean>;
}
