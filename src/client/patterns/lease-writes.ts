import { CacheError, type FailureCode, isCacheFailure } from '../base/errors.ts';
import type { Cache, Loader } from '../operations/cache.ts';
import type { LoadOptions } from '../option-types/patterns.ts';
import { noValueMarker } from './load-markers.ts';
import { deadlineMsOf, type LoadPlan } from './load-plan.ts';

/** The operations of a cache that loads use. */
export type LeasingCache = Pick<Cache, 'fetch' | 'get' | 'cas' | 'add' | 'delete'>;

/** One call of `getOrSet`: each step passes it to the next. */
export interface LoadJob<T> {
  readonly cache: LeasingCache;
  readonly key: string;
  readonly load: Loader<T>;
  readonly plan: LoadPlan;
  readonly onRefreshError: LoadOptions['onRefreshError'];
  /** When the call began, in milliseconds on the clock of the client. */
  readonly calledAt: number;
  /** When the call began to wait for a load of another caller. Its request came before that. */
  waitsSince?: number;
}

/** When the call stops waiting for loads of other callers: its own deadline, or Infinity. */
export function deadlineOf<T>(job: LoadJob<T>, now: number): number {
  job.waitsSince ??= now;
  return job.waitsSince + deadlineMsOf(job.plan);
}

/** The value is too large for the cache, or has no JSON: a retry cannot store it either. */
const UNSTORABLE: readonly FailureCode[] = ['ERR_REFUSED', 'ERR_ARGUMENT', 'ERR_VALUE'];

/**
 * Stores the value unless the lease has ended: a later store or delete is newer than this value.
 */
export async function storeWithLease<T>(
  job: LoadJob<T>,
  value: unknown,
  lease: bigint,
  ttl: number,
): Promise<void> {
  const { cache, key, plan } = job;
  try {
    await cache.cas(key, value, lease, { ...plan.callOptions, ttl });
  } catch (error) {
    if (error instanceof CacheError && !UNSTORABLE.includes(error.code)) return;
    await releaseLease(job, lease, undefined);
    if (!isCacheFailure(error)) throw error;
  }
}

/**
 * Releases the lease, so that the next caller can load at once. A stale value that has not expired
 * stays for the rest of its `staleTtl` seconds.
 */
export async function releaseLease<T>(
  { cache, key, plan }: LoadJob<T>,
  lease: bigint,
  staleTtl: number | undefined,
): Promise<undefined> {
  const ifHeld = { ...plan.callOptions, cas: lease };
  if (staleTtl === undefined) await undefinedOnFailure(cache.delete(key, ifHeld));
  else {
    const staleSeconds = Number.isFinite(staleTtl) ? Math.max(1, staleTtl) : 0;
    await undefinedOnFailure(cache.delete(key, { ...ifHeld, staleSeconds }));
  }
}

/**
 * Adds a value that the client loaded without a lease. It never replaces a value, which may be
 * newer. It leaves out the stale time, because readers without leases cannot see what is stale.
 */
export async function addWithoutLease<T>(
  { cache, key, plan }: LoadJob<T>,
  value: T | undefined,
  drawnTtl: number,
): Promise<void> {
  const freshTtl = drawnTtl - plan.staleWhileRevalidateSeconds;
  const ttl = value === undefined ? plan.negativeTtl : freshTtl;
  if (value === undefined && ttl === 0) return;
  await undefinedOnFailure(cache.add(key, value ?? noValueMarker(), { ...plan.callOptions, ttl }));
}

/** Ignores a failure of the cache: a loaded value is valid whether the cache stores it or not. */
export async function undefinedOnFailure<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation;
  } catch (error) {
    if (error instanceof CacheError) return undefined;
    throw error;
  }
}
