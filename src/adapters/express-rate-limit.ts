/** The entry point `slabring/express-rate-limit`: a store for express-rate-limit. */
import { required, withDefaults } from './shared/options.ts';
import { type CountingCache, WindowCounters } from './shared/window-counters.ts';

export interface RateLimitStoreOptions {
  /** Limiters with the same name share their counters: give each limiter its own. */
  readonly name: string;
  /** The prefix of the counters' keys. @default 'limit:' */
  readonly prefix?: string;
}

const DEFAULTS = { name: '', prefix: 'limit:' };
const WINDOW_MS = 60_000;

/** The hits of a client, and the end of its window. */
export interface RateLimitInfo {
  readonly totalHits: number;
  readonly resetTime: Date;
}

/**
 * A store for express-rate-limit: `rateLimit({ store: new RateLimitStore(cache, { name }), … })`.
 * All processes count together. A window begins with the first hit, as in the store that
 * express-rate-limit has in memory, and has whole seconds. A failure of the cache rejects:
 * `passOnStoreError` lets the request pass.
 */
export class RateLimitStore {
  /** Counters are shared: express-rate-limit reads it to find double counting. */
  readonly localKeys = false;
  readonly prefix: string;
  readonly #counters: WindowCounters;
  #windowMs = WINDOW_MS;

  constructor(cache: CountingCache, options: RateLimitStoreOptions) {
    const { name, prefix } = withDefaults(cache, DEFAULTS, options);
    this.prefix = `${prefix}${required('name', name)}:`;
    this.#counters = new WindowCounters(cache, this.prefix);
  }

  init(options: { readonly windowMs: number }): void {
    this.#windowMs = options.windowMs;
  }

  async increment(key: string): Promise<RateLimitInfo> {
    const { hits, resetMs } = await this.#counters.hit(key, this.#windowMs);
    return { totalHits: hits, resetTime: new Date(Date.now() + resetMs) };
  }

  async get(key: string): Promise<RateLimitInfo | undefined> {
    const count = await this.#counters.read(key);
    if (count === undefined) return undefined;
    return { totalHits: count.hits, resetTime: new Date(Date.now() + count.resetMs) };
  }

  decrement(key: string): Promise<void> {
    return this.#counters.undo(key);
  }

  resetKey(key: string): Promise<void> {
    return this.#counters.reset(key);
  }
}
