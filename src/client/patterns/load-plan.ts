import { badOption, type CallOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';

/** What a loader is told. */
export interface LoadContext {
  readonly key: string;
  /** Given when nobody waits for the value any more. A refresh in the background goes on. */
  readonly signal: AbortSignal;
}

/** Finds the value where it comes from; undefined says that there is none. */
export type Load<T> = (context: LoadContext) => Promise<T | undefined> | T | undefined;

/** Options of `getOrSet`. Its `deadlineMs` is that of each request to the cache, not of the load. */
export interface LoadOptions extends CallOptions {
  /** Seconds for which a value is fresh; 0 is until evicted. @default 0 */
  readonly ttl?: number;
  /**
   * Seconds after `ttl` in which the old value is still given, while one caller loads it anew in
   * the background. Needs a `ttl`.
   * @default 0
   */
  readonly staleWhileRevalidate?: number;
  /** Begin to load anew so many seconds before `ttl` is over; less than `ttl`. @default 0 */
  readonly earlyRecache?: number;
  /**
   * Shortens each `ttl` by chance, by up to this share of it (0 … 1), so that what was stored
   * together does not expire together.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Seconds that a loader has, 1 … 3600. After that another caller may load; what the slow one
   * brings is given to its callers and no longer stored.
   * @default 10
   */
  readonly lease?: number;
  /** Seconds to remember that there is no value (the loader gave undefined). @default 0, not at all */
  readonly negativeTtl?: number;
  /**
   * Seconds to remember that the loader failed; until then callers get ERR_LOAD.
   * @default 0, not at all: the next caller tries again
   */
  readonly errorTtl?: number;
  /**
   * Milliseconds to wait for a value that another process loads, 0 … 3,600,000.
   * @default what `lease` is
   */
  readonly waitMs?: number;
  /** When that time is over: load the value without storing it, or fail with ERR_LOAD. @default 'load' */
  readonly whenBusy?: 'load' | 'fail';
  /**
   * When the cache cannot be asked: load the value (once for all callers in this process), or fail
   * with the cache's error.
   * @default 'load'
   */
  readonly onCacheError?: 'load' | 'fail';
  /** Told of a load in the background that failed; its callers got the old value. */
  readonly onRefreshError?: (error: unknown, key: string) => void;
}

/** How a key is to be loaded: options with nothing left open. */
export interface LoadPlan {
  readonly ttl: number;
  readonly staleWhileRevalidate: number;
  readonly jitter: number;
  readonly lease: number;
  readonly negativeTtl: number;
  readonly errorTtl: number;
  readonly waitMs: number;
  readonly whenBusy: 'load' | 'fail';
  readonly onCacheError: 'load' | 'fail';
  readonly onRefreshError: ((error: unknown, key: string) => void) | undefined;
  /** Of requests to the cache. */
  readonly call: CallOptions;
  /** The lease, and from how many seconds before the item's end one caller is to load it anew. */
  readonly terms: CallOptions & { readonly leaseSeconds: number; readonly recacheSeconds?: number };
}

/** Seconds: longer times are points in time on the wire, and nobody leases or waits for so long. */
const SECONDS_MAX = 30 * 24 * 3600;
const TTL_MAX = 2 ** 31 - 1;
const WAIT_MS_MAX = 3_600_000;

const NAMES: readonly (keyof LoadOptions)[] = [
  'ttl',
  'staleWhileRevalidate',
  'earlyRecache',
  'jitter',
  'lease',
  'negativeTtl',
  'errorTtl',
  'waitMs',
  'whenBusy',
  'onCacheError',
  'onRefreshError',
  'deadlineMs',
  'signal',
];

/** Checks the options; throws ERR_ARGUMENT. */
export function planLoad(options: LoadOptions): LoadPlan {
  checkNames(options, NAMES);
  const { ttl = 0, staleWhileRevalidate = 0, earlyRecache = 0, jitter = 0, lease = 10 } = options;
  const { negativeTtl = 0, errorTtl = 0, waitMs = lease * 1000 } = options;
  checkRange('ttl', ttl, 0, TTL_MAX - SECONDS_MAX);
  checkRange('staleWhileRevalidate', staleWhileRevalidate, 0, SECONDS_MAX);
  checkRange('earlyRecache', earlyRecache, 0, SECONDS_MAX);
  checkRange('jitter', jitter, 0, 1);
  checkRange('lease', lease, 1, 3600);
  checkRange('negativeTtl', negativeTtl, 0, SECONDS_MAX);
  checkRange('errorTtl', errorTtl, 0, SECONDS_MAX);
  checkRange('waitMs', waitMs, 0, WAIT_MS_MAX);
  const recacheSeconds = staleWhileRevalidate + earlyRecache;
  if (recacheSeconds > 0 && ttl === 0) {
    throw badOption('staleWhileRevalidate and earlyRecache need a ttl.');
  }
  if (earlyRecache > 0 && earlyRecache >= ttl) {
    throw badOption(`earlyRecache is ${earlyRecache}, not less than the ttl of ${ttl}.`);
  }
  const { whenBusy = 'load', onCacheError = 'load', onRefreshError, deadlineMs } = options;
  const call = deadlineMs === undefined ? {} : { deadlineMs };
  const leaseOnly = { ...call, leaseSeconds: lease };
  return {
    ttl,
    staleWhileRevalidate,
    jitter,
    lease,
    negativeTtl,
    errorTtl,
    waitMs,
    whenBusy,
    onCacheError,
    onRefreshError,
    call,
    terms: recacheSeconds === 0 ? leaseOnly : { ...leaseOnly, recacheSeconds },
  };
}

/** How long a value lives in the cache: fresh by chance a little shorter, then stale. */
export function lifeSeconds(plan: LoadPlan, random: () => number): number {
  if (plan.ttl === 0) return 0;
  const fresh = Math.max(1, plan.ttl * (1 - plan.jitter * random()));
  return fresh + plan.staleWhileRevalidate;
}

const POLL_FIRST_MS = 4;
const POLL_MOST_MS = 128;

/** How long to wait before looking again: doubling, and by chance down to half of that. */
export function pollDelayMs(attempt: number, random: () => number): number {
  const most = Math.min(POLL_MOST_MS, POLL_FIRST_MS * 2 ** Math.min(attempt, 10));
  return most * (1 - random() / 2);
}
