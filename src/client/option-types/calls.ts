/**
 * `npm run docs` generates this file from the tables in `option-tables`; a test compares them.
 */

/** Options of one call. */
export interface CallOptions {
  /**
   * Replaces the client's `deadlineMs` for this call. Above 0, up to 3,600,000 milliseconds.
   * @default the client's deadlineMs
   */
  readonly deadlineMs?: number;
  /** Cancels the call: it fails with ERR_ABORTED, or ERR_ABORTED_UNSENT. */
  readonly signal?: AbortSignal;
}

/** Options of a call that stores a value. */
export interface StoreOptions extends CallOptions {
  /**
   * Time to live of the item; 0 means until the node evicts it. The client rounds a fraction up.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
}

/** Options of `fetch`: each asks the node for more than `get` does. They need the meta protocol. */
export interface FetchOptions extends CallOptions {
  /**
   * Requests a lease: on a miss the node creates an empty item that expires after this time.
   * Exactly one caller gets `wonLease`; the others get `leaseHeldByOther` until it stores the
   * value. 0 … 2,147,483,647 seconds.
   */
  readonly leaseSeconds?: number;
  /**
   * When the item expires in less than this time, exactly one caller gets `wonLease`. The others
   * get the old value. 0 … 2,147,483,647 seconds.
   */
  readonly recacheSeconds?: number;
  /** Gives the item a new `ttl`. 0 … 2,147,483,647 seconds. */
  readonly touchTtl?: number;
  /** The node neither moves the item in its LRU list nor counts the read. @default false */
  readonly skipLruUpdate?: boolean;
  /** The result contains everything but the value. @default false */
  readonly withoutValue?: boolean;
}

/** Options of `delete`. */
export interface DeleteOptions extends CallOptions {
  /** Deletes the item only if it still has this CAS id. */
  readonly cas?: bigint;
  /**
   * Marks the value as stale for this time instead of deleting it. `get` still finds it; `fetch`
   * returns it with `isStale`, and one caller gets `wonLease`. Needs the meta protocol.
   * 0 … 2,147,483,647 seconds.
   */
  readonly staleSeconds?: number;
}

/** Options of `increment` and `decrement`. */
export interface CountOptions extends CallOptions {
  /**
   * The value of a counter that the call creates; the node does not add the amount to it. Not
   * available in the classic text protocol. 0 … 2^64 - 1.
   */
  readonly initial?: number | bigint;
  /**
   * Time to live of a counter that the call creates; 0 means until the node evicts it.
   * 0 … 2,147,483,647 seconds.
   * @default 0
   */
  readonly ttl?: number;
}
