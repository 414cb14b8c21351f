/**
 * `npm run docs` generates this file from the tables in `option-tables`; a test compares them.
 */
import type { CallOptions, StoreOptions } from './calls.ts';

/**
 * Options of `getOrSet`. `deadlineMs` applies to each request to the cache, and to the wait for a
 * load of another caller, not to `load`.
 */
export interface LoadOptions extends CallOptions {
  /**
   * How long a value is fresh; 0 means until the node evicts it. 0 … 2,144,891,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
  /**
   * Time after `ttl` during which callers still get the old value, while one caller refreshes it in
   * the background. Needs a `ttl`. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly staleWhileRevalidateSeconds?: number;
  /**
   * The refresh starts this long before the end of `ttl`, so that hot keys never expire; less than
   * `ttl`. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly recacheSeconds?: number;
  /**
   * Shortens each `ttl` by a random part of this share, so that values which were stored at the
   * same time do not expire at the same time. 0 … 1.
   * @default 0
   */
  readonly jitter?: number;
  /**
   * Time that a loader may take. After it another caller may load, and the client returns the value
   * of the slow loader to its callers without storing it. 1 … 3,600 seconds.
   * @default 10
   */
  readonly leaseSeconds?: number;
  /**
   * Time for which the cache remembers that there is no value (the loader returned undefined); 0:
   * the next caller loads again. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly negativeTtl?: number;
  /**
   * Time for which the cache remembers that the loader failed: callers get ERR_LOAD; 0: the next
   * caller loads again. 0 … 2,592,000 seconds.
   * @default 0
   */
  readonly errorTtl?: number;
  /**
   * Time to wait for a value that another caller loads, in this or another process.
   * 0 … 3,600,000 milliseconds.
   * @default leaseSeconds
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

/** Options of `writeThrough`. */
export interface WriteThroughOptions extends StoreOptions {
  /**
   * Time that `store` may take before a reader may load the key again. 1 … 3,600 seconds.
   * @default 10
   */
  readonly leaseSeconds?: number;
}

/** Options of a WriteBehind. */
export interface WriteBehindOptions<T> {
  /**
   * Writes a batch to the source, if possible in one transaction. After a failure WriteBehind
   * writes the whole batch again, so the writes must be idempotent.
   */
  readonly store: (batch: ReadonlyMap<string, T>) => Promise<void>;
  /**
   * Keys that may wait. When the queue is full, `write` waits for room, or until its `signal`
   * aborts. 1 … 10,000,000 keys.
   * @default 10000
   */
  readonly maxQueuedKeys?: number;
  /** Keys in a batch. 1 … 100,000 keys. @default 100 */
  readonly maxKeysPerBatch?: number;
  /**
   * Time to wait for more keys before a batch that is not full is written.
   * 0 … 3,600,000 milliseconds.
   * @default 100
   */
  readonly batchDelayMs?: number;
  /**
   * Time before the first retry of a batch. The delay doubles with each retry, and jitter halves it
   * at most. 1 … 3,600,000 milliseconds.
   * @default 50
   */
  readonly minRetryDelayMs?: number;
  /**
   * The longest delay between two attempts. The retries end with the first success.
   * 1 … 3,600,000 milliseconds.
   * @default 10000
   */
  readonly maxRetryDelayMs?: number;
  /**
   * Time to live of the values in the cache; 0 means until the node evicts them.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
  /** Called for each failed attempt. The retries end when one succeeds or `close` times out. */
  readonly onStoreError?: (error: unknown, batch: ReadonlyMap<string, T>, attempts: number) => void;
}

/** Options of the `write` of a WriteBehind. */
export interface EnqueueOptions {
  /** Ends the wait for room in a full queue. */
  readonly signal?: AbortSignal;
}

/** Options of a NearCache. */
export interface NearCacheOptions {
  /**
   * Time for which the near cache keeps a value: a write by another process may stay invisible here
   * for this long. 1 … 3,600,000 milliseconds.
   * @default 1000
   */
  readonly maxAgeMs?: number;
  /** Values that the near cache keeps. 1 … 10,000,000 entries. @default 1000 */
  readonly maxEntries?: number;
  /**
   * Total size of the values, as `sizeOf` counts them. 1 … 1,099,511,627,776 bytes.
   * @default 16777216
   */
  readonly maxBytes?: number;
  /**
   * Returns the size of a value in bytes.
   * @default two for each character of a text or of the value's JSON; the length of a Uint8Array
   */
  readonly sizeOf?: (value: unknown) => number;
}

/** Options of a RateLimiter. */
export interface RateLimiterOptions {
  /**
   * The name of what is limited, `login` for example. It is a part of the keys: limiters with the
   * same name, window and prefix share their counters.
   * 1 to 40 visible ASCII characters without colons.
   */
  readonly name: string;
  /** Units that the limiter allows in a window. 1 … 2,147,483,647 units. */
  readonly limit: number;
  /** The length of a window. 1 … 1,000,000 seconds. */
  readonly windowSeconds: number;
  /**
   * A `fixed` window begins at a multiple of its length. It needs one request, and allows up to
   * twice the limit around the end of a window. A `sliding` window also counts the overlapping
   * share of the previous window. It needs two parallel requests.
   * @default 'sliding'
   */
  readonly kind?: 'fixed' | 'sliding';
  /**
   * How far the clocks of the processes may differ, including the time that a request takes. For
   * this time before and after the end of a window a `sliding` window reads the counters one after
   * the other instead of in parallel. 0 … 60,000 milliseconds.
   * @default 1000
   */
  readonly clockSkewMs?: number;
  /** The prefix of the counters' keys. @default 'rate:' */
  readonly prefix?: string;
  /** The result of a call when a request to the cache fails. @default 'allow' */
  readonly onCacheError?: 'allow' | 'deny';
}

/** Options of a session store. */
export interface SessionStoreOptions {
  /** The prefix of session ids in the cache. @default 'sess:' */
  readonly prefix?: string;
  /**
   * Time to live of a session whose cookie has no `maxAge`. 1 … 2,147,483,647 seconds.
   * @default 86400
   */
  readonly ttl?: number;
  /**
   * What to do when a request to the cache fails: serve the request without a session and drop its
   * changes, or fail with the error of the cache. `destroy` always fails.
   * @default 'ignore'
   */
  readonly onCacheError?: 'ignore' | 'fail';
  /**
   * What to do when two requests changed the same property of a session: keep the later change, or
   * fail the later request with ERR_CONFLICT. Changes of different properties are merged.
   * @default 'overwrite'
   */
  readonly onConflict?: 'overwrite' | 'fail';
  /** Called when a request overwrote properties that another request had changed. */
  readonly onOverwrite?: (sessionId: string, properties: readonly string[]) => void;
}

/** Options of a TagSpace. */
export interface TagOptions {
  /** The prefix of the keys of the tags' counters. @default 'tag:' */
  readonly prefix?: string;
}
