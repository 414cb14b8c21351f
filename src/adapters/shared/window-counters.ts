import { type Cache, CacheError } from '../../client.ts';
import { itemKey } from './item-key.ts';
import { ttlOfMs } from './ttl.ts';

/** The operations of a cache that stores of rate limits use. */
export type CountingCache = Pick<Cache, 'increment' | 'decrement' | 'fetch' | 'touch' | 'delete'>;

/** The counter of one key. */
export interface WindowCount {
  readonly hits: number;
  /** Time until the window ends, in milliseconds. */
  readonly resetMs: number;
}

/**
 * Counts the hits of each key in windows that begin with the first hit. The node's clock ends a
 * window, so the clocks of the processes need not agree.
 */
export class WindowCounters {
  readonly #cache: CountingCache;
  readonly #prefix: string;

  constructor(cache: CountingCache, prefix: string) {
    this.#cache = cache;
    this.#prefix = prefix;
  }

  /** Counts one hit. The counter expires with its window. */
  async hit(key: string, windowMs: number): Promise<WindowCount> {
    const counter = this.#keyOf(key);
    const [sum, ttl] = await Promise.all([
      this.#cache.increment(counter, 1, { initial: 1, ttl: ttlOfMs(windowMs) }),
      this.#ttlOf(counter),
    ]);
    return { hits: Number(sum ?? 1), resetMs: ttl === undefined ? windowMs : ttl * 1000 };
  }

  /** Reads the counter and does not count; without hits there is no window. */
  async read(key: string): Promise<WindowCount | undefined> {
    const { value, ttl } = await this.#cache.fetch<string | number>(this.#keyOf(key));
    return value === undefined ? undefined : { hits: Number(value), resetMs: (ttl ?? 0) * 1000 };
  }

  async undo(key: string): Promise<void> {
    await this.#cache.decrement(this.#keyOf(key), 1);
  }

  async reset(key: string): Promise<void> {
    await this.#cache.delete(this.#keyOf(key));
  }

  /** Lets the current window end after `windowMs` from now. */
  async extend(key: string, windowMs: number): Promise<void> {
    await this.#cache.touch(this.#keyOf(key), ttlOfMs(windowMs));
  }

  /** Seconds until the counter expires, read behind the request that counts. */
  async #ttlOf(counter: string): Promise<number | undefined> {
    try {
      const { ttl } = await this.#cache.fetch(counter, { withoutValue: true });
      return ttl === Number.POSITIVE_INFINITY ? undefined : ttl;
    } catch (error) {
      if (error instanceof CacheError && error.code === 'ERR_UNSUPPORTED') return undefined;
      throw error;
    }
  }

  #keyOf(key: string): string {
    return itemKey(this.#prefix, key);
  }
}
