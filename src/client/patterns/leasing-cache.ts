import type { Fetched } from '../answers.ts';
import type { CallOptions, StoreOptions } from '../options.ts';

/** What `getOrSet` needs of a cache: a CacheClient, or what stands in front of one. */
export interface LeasingCache {
  fetch<T>(
    key: string,
    options: CallOptions & { readonly leaseSeconds: number; readonly recacheSeconds?: number },
  ): Promise<Fetched<T>>;
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
