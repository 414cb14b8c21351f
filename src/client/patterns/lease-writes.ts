import { CacheError, type FailureCode } from '../errors.ts';
import type { LeasingCache } from './leasing-cache.ts';
import { noneMark } from './load-marks.ts';
import type { Load, LoadPlan } from './load-plan.ts';
import { isTrouble } from './trouble.ts';

/** One key, what loads it and how: what a call hands from step to step. */
export interface Job<T> {
  readonly key: string;
  readonly load: Load<T>;
  readonly plan: LoadPlan;
}

/** Too large for the cache, or without JSON: no other try will store it. */
const UNSTORABLE: readonly FailureCode[] = ['ERR_REFUSED', 'ERR_ARGUMENT'];

/** Unless the lease is over: then what is there now, or was deleted, is newer than this. */
export async function storeByLease<T>(
  cache: LeasingCache,
  job: Job<T>,
  value: unknown,
  lease: bigint,
  ttl: number,
): Promise<void> {
  const { key, plan } = job;
  try {
    await cache.cas(key, value, lease, { ...plan.call, ttl });
  } catch (error) {
    if (error instanceof CacheError && !UNSTORABLE.includes(error.code)) return;
    await giveUp(cache, job, lease, undefined);
    if (!isTrouble(error)) throw error;
  }
}

/** So that the next caller may load at once; an old value that has time left stays. */
export async function giveUp<T>(
  cache: LeasingCache,
  { key, plan }: Job<T>,
  lease: bigint,
  ttlSeconds: number | undefined,
): Promise<undefined> {
  const mine = { ...plan.call, cas: lease };
  if (ttlSeconds === undefined) await tried(cache.delete(key, mine));
  else {
    const staleSeconds = Number.isFinite(ttlSeconds) ? Math.max(1, ttlSeconds) : 0;
    await tried(cache.delete(key, { ...mine, staleSeconds }));
  }
}

/** Only where nothing is: it may be newer. Stale values cannot be told from fresh ones there. */
export async function addWithoutLease<T>(
  cache: LeasingCache,
  { key, plan }: Job<T>,
  value: T | undefined,
  lifeSeconds: number,
): Promise<void> {
  const ttl = value === undefined ? plan.negativeTtl : lifeSeconds - plan.staleWhileRevalidate;
  if (value === undefined && ttl === 0) return;
  await tried(cache.add(key, value ?? noneMark(), { ...plan.call, ttl }));
}

/** What the cache says, if it can: a value that was loaded is good whether or not it is stored. */
export async function tried<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof CacheError) return undefined;
    throw error;
  }
}
