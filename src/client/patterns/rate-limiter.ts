import { type Clock, integer } from '../../base/index.ts';
import { CacheError, isCacheFailure } from '../base/errors.ts';
import type { Cache } from '../operations/cache.ts';
import { callOptions } from '../option-tables/call-options.ts';
import type { ClientOption } from '../option-tables/option-group.ts';
import { rateLimiterOptions } from '../option-tables/pattern-options.ts';
import { checkCache, checkOptions, checkValue, valuesOf } from '../option-tables/resolve.ts';
import type { CallOptions } from '../option-types/calls.ts';
import type { RateLimiterOptions } from '../option-types/patterns.ts';
import { keyPartOf } from './key-part.ts';
import { undefinedOnFailure } from './lease-writes.ts';
import { decideRate, type RateRule, type RateVerdict, windowAt } from './rate-window.ts';

/** The operations of a cache that a rate limiter uses. */
type CountingCache = Pick<Cache, 'increment' | 'decrement' | 'add' | 'get' | 'delete'>;

/** The result of `consume`. */
export interface RateResult extends RateVerdict {
  /** Why the limiter did not count the call: the cache failed, so `onCacheError` decided. */
  readonly failure?: CacheError;
}

/** The clocks of all processes must agree, so it follows the corrections of the wall clock. */
const wallClock: Clock = { nowMs: () => Date.now() };

/**
 * Limits the calls for each key across all processes, by counters that expire. The counters are
 * atomic, so no window ever allows more than its limit. The limiter does not count a denied call.
 *
 * The clock of each process determines the current window. Around the end of a window, a process
 * whose clock is ahead counts in the next window while others still count in this one. There, a
 * sliding limiter reads the other counter after it has counted its call: of two calls that count in
 * different windows, at least one sees the other.
 */
export class RateLimiter {
  readonly #cache: CountingCache;
  readonly #rule: RateRule;
  readonly #costOption: ClientOption;
  readonly #prefix: string;
  /** The share of a window that `clockSkewMs` covers at its beginning and at its end. */
  readonly #edgeShare: number;
  readonly #deniesOnCacheFailure: boolean;
  readonly #clock: Clock;

  constructor(cache: CountingCache, options: RateLimiterOptions, clock: Clock = wallClock) {
    checkCache(cache);
    const values = valuesOf(rateLimiterOptions, options);
    const { name, limit, windowSeconds, kind, prefix, clockSkewMs, onCacheError } = values;
    this.#cache = cache;
    this.#rule = { limit, windowSeconds, kind };
    this.#costOption = integer({ min: 1, max: limit, doc: 'The units that one call costs.' });
    this.#prefix = `${prefix}${name}:${windowSeconds}:`;
    this.#edgeShare = clockSkewMs / (windowSeconds * 1000);
    this.#deniesOnCacheFailure = onCacheError === 'deny';
    this.#clock = clock;
  }

  /**
   * Counts a call for `key` that costs `cost` units (1 … `limit`) and returns whether it may run.
   * `key` is any text: the name of a user, an address.
   * @throws {CacheError} ERR_ARGUMENT for a key that is no text, such as a missing name.
   */
  async consume(key: string, cost = 1, options: CallOptions = {}): Promise<RateResult> {
    checkValue('cost', this.#costOption, cost);
    checkOptions(callOptions, options);
    const part = keyPartOf(key, 'key');
    try {
      return await this.#count(part, cost, options);
    } catch (error) {
      if (!isCacheFailure(error)) throw error;
      return { ...this.#verdictOnCacheFailure(), failure: error };
    }
  }

  /** Deletes the counters of the key. */
  async reset(key: string, options?: CallOptions): Promise<void> {
    checkOptions(callOptions, options);
    const part = keyPartOf(key, 'key');
    const { index } = this.#window();
    const indexes = [index - 1, index, index + 1];
    await Promise.all(indexes.map((each) => this.#cache.delete(this.#keyOf(part, each), options)));
  }

  async #count(part: string, cost: number, options: CallOptions): Promise<RateVerdict> {
    const { index, elapsedShare } = this.#window();
    const isFixed = this.#rule.kind === 'fixed';
    const read = (at: number): Promise<number> => this.#read(this.#keyOf(part, at), options);
    const counter = this.#keyOf(part, index);
    const counting = this.#increment(counter, cost, options);
    // Near the start of the window other processes may still count in the previous one.
    if (elapsedShare < this.#edgeShare) await counting;
    const [current, previous] = await Promise.all([counting, isFixed ? 0 : read(index - 1)]);
    const next = !isFixed && this.#mayHaveEnded(index) ? await read(index + 1) : 0;
    const verdict = decideRate(this.#rule, { cost, previous, current, next, elapsedShare });
    // If this fails, the call stays counted: the limiter denies more, and the verdict is the same.
    if (!verdict.allowed) await undefinedOnFailure(this.#cache.decrement(counter, cost, options));
    return verdict;
  }

  /** Whether the window has ended for a process whose clock is ahead. */
  #mayHaveEnded(index: number): boolean {
    const now = this.#window();
    return now.index > index || now.elapsedShare >= 1 - this.#edgeShare;
  }

  async #read(counter: string, options: CallOptions): Promise<number> {
    return Number((await this.#cache.get<string | number>(counter, options)) ?? 0);
  }

  /**
   * Adds `cost` to the counter and returns the sum. It creates a missing counter, with a `ttl` that
   * lasts until the last window that reads it has ended, by the latest clock.
   */
  async #increment(counter: string, cost: number, options: CallOptions): Promise<number> {
    const windows = this.#rule.kind === 'sliding' ? 2 : 1;
    const ttl = (windows + this.#edgeShare) * this.#rule.windowSeconds + 1;
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
    const resetSeconds = Math.ceil((1 - this.#window().elapsedShare) * windowSeconds);
    const allowed = !this.#deniesOnCacheFailure;
    return { allowed, remaining: allowed ? limit : 0, resetSeconds };
  }

  #window(): ReturnType<typeof windowAt> {
    return windowAt(this.#clock.nowMs(), this.#rule.windowSeconds);
  }

  #keyOf(part: string, index: number): string {
    return `${this.#prefix}${part}:${index}`;
  }
}
