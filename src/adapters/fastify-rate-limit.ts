/** The entry point `slabring/fastify-rate-limit`: a store for @fastify/rate-limit. */
import { itemKey } from './shared/item-key.ts';
import { required, withDefaults } from './shared/options.ts';
import { type CountingCache, type WindowCount, WindowCounters } from './shared/window-counters.ts';

export interface FastifyStoreOptions {
  /** Applications with the same name share their counters: give each its own. */
  readonly name: string;
  /** The prefix of the counters' keys. @default 'limit:' */
  readonly prefix?: string;
}

const DEFAULTS = { name: '', prefix: 'limit:' };
/** A window with exponential backoff grows up to this. */
const BACKOFF_MS_MAX = 30 * 24 * 3_600_000;

/** What @fastify/rate-limit passes to its stores: the options of the plugin, or of a route. */
interface StoreParams {
  readonly continueExceeding?: boolean;
  readonly exponentialBackoff?: boolean;
}

/** The part of a route that has its own counters. */
interface RouteParams extends StoreParams {
  readonly routeInfo?: { readonly method?: unknown; readonly url?: unknown };
}

type Done = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** The methods that @fastify/rate-limit calls. */
export interface FastifyRateLimitStore {
  incr(key: string, done: Done, windowMs: number, max: number): void;
  read(key: string, done: Done): void;
  child(route: object): FastifyRateLimitStore;
}

/**
 * Returns a store class for @fastify/rate-limit: `store: fastifyRateLimitStore(cache, { name })`.
 * All processes count together, each route with limits of its own apart. A window has whole
 * seconds. A failure of the cache fails the request: `skipOnError` lets it pass.
 */
export function fastifyRateLimitStore(
  cache: CountingCache,
  options: FastifyStoreOptions,
): new (
  params: object,
) => FastifyRateLimitStore {
  const { name, prefix } = withDefaults(cache, DEFAULTS, options);
  const root = `${prefix}${required('name', name)}:`;
  return class extends Store {
    constructor(params: StoreParams) {
      super(cache, root, params);
    }
  };
}

class Store implements FastifyRateLimitStore {
  readonly #cache: CountingCache;
  readonly #prefix: string;
  readonly #params: StoreParams;
  readonly #counters: WindowCounters;

  constructor(cache: CountingCache, prefix: string, params: StoreParams) {
    this.#cache = cache;
    this.#prefix = prefix;
    this.#params = params;
    this.#counters = new WindowCounters(cache, prefix);
  }

  incr(key: string, done: Done, windowMs: number, max: number): void {
    passTo(done, this.#count(String(key), windowMs, max));
  }

  read(key: string, done: Done): void {
    const read = this.#counters.read(String(key));
    passTo(
      done,
      read.then((count) => count ?? { hits: 0, resetMs: 0 }),
    );
  }

  child(route: RouteParams): FastifyRateLimitStore {
    const { method, url } = route.routeInfo ?? {};
    return new Store(this.#cache, `${this.#prefix}${pathPart(`${method}${url}`)}:`, route);
  }

  async #count(key: string, windowMs: number, max: number): Promise<WindowCount> {
    const count = await this.#counters.hit(key, windowMs);
    if (count.hits <= max) return count;
    const { continueExceeding, exponentialBackoff } = this.#params;
    if (continueExceeding !== true && exponentialBackoff !== true) return count;
    const factor = continueExceeding === true ? 1 : 2 ** (count.hits - max - 1);
    const resetMs = Math.min(BACKOFF_MS_MAX, windowMs * factor);
    await this.#counters.extend(key, resetMs);
    return { hits: count.hits, resetMs };
  }
}

/** A short part of a key for the path of a route, which may have any length. */
const pathPart = (path: string): string => itemKey('', path);

/** Calls back outside of the promise, so that an exception in the callback stays one. */
function passTo(done: Done, count: Promise<WindowCount>): void {
  count.then(
    ({ hits, resetMs }) => process.nextTick(done, null, { current: hits, ttl: resetMs }),
    (error: Error) => process.nextTick(done, error),
  );
}
