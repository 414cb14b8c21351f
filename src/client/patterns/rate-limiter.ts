import { type Clock, integer, machineClock } from '../../base/index.ts';
import { CacheError, isCacheFailure } from '../base/errors.ts';
import type { Cache } from '../operations/cache.ts';
import { callOptions } from '../option-tables/call-options.ts';
import type { ClientOption } from '../option-tables/option-group.ts';
import { rateLimiterOptions } from '../option-tables/pattern-options.ts';
import { checkOptions, checkValue, valuesOf } from '../option-tables/resolve.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { RateLimiterOptions } from '../option-types/patterns.ts';
import { decideRate, type RateRule, type RateVerdict, windowAt } from './rate-window.ts';

/** The operations of a cache that a rate limiter uses. */
type CountingCache = Pick<Cache, 'increment' | 'decrement' | 'add' | 'get' | 'delete'>;

/** The result of `consume`. */
export interface RateResult extends RateVerdict {
  /** Why the limiter did not count the call: the cache failed, so `onCacheError` decided. */
  readonly failure?: CacheError;
}

/**
 * Limits the calls for each key across all processes, by counters that expire. The counters are
 * atomic, so no window ever allows more than its limit. The limiter does not count a denied call.
 * The clock of each process determines the current window.
 */
export class RateLimiter {
  readonly #cache: CountingCache;
  readonly #rule: RateRule;
  readonly #costOption: ClientOption;
  readonly #prefix: string;
  readonly #deniesOnCacheFailure: boolean;
  readonly #clock: Clock;

  constructor(cache: CountingCache, options: RateLimiterOptions, clock: Clock = machineClock) {
    const { limit, windowSeconds, kind, prefix, onCacheError } = valuesOf(
      rateLimiterOptions,
      options,
    );
    this.#cache = cache;
    this.#rule = { limit, windowSeconds, kind };
    this.#costOption = integer({ min: 1, max: limit, doc: 'The units that one call costs.' });
    this.#prefix = `${prefix}${windowSeconds}:`;
    this.#deniesOnCacheFailure = onCacheError === 'deny';
    this.#clock = clock;
  }

  /**
   * Counts a call for `key` that costs `cost` units (1 … `limit`) and returns whether it may run.
   */
  async consume(key: string, cost = 1, options: CallOptions = {}): Promise<RateResult> {
    checkValue('cost', this.#costOption, cost);
    checkOptions(callOptions, options);
    try {
      return await this.#count(key, cost, options);
    } catch (error) {
      if (!isCacheFailure(error)) throw error;
      return { ...this.#verdictOnCacheFailure(), failure: error };
    }
  }

  /** Deletes the counters of the key. */
  async reset(key: string, options?: CallOptions): Promise<void> {
    checkOptions(callOptions, options);
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
      this.#increment(counter, cost, options),
      isSliding ? this.#cache.get<string | number>(this.#keyOf(key, index - 1), options) : 0,
    ]);
    const sample = { cost, current, previous: Number(previous ?? 0), elapsedShare };
    const verdict = decideRate(this.#rule, sample);
    if (!verdict.allowed) await this.#cache.decrement(counter, cost, options);
    return verdict;
  }

  /**
   * Adds `cost` to the counter and returns the sum. It creates a missing counter, with a `ttl` that
   * lasts until the last window that reads it has ended.
   */
  async #increment(counter: string, cost: number, options: CallOptions): Promise<number> {
    const windows = this.#rule.kind === 'sliding' ? 2 : 1;
    const ttl = windows * this.#rule.windowSeconds + 1;
    try {
      return Number(
        (await this.#cache.increment(counter, cost, { ...options, initial: cost, ttl })) ?? cost,
      );
    } catch (error) {
      if (!(error instanceof CacheError && error.code === 'ERR_UNSUPPORTED')) throw error;
      return this.#incrementOrAdd(counter, cost, ttl, options);
    }
  }

  /** The classic text protocol cannot create a counter by `increment`. */
  async #incrementOrAdd(
    counter: string,
    cost: number,
    ttl: number,
    options: CallOptions,
  ): Promise<number> {
    const sum = await this.#cache.increment(counter, cost, options);
    if (sum !== undefined) return Number(sum);
    if ((await this.#cache.add(counter, cost, { ...options, ttl })) === 'stored') return cost;
    return Number((await this.#cache.increment(counter, cost, options)) ?? cost);
  }

  #verdictOnCacheFailure(): RateVerdict {
    const { limit, windowSeconds } = this.#rule;
    const resetSeconds = (1 - this.#window().elapsedShare) * windowSeconds;
    const allowed = !this.#deniesOnCacheFailure;
    return { allowed, remaining: allowed ? limit : 0, resetSeconds };
  }

  #window(): ReturnType<typeof windowAt> {
    return windowAt(this.#clock.nowMs(), this.#rule.windowSeconds);
  }

  #keyOf(key: string, index: number): string {
    return `${this.#prefix}${key}:${index}`;
  }
}
