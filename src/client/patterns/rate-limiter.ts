import { type Clock, machineClock } from '../../base/index.ts';
import { CacheError } from '../errors.ts';
import type { CallOptions } from '../options.ts';
import { checkNames, checkWhole } from './check-options.ts';
import { judgeRate, type RateRule, type RateVerdict, windowAt } from './rate-window.ts';
import { isTrouble } from './trouble.ts';

/** What a rate limiter needs of a cache. */
export interface CountingCache {
  increment(
    key: string,
    by: number,
    options?: CallOptions & { readonly initial?: number; readonly ttl?: number },
  ): Promise<bigint | undefined>;
  decrement(key: string, by: number, options?: CallOptions): Promise<bigint | undefined>;
  add(
    key: string,
    value: unknown,
    options?: CallOptions & { readonly ttl?: number },
  ): Promise<'stored' | 'not-stored'>;
  get<T>(key: string, options?: CallOptions): Promise<T | undefined>;
  delete(key: string, options?: CallOptions): Promise<boolean>;
}

/** Options of a RateLimiter. */
export interface RateLimiterOptions {
  /** Calls that are allowed in a window, 1 … 2^31 - 1. */
  readonly limit: number;
  /** A whole number of seconds, 1 … 1,000,000. */
  readonly windowSeconds: number;
  /**
   * `fixed` windows begin at multiples of their length: one counter, and up to twice the limit
   * around the moment when one ends. `sliding` counts the window before in proportion: two
   * requests, side by side.
   * @default 'sliding'
   */
  readonly kind?: 'fixed' | 'sliding';
  /** Put in front of keys. @default 'rate:' */
  readonly prefix?: string;
  /** What to say when the counters cannot be had. @default 'allow' */
  readonly onCacheError?: 'allow' | 'deny';
}

/** What the limiter says to a call. */
export interface RateResult extends RateVerdict {
  /** Why nothing was counted: the cache was in trouble, and `onCacheError` decided. */
  readonly failure?: CacheError;
}

const LIMIT_MAX = 2 ** 31 - 1;
const WINDOW_SECONDS_MAX = 1_000_000;

/**
 * Limits calls for each key across all processes, by counters that expire. Counting is atomic, so
 * no window ever allows more than its limit; a call that is denied is not counted. The processes'
 * clocks decide which window it is.
 */
export class RateLimiter {
  readonly #cache: CountingCache;
  readonly #rule: RateRule;
  readonly #prefix: string;
  readonly #deniesInTrouble: boolean;
  readonly #clock: Clock;

  constructor(cache: CountingCache, options: RateLimiterOptions, clock: Clock = machineClock) {
    const { limit, windowSeconds, kind = 'sliding', prefix = 'rate:', onCacheError } = options;
    checkNames(options, ['limit', 'windowSeconds', 'kind', 'prefix', 'onCacheError']);
    checkWhole('limit', limit, 1, LIMIT_MAX);
    checkWhole('windowSeconds', windowSeconds, 1, WINDOW_SECONDS_MAX);
    this.#cache = cache;
    this.#rule = { limit, windowSeconds, kind };
    this.#prefix = `${prefix}${windowSeconds}:`;
    this.#deniesInTrouble = onCacheError === 'deny';
    this.#clock = clock;
  }

  /** Counts a call of `key` that costs so many units (up to the limit), and says whether it is allowed. */
  async consume(key: string, cost = 1, options: CallOptions = {}): Promise<RateResult> {
    checkWhole('cost', cost, 1, this.#rule.limit);
    try {
      return await this.#count(key, cost, options);
    } catch (error) {
      if (!isTrouble(error)) throw error;
      return { ...this.#verdictInTrouble(), failure: error };
    }
  }

  /** Forgets what was counted for the key. */
  async reset(key: string, options?: CallOptions): Promise<void> {
    const { index } = this.#window();
    await Promise.all([
      this.#cache.delete(this.#keyOf(key, index), options),
      this.#cache.delete(this.#keyOf(key, index - 1), options),
    ]);
  }

  async #count(key: string, cost: number, options: CallOptions): Promise<RateVerdict> {
    const { index, elapsedShare } = this.#window();
    const counter = this.#keyOf(key, index);
    const isSliding = this.#rule.kind === 'sliding';
    const [current, previous] = await Promise.all([
      this.#add(counter, cost, options),
      isSliding ? this.#cache.get<string | number>(this.#keyOf(key, index - 1), options) : 0,
    ]);
    const sample = { cost, current, previous: Number(previous ?? 0), elapsedShare };
    const verdict = judgeRate(this.#rule, sample);
    if (!verdict.allowed) await this.#cache.decrement(counter, cost, options);
    return verdict;
  }

  /** The counter with `cost` added; it is made when there is none, and outlives what looks at it. */
  async #add(counter: string, cost: number, options: CallOptions): Promise<number> {
    const windows = this.#rule.kind === 'sliding' ? 2 : 1;
    const ttl = windows * this.#rule.windowSeconds + 1;
    try {
      return Number(
        (await this.#cache.increment(counter, cost, { ...options, initial: cost, ttl })) ?? cost,
      );
    } catch (error) {
      if (!(error instanceof CacheError && error.code === 'ERR_UNSUPPORTED')) throw error;
      return this.#addInTwoSteps(counter, cost, ttl, options);
    }
  }

  /** In classic text no counter makes itself. */
  async #addInTwoSteps(
    counter: string,
    cost: number,
    ttl: number,
    options: CallOptions,
  ): Promise<number> {
    const counted = await this.#cache.increment(counter, cost, options);
    if (counted !== undefined) return Number(counted);
    if ((await this.#cache.add(counter, cost, { ...options, ttl })) === 'stored') return cost;
    return Number((await this.#cache.increment(counter, cost, options)) ?? cost);
  }

  #verdictInTrouble(): RateVerdict {
    const { limit, windowSeconds } = this.#rule;
    const resetSeconds = (1 - this.#window().elapsedShare) * windowSeconds;
    const allowed = !this.#deniesInTrouble;
    return { allowed, remaining: allowed ? limit : 0, resetSeconds };
  }

  #window(): ReturnType<typeof windowAt> {
    return windowAt(this.#clock.nowMs(), this.#rule.windowSeconds);
  }

  #keyOf(key: string, index: number): string {
    return `${this.#prefix}${key}:${index}`;
  }
}
