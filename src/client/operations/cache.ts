import type {
  CallOptions,
  CountOptions,
  DeleteOptions,
  FetchOptions,
  StoreOptions,
} from '../option-types/calls.ts';
import type { LoadOptions, WriteThroughOptions } from '../option-types/patterns.ts';
import type { Bytes } from '../values/bytes.ts';
import type { GetManyResult, SetManyResult } from './multi-key.ts';
import type { FetchResult, Versioned } from './reply-handlers.ts';

/** The argument of a loader. */
export interface LoadContext {
  readonly key: string;
  /** Aborts when no caller waits for the value any more. A refresh in the background continues. */
  readonly signal: AbortSignal;
}

/** Reads the value from its source; undefined means that the source has no value. */
export type Loader<T> = (context: LoadContext) => Promise<T | undefined> | T | undefined;

/** A loader whose source always has a value. */
export type SureLoader<T> = (context: LoadContext) => Promise<T> | T;

/**
 * The state of the cache after `writeThrough`, when the source has the value:
 *
 *   stored    the cache has the value
 *   removed   the client deleted the key, because another caller changed it in between
 *   unknown   a request to the cache failed: the cache may still have the old value
 */
export type WriteThroughOutcome = 'stored' | 'removed' | 'unknown';

/**
 * The operations of a cache. CacheClient implements them; each pattern wraps the ones that it
 * needs.
 *
 * A miss is `undefined`. An outcome such as `'not-stored'` is a value. Only a failure is an error:
 * a `CacheError` with a `code`. Every promise settles by its deadline.
 */
export interface Cache {
  /**
   * Returns the value as the caller stored it; undefined on a miss. The client does not check `T`.
   */
  get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined>;
  /** Returns the bytes of the value, whatever its type was. */
  getBytes(key: string, options?: CallOptions): Promise<Uint8Array | undefined>;
  /** Returns the value and its CAS id. */
  gets<T = unknown>(key: string, options?: CallOptions): Promise<Versioned<T> | undefined>;
  /**
   * Returns the value and everything that the node knows about the item, and can request a lease.
   * `getOrSet` and `writeThrough` use it. Fails with ERR_UNSUPPORTED on a connection without the
   * meta protocol.
   */
  fetch<T = unknown>(key: string, options?: FetchOptions): Promise<FetchResult<T>>;
  /** Reads many values. It asks the nodes in parallel; a node's failure concerns only its keys. */
  getMany<T = unknown>(keys: readonly string[], options?: CallOptions): Promise<GetManyResult<T>>;
  /**
   * Returns the value; on a miss it calls `load` and stores the result. A lease makes sure that
   * exactly one caller of all processes loads. The others wait, or get the old value.
   */
  getOrSet<T>(key: string, load: SureLoader<T>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined>;
  /**
   * Writes the value to the source by `store`, then to the cache. If another caller changed the
   * cached value in between, the client deletes the key.
   */
  writeThrough<T>(
    key: string,
    value: T,
    store: (value: T, key: string) => Promise<void> | void,
    options?: WriteThroughOptions,
  ): Promise<WriteThroughOutcome>;
  /** Stores the value, whether the key has one or not. */
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
  /** Stores many values with the same options. Every key that is not in `failed` is stored. */
  setMany(
    entries: Iterable<readonly [key: string, value: unknown]>,
    options?: StoreOptions,
  ): Promise<SetManyResult>;
  /** Stores the value if the key has none. */
  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'>;
  /** Stores the value if the key has one. */
  replace(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'>;
  /** Adds text or bytes after the value of the key, which keeps its `ttl` and its type. */
  append(
    key: string,
    value: string | Bytes,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'>;
  /** Adds text or bytes before the value of the key, which keeps its `ttl` and its type. */
  prepend(
    key: string,
    value: string | Bytes,
    options?: CallOptions,
  ): Promise<'stored' | 'not-stored'>;
  /**
   * Stores the value if the key still has the version with this CAS id (from `gets` or `fetch`).
   */
  cas(
    key: string,
    value: unknown,
    cas: bigint,
    options?: StoreOptions,
  ): Promise<'stored' | 'exists' | 'not-found'>;
  /** Deletes the key; false when it was missing (or, with `cas`, had another version). */
  delete(key: string, options?: DeleteOptions): Promise<boolean>;
  /** Adds to a counter, which wraps at 64 bits; undefined when the key is missing. */
  increment(key: string, by?: number | bigint, options?: CountOptions): Promise<bigint | undefined>;
  /** Subtracts from a counter, which stops at 0; undefined when the key is missing. */
  decrement(key: string, by?: number | bigint, options?: CountOptions): Promise<bigint | undefined>;
  /** Gives the key a new `ttl` in seconds; false when it was missing. */
  touch(key: string, ttl: number, options?: CallOptions): Promise<boolean>;
  /** Flushes every node. Fails if the request to one of them fails. */
  flush(options?: CallOptions): Promise<void>;
  /** Returns the statistics of each node: the general ones, or one topic such as `items`. */
  stats(
    topic?: string,
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
  /** Returns the version of each node. */
  version(options?: CallOptions): Promise<ReadonlyMap<string, string>>;
  /** Returns the name of the key's owner. Throws ERR_DISCOVERY while the client knows no node. */
  nodeOf(key: string): string;
  /**
   * Returns the names of the nodes that hold the key: its owner, then the nodes of the other
   * `replicas`. Throws ERR_DISCOVERY while the client knows no node.
   */
  nodesOf(key: string): readonly string[];
  /** Waits until the pending operations have settled, then closes. Later operations fail. */
  close(): Promise<void>;
}
