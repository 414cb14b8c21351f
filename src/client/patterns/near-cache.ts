import { type Clock, machineClock } from '../../base/index.ts';
import { callHandler } from '../base/handlers.ts';
import type { Cache, Loader, SureLoader } from '../operations/cache.ts';
import { callOptions } from '../option-tables/call-options.ts';
import { loadOptions } from '../option-tables/load-options.ts';
import type { OptionGroup } from '../option-tables/option-group.ts';
import { nearCacheOptions } from '../option-tables/pattern-options.ts';
import { checkCache, checkOptions, valuesOf } from '../option-tables/resolve.ts';
import type { CallOptions, DeleteOptions, StoreOptions } from '../option-types/calls.ts';
import type { LoadOptions, NearCacheOptions } from '../option-types/patterns.ts';
import { LruMap } from './lru-map.ts';

/** The operations of the cache behind a near cache. */
export type BackingCache = Pick<Cache, 'get' | 'getOrSet' | 'set' | 'delete'>;

/** Counters of a near cache. */
export interface NearCounts {
  /** Reads that the near cache served, and reads that it passed to the cache behind it. */
  readonly hits: number;
  readonly misses: number;
  /** hits / (hits + misses); 0 before the first read. */
  readonly hitRatio: number;
  readonly entries: number;
  readonly bytes: number;
  readonly evictions: number;
}

/**
 * A bounded cache of hot values in this process, in front of a CacheClient. Its readers see a write
 * through it at once, and writes by others after `maxAgeMs` at the latest. Callers share the value
 * itself, so they must not change it. The near cache does not remember misses.
 */
export class NearCache {
  readonly #cache: BackingCache;
  readonly #localValues: LruMap<unknown>;
  /**
   * The latest read in progress of each key. A write removes its key: a read that started before
   * the write may return a stale value, which the near cache must not keep.
   */
  readonly #pendingReads = new Map<string, Promise<unknown>>();
  readonly #maxAgeMs: number;
  readonly #sizeOf: (value: unknown) => number;
  readonly #clock: Clock;
  #hits = 0;
  #misses = 0;

  constructor(cache: BackingCache, options: NearCacheOptions = {}, clock: Clock = machineClock) {
    checkCache(cache);
    const { maxAgeMs, sizeOf, ...bounds } = valuesOf(nearCacheOptions, options);
    this.#cache = cache;
    this.#localValues = new LruMap(bounds);
    this.#maxAgeMs = maxAgeMs;
    this.#sizeOf = sizeOf ?? estimatedBytes;
    this.#clock = clock;
  }

  get counts(): NearCounts {
    const [hits, misses] = [this.#hits, this.#misses];
    const hitRatio = hits === 0 ? 0 : hits / (hits + misses);
    const { size, bytes, evictions } = this.#localValues;
    return { hits, misses, hitRatio, entries: size, bytes, evictions };
  }

  get<T>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#read(key, callOptions, options, () => this.#cache.get<T>(key, options));
  }

  getOrSet<T>(key: string, load: SureLoader<T>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined> {
    return this.#read(key, loadOptions, options, () => this.#cache.getOrSet(key, load, options));
  }

  set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#write(key, () => this.#cache.set(key, value, options));
  }

  delete(key: string, options?: DeleteOptions): Promise<boolean> {
    return this.#write(key, () => this.#cache.delete(key, options));
  }

  /** Removes the key from the near cache. Call it after a write that bypasses the near cache. */
  invalidate(key: string): void {
    this.#localValues.delete(key);
    this.#pendingReads.delete(key);
  }

  /** Removes every key from the near cache. */
  invalidateAll(): void {
    this.#localValues.clear();
    this.#pendingReads.clear();
  }

  /** Checks the options also for a value that the near cache has. */
  async #read<T>(
    key: string,
    group: OptionGroup,
    options: object | undefined,
    readCache: () => Promise<T | undefined>,
  ): Promise<T | undefined> {
    checkOptions(group, options);
    const local = this.#localValues.get(key, this.#clock.nowMs());
    if (local !== undefined) {
      this.#hits++;
      return local as T;
    }
    this.#misses++;
    const read = readCache();
    this.#pendingReads.set(key, read);
    try {
      const value = await read;
      if (value !== undefined && this.#pendingReads.get(key) === read) this.#keep(key, value);
      return value;
    } finally {
      if (this.#pendingReads.get(key) === read) this.#pendingReads.delete(key);
    }
  }

  /** Keeps the value, unless `sizeOf` fails: then its size is unknown. */
  #keep(key: string, value: unknown): void {
    let bytes: unknown;
    callHandler('sizeOf', () => {
      bytes = this.#sizeOf(value);
    });
    if (typeof bytes !== 'number' || !(bytes >= 0)) return;
    this.#localValues.put(key, value, bytes, this.#clock.nowMs() + this.#maxAgeMs);
  }

  /** Invalidates before and after: a read during the write may still find the old value. */
  async #write<T>(key: string, write: () => Promise<T>): Promise<T> {
    this.invalidate(key);
    try {
      return await write();
    } finally {
      this.invalidate(key);
    }
  }
}

function estimatedBytes(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return 2 * text.length;
}
