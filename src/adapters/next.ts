/** The entry point `slabring/next`: the cache handlers of Next.js 15 and 16. */
import { deserialize, serialize } from 'node:v8';
import type { Cache } from '../client.ts';
import { itemKey } from './shared/item-key.ts';
import { withDefaults } from './shared/options.ts';
import { type TagCache, TagRecords, type TagState } from './shared/tag-records.ts';

/** The operations of a cache that the handlers use. */
export type NextCache = TagCache & Pick<Cache, 'getBytes' | 'delete'>;

export interface NextHandlerOptions {
  /** The prefix of the keys: give each application, and each of its builds, its own. */
  readonly prefix?: string;
  /** Called for each failure of the cache that the handler treats as a miss. @default nothing */
  readonly onError?: (error: unknown) => void;
}

const DEFAULTS = { prefix: 'next:', onError: (_: unknown): void => {} };
/** The longest time to live of an item; Next.js uses longer times for “never”. */
const TTL_MAX = 2 ** 31 - 1;
const TAGS_HEADER = 'x-next-cache-tags';

/** A value of Next.js with its tags, as the cache stores it. */
interface StoredValue<T> {
  readonly value: T;
  readonly storedAtMs: number;
  readonly tags: TagState;
}

/** A value to store. */
interface ComputedValue {
  readonly value: unknown;
  readonly tags: readonly string[];
  /** When its computation began. */
  readonly startedAtMs: number;
  /** In seconds. */
  readonly ttl: number | undefined;
}

/** Stores values of Next.js with their tags. A failed read is a miss, a failed write is none. */
class TaggedValues {
  readonly tags: TagRecords;
  readonly #cache: NextCache;
  readonly #prefix: string;
  readonly #onError: (error: unknown) => void;

  constructor(cache: NextCache, options: NextHandlerOptions) {
    const { prefix, onError } = withDefaults(cache, DEFAULTS, options);
    this.#cache = cache;
    this.#prefix = prefix;
    this.#onError = onError;
    this.tags = new TagRecords(cache, `${prefix}tag:`);
  }

  /** The value, unless one of its tags or `moreTags` has been invalidated. */
  async get<T>(
    key: string,
    moreTags: readonly string[] = [],
  ): Promise<(StoredValue<T> & { readonly isStale: boolean }) | undefined> {
    try {
      const bytes = await this.#cache.getBytes(itemKey(this.#prefix, key));
      if (bytes === undefined) return undefined;
      const stored = deserialize(bytes) as StoredValue<T>;
      const freshness = await this.tags.freshnessOf(stored.tags);
      if (freshness === 'invalid') return undefined;
      const invalidatedAt = moreTags.length === 0 ? 0 : await this.tags.invalidatedAt(moreTags);
      if (invalidatedAt >= stored.storedAtMs) return undefined;
      return { ...stored, isStale: freshness === 'stale' };
    } catch (error) {
      this.#onError(error);
      return undefined;
    }
  }

  /** Stores what `compute` resolves with, unless a tag has been invalidated in between. */
  async set(key: string, compute: () => Promise<ComputedValue>): Promise<void> {
    try {
      const { value, tags, startedAtMs, ttl } = await compute();
      const state = await this.tags.stateFor(tags, startedAtMs);
      if (state === undefined) return;
      const stored = { value, storedAtMs: startedAtMs, tags: state };
      await this.#cache.set(itemKey(this.#prefix, key), serialize(stored), { ttl: ttlOf(ttl) });
    } catch (error) {
      this.#onError(error);
    }
  }

  async delete(key: string): Promise<void> {
    await this.#cache.delete(itemKey(this.#prefix, key));
  }

  async update(tags: readonly string[], durations: Durations | undefined): Promise<void> {
    const update = (tag: string): Promise<void> =>
      durations === undefined ? this.tags.invalidate(tag) : this.tags.expire(tag, durations.expire);
    await Promise.all(tags.map(update));
  }
}

/** Set for a revalidation by a profile: values are stale at once, and expire later. */
interface Durations {
  readonly expire?: number;
}

/** 0 means until the node evicts the item. */
const ttlOf = (seconds: number | undefined): number =>
  seconds === undefined || seconds > TTL_MAX ? 0 : Math.max(1, seconds);

/** The value of a page, a route, an image or a `fetch`; the handler reads only its tags. */
interface ResponseValue {
  readonly kind?: string;
  readonly headers?: Readonly<Record<string, unknown>> | undefined;
  readonly tags?: readonly string[];
}

interface GetContext {
  /** What Next.js reads, such as `APP_PAGE`. */
  readonly kind?: string;
  readonly tags?: readonly string[];
  readonly softTags?: readonly string[];
}

/** How long a response is fresh, and how long it may be used, in seconds. */
interface CacheControl {
  readonly revalidate: number | false;
  readonly expire: number | undefined;
}

interface SetContext {
  readonly tags?: readonly string[];
  readonly cacheControl?: CacheControl;
}

/** A response as the cache stores it; only Next.js knows the shape of its value. */
interface StoredResponse {
  readonly value: never;
  readonly cacheControl: CacheControl | undefined;
}

/** What Next.js expects of the class in `cacheHandler`. */
export interface NextResponseCache {
  get(
    key: string,
    context?: GetContext,
  ): Promise<(StoredResponse & { readonly lastModified: number }) | null>;
  set(key: string, value: ResponseValue | null, context?: SetContext): Promise<void>;
  revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void>;
  resetRequestCache(): void;
}

/**
 * The class for `cacheHandler` in next.config: pages, route handlers, images and `fetch`. All
 * servers share what one of them has rendered, and `revalidateTag` and `revalidatePath` of one
 * concern all. A failure of the cache is a miss; a failed revalidation rejects.
 */
export function nextCacheHandler(
  cache: NextCache,
  options: NextHandlerOptions = {},
): new (
  ...context: readonly unknown[]
) => NextResponseCache {
  const values = new TaggedValues(cache, options);
  return class implements NextResponseCache {
    async get(key: string, { tags = [], softTags = [] }: GetContext = {}) {
      const found = await values.get<StoredResponse>(`response:${key}`, [...tags, ...softTags]);
      if (found === undefined) return null;
      // Next.js serves a value that was last modified at -1, and computes it again.
      return { ...found.value, lastModified: found.isStale ? -1 : found.storedAtMs };
    }

    async set(key: string, value: ResponseValue | null, context: SetContext = {}): Promise<void> {
      if (value === null) return values.delete(`response:${key}`);
      const { cacheControl } = context;
      const tags = [...new Set([...tagsOf(value), ...(context.tags ?? [])])];
      const times = { startedAtMs: Date.now(), ttl: cacheControl?.expire };
      const compute = async () => ({ value: { value, cacheControl }, tags, ...times });
      await values.set(`response:${key}`, compute);
    }

    async revalidateTag(tags: string | readonly string[], durations?: Durations): Promise<void> {
      await values.update(typeof tags === 'string' ? [tags] : tags, durations);
    }

    resetRequestCache(): void {}
  };
}

/** The tags of a page are in a header, those of a `fetch` in its value. */
function tagsOf({ headers, tags = [] }: ResponseValue): readonly string[] {
  const header = headers?.[TAGS_HEADER];
  return typeof header === 'string' ? [...tags, ...header.split(',')] : tags;
}

/** An entry of `use cache`; times in seconds, `timestamp` in milliseconds. */
interface UseCacheEntry {
  readonly value: ReadableStream<Uint8Array>;
  readonly tags: string[];
  readonly stale: number;
  readonly timestamp: number;
  readonly expire: number;
  readonly revalidate: number;
}

/** What Next.js expects of a handler in `cacheHandlers`. */
export interface NextUseCacheHandler {
  get(key: string, softTags: string[]): Promise<UseCacheEntry | undefined>;
  set(key: string, pending: Promise<UseCacheEntry>): Promise<void>;
  refreshTags(): Promise<void>;
  getExpiration(tags: string[]): Promise<number>;
  updateTags(tags: string[], durations?: Durations): Promise<void>;
}

/**
 * A handler for `cacheHandlers` in next.config: `use cache` and `use cache: remote`. All servers
 * share the values and the invalidation of their tags. A failure of the cache is a miss; a failed
 * invalidation rejects.
 */
export function nextUseCacheHandler(
  cache: NextCache,
  options: NextHandlerOptions = {},
): NextUseCacheHandler {
  const values = new TaggedValues(cache, options);
  type Stored = Omit<UseCacheEntry, 'value'> & { readonly bytes: Uint8Array };
  return {
    async get(key) {
      const found = await values.get<Stored>(`use-cache:${key}`);
      if (found === undefined) return undefined;
      const { bytes, ...entry } = found.value;
      const revalidate = found.isStale ? -1 : entry.revalidate;
      return { ...entry, revalidate, value: streamOf(bytes) };
    },
    async set(key, pending) {
      await values.set(`use-cache:${key}`, async () => {
        const { value, ...entry } = await pending;
        const bytes = new Uint8Array(await new Response(value).arrayBuffer());
        const stored: Stored = { ...entry, bytes };
        const { tags, timestamp, expire } = entry;
        return { value: stored, tags, startedAtMs: timestamp, ttl: expire };
      });
    },
    /** Each read asks for the tags of its entry, so there is nothing to refresh. */
    async refreshTags() {},
    getExpiration: (tags) => values.tags.invalidatedAt(tags),
    updateTags: (tags, durations) => values.update(tags, durations),
  };
}

const streamOf = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start(controller) {
      controller.enqueue(bytes);
      controller.close();
    },
  });
