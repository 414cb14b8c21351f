import { createHash, randomInt } from 'node:crypto';
import { argumentError, isCacheFailure } from '../base/errors.ts';
import { machineRuntime, type Timing } from '../connection/runtime.ts';
import type { Cache, Loader, SureLoader } from '../operations/cache.ts';
import { callOptions, deleteOptions, storeOptions } from '../option-tables/call-options.ts';
import { loadOptions } from '../option-tables/load-options.ts';
import type { OptionGroup } from '../option-tables/option-group.ts';
import { tagOptions } from '../option-tables/pattern-options.ts';
import { checkCache, checkOptions, valuesOf } from '../option-tables/resolve.ts';
import type { CallOptions, DeleteOptions, StoreOptions } from '../option-types/calls.ts';
import type { LoadOptions, TagOptions } from '../option-types/patterns.ts';
import { keyPartOf } from './key-part.ts';
import { deadlineMsOf, planLoad } from './load-plan.ts';
import { type SharedLoad, SharedLoads } from './shared-loads.ts';

/** The operations of a cache that a TagSpace uses. */
type TaggableCache = Pick<
  Cache,
  'get' | 'getOrSet' | 'set' | 'delete' | 'getMany' | 'add' | 'increment'
>;

const TAGS_MAX = 64;
/**
 * A generation starts at a random number, so that a counter which the node evicted and the client
 * created again never repeats a generation.
 */
const GENERATION_MAX = 2 ** 47;
const DIGEST_CHARS = 16;

/**
 * Invalidates groups of values by tag, such as `user:7` or a prefix that their keys share.
 *
 * Each tag is a counter: its value is the generation of the tag. The key under which the cache
 * stores a value contains a hash of the generations of its tags. An increment of the counter
 * therefore makes every value with that tag unfindable at once. The old items stay until they
 * expire or the node evicts them, so give them a `ttl`. Tags cost a `getMany` before each operation
 * and 17 bytes of each key.
 */
export class TagSpace {
  readonly #cache: TaggableCache;
  readonly #prefix: string;
  readonly #timing: Timing;
  /** The loads that bypass the cache, by tags and key. */
  readonly #loads: SharedLoads;

  /** @param timing internal: what a test simulates. */
  constructor(cache: TaggableCache, options: TagOptions = {}, timing: Timing = machineRuntime) {
    checkCache(cache);
    this.#cache = cache;
    this.#timing = timing;
    this.#loads = new SharedLoads(timing);
    this.#prefix = valuesOf(tagOptions, options).prefix;
  }

  /** Returns a view of the cache whose values have these tags, 1 … 64 in any order. */
  tagged(tags: readonly string[]): Tagged {
    const distinct = [...new Set(tags)].toSorted();
    if (distinct.length < 1 || distinct.length > TAGS_MAX) {
      throw argumentError(`A value has ${distinct.length} tags, not 1 to ${TAGS_MAX}.`);
    }
    return new Tagged(this.#cache, {
      generations: (options) => this.#generations(distinct, options),
      load: (key, load, options) => {
        return this.#loadOnce([...distinct, key].join('\n'), key, load, options);
      },
    });
  }

  /** Invalidates every value with the tag: once this resolves, no client finds them. */
  async invalidateTag(tag: string, options?: CallOptions): Promise<void> {
    checkOptions(callOptions, options);
    // Without a counter no value is findable: the next counter starts at another random number.
    await this.#cache.increment(this.#keyOf(tag), 1, options);
  }

  #loadOnce<T>(
    name: string,
    key: string,
    load: Loader<T>,
    options: LoadOptions,
  ): Promise<T | undefined> {
    const { signal } = options;
    const plan = planLoad(options);
    const calledAt = this.#timing.now();
    const shared: SharedLoad<T> = {
      name,
      key,
      plan,
      calledAt,
      deadlineAt: calledAt + deadlineMsOf(plan),
      load: async (loadSignal) => load({ key, signal: loadSignal }),
      retry: () => this.#loads.joinOrStart(shared, signal),
    };
    return this.#loads.joinOrStart(shared, signal);
  }

  async #generations(
    tags: readonly string[],
    options: CallOptions | undefined,
  ): Promise<readonly string[]> {
    const keys = tags.map((tag) => this.#keyOf(tag));
    const { values, failed } = await this.#cache.getMany<unknown>(keys, options);
    for (const error of failed.values()) throw error;
    const all = keys.map((key) => values.get(key) ?? this.#createGeneration(key, options));
    return (await Promise.all(all)).map((generation) => String(generation).trimEnd());
  }

  #keyOf(tag: string): string {
    return this.#prefix + keyPartOf(tag, 'tag');
  }

  async #createGeneration(key: string, options: CallOptions | undefined): Promise<unknown> {
    const start = String(randomInt(GENERATION_MAX));
    if ((await this.#cache.add(key, start, options)) === 'stored') return start;
    return (await this.#cache.get(key, options)) ?? start;
  }
}

/** What a Tagged needs of its TagSpace. */
interface TagOperations {
  /** Reads the generation of each tag. */
  generations(options?: CallOptions): Promise<readonly string[]>;
  /** Calls the loader without the cache, once for all waiting callers. */
  load<T>(key: string, load: Loader<T>, options: LoadOptions): Promise<T | undefined>;
}

/** A view of a cache whose values have certain tags. */
export class Tagged {
  readonly #cache: TaggableCache;
  readonly #operations: TagOperations;

  /** Use `TagSpace.tagged` instead. */
  constructor(cache: TaggableCache, operations: TagOperations) {
    this.#cache = cache;
    this.#operations = operations;
  }

  /** Returns the key under which the cache stores the value in the current generations. */
  async keyOf(key: string, options?: CallOptions): Promise<string> {
    return this.#keyOf(key, callOptions, options);
  }

  async get<T = unknown>(key: string, options?: CallOptions): Promise<T | undefined> {
    return this.#cache.get<T>(await this.#keyOf(key, callOptions, options), options);
  }

  async set(key: string, value: unknown, options?: StoreOptions): Promise<void> {
    await this.#cache.set(await this.#keyOf(key, storeOptions, options), value, options);
  }

  async delete(key: string, options?: DeleteOptions): Promise<boolean> {
    return this.#cache.delete(await this.#keyOf(key, deleteOptions, options), options);
  }

  /**
   * Works as the client's `getOrSet`. The loaded value belongs to the generations from before the
   * load: if a caller invalidates a tag during the load, no client finds the value.
   */
  getOrSet<T>(key: string, load: SureLoader<T>, options?: LoadOptions): Promise<T>;
  getOrSet<T>(key: string, load: Loader<T>, options?: LoadOptions): Promise<T | undefined>;
  async getOrSet<T>(
    key: string,
    load: Loader<T>,
    options: LoadOptions = {},
  ): Promise<T | undefined> {
    const taggedKey = await this.#keyOf(key, loadOptions, options).catch((error: unknown) => {
      if (isCacheFailure(error) && options.onCacheError !== 'fail') return undefined;
      throw error;
    });
    if (taggedKey !== undefined) {
      const loadUntagged: Loader<T> = ({ signal }) => load({ key, signal });
      return this.#cache.getOrSet(taggedKey, loadUntagged, options);
    }
    return this.#operations.load(key, load, options);
  }

  async #keyOf(key: string, group: OptionGroup, options?: CallOptions): Promise<string> {
    checkOptions(group, options);
    const generations = await this.#operations.generations(generationOptions(options));
    const digest = createHash('sha256').update(generations.join(' ')).digest('base64url');
    return `${key}~${digest.slice(0, DIGEST_CHARS)}`;
  }
}

/** The options that also apply to the request for the generations. */
function generationOptions({ deadlineMs, signal }: CallOptions = {}): CallOptions {
  return {
    ...(deadlineMs === undefined ? {} : { deadlineMs }),
    ...(signal === undefined ? {} : { signal }),
  };
}
