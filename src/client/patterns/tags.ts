import { createHash, randomInt } from 'node:crypto';
import type { ManyValues } from '../many.ts';
import { badOption, type CallOptions, type StoreOptions } from '../options.ts';
import { checkNames } from './check-options.ts';
import { Flights } from './flight.ts';
import type { Load, LoadOptions } from './load-plan.ts';
import type { FarCache } from './near-cache.ts';
import { isTrouble } from './trouble.ts';

/** What tags need of a cache. */
export interface TaggableCache extends FarCache {
  getMany<T>(keys: readonly string[], options?: CallOptions): Promise<ManyValues<T>>;
  add(key: string, value: unknown, options?: StoreOptions): Promise<'stored' | 'not-stored'>;
  increment(key: string, by: number, options?: CallOptions): Promise<bigint | undefined>;
}

/** Options of a TagSpace. */
export interface TagOptions {
  /** Put in front of tags, to make the keys of their counters. @default 'tag:' */
  readonly prefix?: string;
}

const TAGS_MAX = 64;
/** Where a generation begins: by chance, so that a counter that was evicted never counts the same again. */
const GENERATION_MAX = 2 ** 47;
const DIGEST_CHARS = 16;

/**
 * Values that are invalidated together, by tag: by `user:7`, or by a prefix that their keys share.
 *
 * Each tag is a counter, its generation. The generations of a value's tags are part of the key that
 * it is stored under, so that counting one up makes every value with that tag unfindable at once;
 * what is left of them expires or is evicted: give them a `ttl`. It costs a `getMany` of the tags
 * before each operation, and 17 bytes of the key.
 */
export class TagSpace {
  readonly #cache: TaggableCache;
  readonly #prefix: string;
  /** Loads without the cache, by tags and key: one at a time of each. */
  readonly #flights = new Flights();

  constructor(cache: TaggableCache, options: TagOptions = {}) {
    checkNames(options, ['prefix']);
    this.#cache = cache;
    this.#prefix = options.prefix ?? 'tag:';
  }

  /** The cache as seen with these tags, 1 … 64; their order does not matter. */
  tagged(tags: readonly string[]): Tagged {
    const distinct = [...new Set(tags)].toSorted();
    if (distinct.length < 1 || distinct.length > TAGS_MAX) {
      throw badOption(`There are ${distinct.length} tags, not 1 to ${TAGS_MAX}.`);
    }
    return new Tagged(this.#cache, {
      generations: (options) => this.#generations(distinct, options),
      load: (key, load, signal) => this.#loadOnce([...distinct, key].join('\n'), key, load, signal),
    });
  }

  /** Makes every value with the tag unfindable, for everybody, once this has resolved. */
  async invalidateTag(tag: string, options?: CallOptions): Promise<void> {
    // Without a counter there is nothing to find: the next one begins somewhere else.
    await this.#cache.increment(this.#prefix + tag, 1, options);
  }

  #loadOnce<T>(
    name: string,
    key: string,
    load: Load<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const running = this.#flights.open<T>(name);
    if (running !== undefined) return running.join(signal);
    const flight = this.#flights.start<T>(name, undefined, async (_, aborted) => {
      return load({ key, signal: aborted });
    });
    return flight.join(signal);
  }

  async #generations(
    tags: readonly string[],
    options: CallOptions | undefined,
  ): Promise<readonly string[]> {
    const keys = tags.map((tag) => this.#prefix + tag);
    const { values, failed } = await this.#cache.getMany<unknown>(keys, options);
    for (const error of failed.values()) throw error;
    const begun = keys.map((key) => values.get(key) ?? this.#begin(key, options));
    return (await Promise.all(begun)).map((generation) => String(generation).trimEnd());
  }

  async #begin(key: string, options: CallOptions | undefined): Promise<unknown> {
    const start = String(randomInt(GENERATION_MAX));
    if ((await this.#cache.add(key, start, options)) === 'stored') return start;
    return (await this.#cache.get(key, options)) ?? start;
  }
}

/** What a Tagged asks of its TagSpace. */
interface TagsOfOne {
  generations(options?: CallOptions): Promise<readonly string[]>;
  /** Without the cache. */
  load<T>(key: string, load: Load<T>, signal: AbortSignal | undefined): Promise<T | undefined>;
}

/** A cache whose values have certain tags. */
export class Tagged {
  readonly #cache: TaggableCache;
  readonly #tags: TagsOfOne;

  /** Made by `TagSpace.tagged`. */
  constructor(cache: TaggableCache, tags: TagsOfOne) {
    this.#cache = cache;
    this.#tags = tags;
  }

  /** The key that the value is stored under now. */
  async keyOf(key: string, options?: CallOptions): Promise<string> {
    const generations = await this.#tags.generations(callOf(options));
    const digest = createHash('sha256').update(generations.join(' ')).digest('base64url');
    return `${key}~${digest.slice(0, DIGEST_CHARS)}`;
  }

  async get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#cache.get<T>(await this.keyOf(key, options), options);
  }

  async set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    await this.#cache.set(await this.keyOf(key, options), value, options);
  }

  async delete(key: string, options?: CallOptions): Promise<boolean> {
    return this.#cache.delete(await this.keyOf(key, options), options);
  }

  /**
   * As a client's `getOrSet`. What is loaded belongs to the generations from before the load: if a
   * tag is invalidated meanwhile, nobody finds it.
   */
  async getOrSet<T>(key: string, load: Load<T>, options: LoadOptions = {}): Promise<T | undefined> {
    const taggedKey = await this.keyOf(key, options).catch((error: unknown) => {
      if (isTrouble(error) && options.onCacheError !== 'fail') return undefined;
      throw error;
    });
    if (taggedKey !== undefined) {
      const plainly: Load<T> = ({ signal }) => load({ key, signal });
      return this.#cache.getOrSet(taggedKey, plainly, options);
    }
    return this.#tags.load(key, load, options.signal);
  }
}

/** Of all options, those of the request for the tags. */
function callOf({ deadlineMs, signal }: CallOptions = {}): CallOptions {
  return {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(signal === undefined ? {} : { signal }),
  };
}
