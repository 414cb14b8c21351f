import { type Clock, machineClock } from '../../base/index.ts';
import type { CallOptions, StoreOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';
import type { Load, LoadOptions } from './load-plan.ts';
import { LruMap } from './lru-map.ts';

/** What a near cache needs of the cache that it stands in front of. */
export interface FarCache {
  get<T>(key: string, options?: CallOptions): Promise<T | undefined>;
  getOrSet<T>(key: string, load: Load<T>, options?: LoadOptions): Promise<T | undefined>;
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
  delete(key: string, options?: CallOptions): Promise<boolean>;
}

/** Options of a NearCache. */
export interface NearCacheOptions {
  /** Milliseconds for which a value is kept here: so long may others' writes go unseen. 1 … 3,600,000. @default 1000 */
  readonly ttlMs?: number;
  /** 1 … 10,000,000. @default 1000 */
  readonly maxEntries?: number;
  /** Bytes of values, as `sizeOf` counts them; 1 … 2^40. @default 16777216 */
  readonly maxBytes?: number;
  /** @default two bytes for each character of a text, or of the value's JSON; bytes as they are */
  readonly sizeOf?: (value: unknown) => number;
}

/** How a near cache does. */
export interface NearCounts {
  /** Reads answered from here, and those that went on to the cache. */
  readonly hits: number;
  readonly misses: number;
  /** hits / (hits + misses); 0 before the first read. */
  readonly hitRatio: number;
  readonly entries: number;
  readonly bytes: number;
  readonly evictions: number;
}

const DEFAULTS = { ttlMs: 1000, maxEntries: 1000, maxBytes: 16 * 2 ** 20 };
const RANGES = {
  ttlMs: [1, 3_600_000],
  maxEntries: [1, 10_000_000],
  maxBytes: [1, 2 ** 40],
} as const;

/**
 * Keeps hot values in this process for a moment, in front of a cache. What this process writes
 * through it is seen at once; others' writes after `ttlMs` at the latest. Callers share the value
 * itself, so they must not change it. That there is no value is not kept.
 */
export class NearCache {
  readonly #cache: FarCache;
  readonly #values: LruMap<unknown>;
  /** Reads under way. A write takes the key out: what was read meanwhile may be old, and is not kept. */
  readonly #reads = new Map<string, Promise<unknown>>();
  readonly #ttlMs: number;
  readonly #sizeOf: (value: unknown) => number;
  readonly #clock: Clock;
  #hits = 0;
  #misses = 0;

  constructor(cache: FarCache, options: NearCacheOptions = {}, clock: Clock = machineClock) {
    const { sizeOf = bytesOf, ...numbers } = options;
    const bounds = { ...DEFAULTS, ...numbers };
    checkNames(numbers, Object.keys(DEFAULTS));
    for (const [name, [least, most]] of Object.entries(RANGES)) {
      checkRange(name, bounds[name as keyof typeof RANGES], least, most);
    }
    this.#cache = cache;
    this.#values = new LruMap(bounds);
    this.#ttlMs = bounds.ttlMs;
    this.#sizeOf = sizeOf;
    this.#clock = clock;
  }

  get counts(): NearCounts {
    const [hits, misses] = [this.#hits, this.#misses];
    const hitRatio = hits === 0 ? 0 : hits / (hits + misses);
    const { size, bytes, evictions } = this.#values;
    return { hits, misses, hitRatio, entries: size, bytes, evictions };
  }

  get<T>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#read(key, () => this.#cache.get<T>(key, options));
  }

  getOrSet<T>(key: string, load: Load<T>, options?: LoadOptions): Promise<T | undefined> {
    return this.#read(key, () => this.#cache.getOrSet(key, load, options));
  }

  set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    return this.#write(key, () => this.#cache.set(key, value, options));
  }

  delete(key: string, options?: CallOptions): Promise<boolean> {
    return this.#write(key, () => this.#cache.delete(key, options));
  }

  /** Forgets the key here; for writes that do not go through this. */
  forget(key: string): void {
    this.#values.delete(key);
    this.#reads.delete(key);
  }

  /** Forgets every key here. */
  forgetAll(): void {
    this.#values.clear();
    this.#reads.clear();
  }

  async #read<T>(key: string, ask: () => Promise<T | undefined>): Promise<T | undefined> {
    const near = this.#values.get(key, this.#clock.nowMs());
    if (near !== undefined) {
      this.#hits++;
      return near as T;
    }
    this.#misses++;
    const asked = ask();
    this.#reads.set(key, asked);
    try {
      const value = await asked;
      if (value !== undefined && this.#reads.get(key) === asked) this.#keep(key, value);
      return value;
    } finally {
      if (this.#reads.get(key) === asked) this.#reads.delete(key);
    }
  }

  #keep(key: string, value: unknown): void {
    this.#values.put(key, value, this.#sizeOf(value), this.#clock.nowMs() + this.#ttlMs);
  }

  /** Forgets before and after: a read that comes in between may still find the old value. */
  async #write<T>(key: string, write: () => Promise<T>): Promise<T> {
    this.forget(key);
    try {
      return await write();
    } finally {
      this.forget(key);
    }
  }
}

function bytesOf(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return 2 * text.length;
}
