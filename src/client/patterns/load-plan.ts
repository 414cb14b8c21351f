import { argumentError, type CallOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';

/** The argument of a loader. */
export interface LoadContext {
  readonly key: string;
  /** Aborts when no caller waits for the value any more. A refresh in the background continues. */
  readonly signal: AbortSignal;
}

/** Reads the value from its source; undefined means that the source has no value. */
export type Loader<T> = (context: LoadContext) => Promise<T | undefined> | T | undefined;

/** Options of `getOrSet`. `deadlineMs` applies to each request to the cache, not to the loader. */
export interface LoadOptions extends CallOptions {
  /** Seconds during which a value is fresh; 0 means until the node evicts it. @default 0 */
  readonly ttl?: number;
  /**
   * Seconds after `ttl` during which callers still get the old value, while one caller refreshes it
   * in the background. Needs a `ttl`.
   * @default 0
   */
  readonly staleWhileRevalidateSeconds?: number;
  /** The refresh starts this many seconds before the end of `ttl`; less than `ttl`. @default 0 */
  readonly recacheSeconds?: number;
  /**
   * Shortens each `ttl` by a random part of this share (0 … 1), so that values which were stored at
   * the same time do not expire at the same time.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Seconds that a loader may take, 1 … 3600. After them another caller may load, and the client
   * returns the value of the slow loader to its callers without storing it.
   * @default 10
   */
  readonly leaseSeconds?: number;
  /**
   * Seconds for which the cache remembers that there is no value (the loader returned undefined).
   * @default 0: the next caller loads again
   */
  readonly negativeTtl?: number;
  /**
   * Seconds for which the cache remembers that the loader failed. During them callers get ERR_LOAD.
   * @default 0: the next caller loads again
   */
  readonly errorTtl?: number;
  /**
   * Milliseconds to wait for a value that another process loads, 0 … 3,600,000.
   * @default `leaseSeconds`
   */
  readonly waitMs?: number;
  /**
   * What to do when `waitMs` has passed: load the value without storing it, or fail with ERR_LOAD.
   * @default 'load'
   */
  readonly onLeaseTimeout?: 'load' | 'fail';
  /**
   * What to do when the request to the cache fails: load the value (once for all callers of this
   * process), or fail with the error of the cache.
   * @default 'load'
   */
  readonly onCacheError?: 'load' | 'fail';
  /** Called when a refresh in the background fails. The callers got the old value. */
  readonly onRefreshError?: (error: unknown, key: string) => void;
}

/** The options of one load, with the defaults filled in. */
export interface LoadPlan {
  readonly ttl: number;
  readonly staleWhileRevalidateSeconds: number;
  readonly jitter: number;
  readonly leaseSeconds: number;
  readonly negativeTtl: number;
  readonly errorTtl: number;
  readonly waitMs: number;
  readonly onLeaseTimeout: 'load' | 'fail';
  readonly onCacheError: 'load' | 'fail';
  readonly onRefreshError: ((error: unknown, key: string) => void) | undefined;
  /** Options of the requests to the cache. */
  readonly callOptions: CallOptions;
  /**
   * Options of `fetch`: the lease, and how long before the item expires one caller refreshes it.
   */
  readonly fetchOptions: CallOptions & {
    readonly leaseSeconds: number;
    readonly recacheSeconds?: number;
  };
}

/** Memcached takes an exptime above 30 days as a Unix time. */
const SECONDS_MAX = 30 * 24 * 3600;
const TTL_MAX = 2 ** 31 - 1;
const LEASE_SECONDS_MAX = 3600;
const WAIT_MS_MAX = 3_600_000;

const NAMES: readonly (keyof LoadOptions)[] = [
  'ttl',
  'staleWhileRevalidateSeconds',
  'recacheSeconds',
  'jitter',
  'leaseSeconds',
  'negativeTtl',
  'errorTtl',
  'waitMs',
  'onLeaseTimeout',
  'onCacheError',
  'onRefreshError',
  'deadlineMs',
  'signal',
];

/**
 * Checks the options and fills in the defaults.
 * @throws {CacheError} ERR_ARGUMENT
 */
export function planLoad(options: LoadOptions): LoadPlan {
  checkNames(options, NAMES);
  const { ttl = 0, staleWhileRevalidateSeconds = 0, recacheSeconds = 0, jitter = 0 } = options;
  const { leaseSeconds = 10, negativeTtl = 0, errorTtl = 0 } = options;
  const { waitMs = leaseSeconds * 1000 } = options;
  checkRange('ttl', ttl, 0, TTL_MAX - SECONDS_MAX);
  checkRange('staleWhileRevalidateSeconds', staleWhileRevalidateSeconds, 0, SECONDS_MAX);
  checkRange('recacheSeconds', recacheSeconds, 0, SECONDS_MAX);
  checkRange('jitter', jitter, 0, 1);
  checkRange('leaseSeconds', leaseSeconds, 1, LEASE_SECONDS_MAX);
  checkRange('negativeTtl', negativeTtl, 0, SECONDS_MAX);
  checkRange('errorTtl', errorTtl, 0, SECONDS_MAX);
  checkRange('waitMs', waitMs, 0, WAIT_MS_MAX);
  // The item expires after `ttl` and its stale time; its refresh starts before the end of `ttl`.
  const recacheBeforeExpiry = staleWhileRevalidateSeconds + recacheSeconds;
  if (recacheBeforeExpiry > 0 && ttl === 0) {
    throw argumentError('staleWhileRevalidateSeconds and recacheSeconds need a ttl.');
  }
  if (recacheSeconds > 0 && recacheSeconds >= ttl) {
    throw argumentError(`recacheSeconds is ${recacheSeconds}, not less than the ttl of ${ttl}.`);
  }
  const { onLeaseTimeout = 'load', onCacheError = 'load', onRefreshError, deadlineMs } = options;
  const callOptions = deadlineMs === undefined ? {} : { deadlineMs };
  const lease = { ...callOptions, leaseSeconds };
  return {
    ttl,
    staleWhileRevalidateSeconds,
    jitter,
    leaseSeconds,
    negativeTtl,
    errorTtl,
    waitMs,
    onLeaseTimeout,
    onCacheError,
    onRefreshError,
    callOptions,
    fetchOptions:
      recacheBeforeExpiry === 0 ? lease : { ...lease, recacheSeconds: recacheBeforeExpiry },
  };
}

/**
 * Draws the `ttl` of an item: the fresh time, which jitter shortens, and then the stale time.
 * @param random returns a number from 0 to 1.
 */
export function drawTtl(plan: LoadPlan, random: () => number): number {
  if (plan.ttl === 0) return 0;
  const freshTtl = Math.max(1, plan.ttl * (1 - plan.jitter * random()));
  return freshTtl + plan.staleWhileRevalidateSeconds;
}

const POLL_DELAY_MS_MIN = 4;
const POLL_DELAY_MS_MAX = 128;

/**
 * The delay before the next `fetch` of a waiting caller: it doubles, and jitter halves it at most.
 */
export function pollDelayMs(attempt: number, random: () => number): number {
  const maxMs = Math.min(POLL_DELAY_MS_MAX, POLL_DELAY_MS_MIN * 2 ** Math.min(attempt, 10));
  return maxMs * (1 - random() / 2);
}
