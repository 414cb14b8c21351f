/** The entry point `slabring/bentocache`: a second layer (L2) for BentoCache. */
import type { Cache } from '../client.ts';
import {
  CLEAR_DELAY_MS,
  type ClearableCache,
  ClearableKeys,
  type ClearOptions,
} from './shared/clearable.ts';
import { itemKey } from './shared/item-key.ts';
import { withDefaults } from './shared/options.ts';
import { ttlOfMs } from './shared/ttl.ts';

/** The operations of a cache that the driver uses. */
export type BentoCacheCache = ClearableCache & Pick<Cache, 'get'>;

export interface SlabringDriverOptions extends ClearOptions {
  /** The prefix of all keys. BentoCache passes its own `prefix`. @default 'bentocache' */
  readonly prefix?: string;
}

const DEFAULTS = { prefix: 'bentocache', clearDelayMs: CLEAR_DELAY_MS };
const SEPARATOR = ':';

/**
 * The driver for BentoCache: `bentostore().useL2Layer(slabringDriver(cache))`. The application
 * closes the client. `clear` of a namespace clears it in all processes.
 */
export function slabringDriver(cache: BentoCacheCache, options: SlabringDriverOptions = {}) {
  const values = withDefaults(cache, DEFAULTS, options);
  return {
    options: values,
    /** BentoCache calls it with the `prefix` of the store. */
    factory: (config: { readonly prefix?: string | undefined } = {}): SlabringDriver => {
      const { prefix = values.prefix } = config;
      const keys = new ClearableKeys(cache, `${prefix}${SEPARATOR}cleared:`, values.clearDelayMs);
      return new SlabringDriver(cache, keys, prefix, '');
    },
  };
}

/** A namespace of the cache, or all of it. */
export class SlabringDriver {
  readonly type = 'l2';
  readonly #cache: BentoCacheCache;
  readonly #keys: ClearableKeys;
  readonly #prefix: string;
  /** The namespaces, each with the separator; empty for all of the cache. */
  readonly #namespace: string;

  /** Use `slabringDriver` instead. */
  constructor(cache: BentoCacheCache, keys: ClearableKeys, prefix: string, namespace: string) {
    this.#cache = cache;
    this.#keys = keys;
    this.#prefix = prefix;
    this.#namespace = namespace;
  }

  namespace(namespace: string): SlabringDriver {
    const inner = `${this.#namespace}${namespace}${SEPARATOR}`;
    return new SlabringDriver(this.#cache, this.#keys, this.#prefix, inner);
  }

  async get(key: string): Promise<string | undefined> {
    return this.#cache.get<string>(await this.#keyOf(key));
  }

  /** Returns the value and deletes it. */
  async pull(key: string): Promise<string | undefined> {
    const itemKey = await this.#keyOf(key);
    const value = await this.#cache.get<string>(itemKey);
    if (value === undefined) return undefined;
    return (await this.#cache.delete(itemKey)) ? value : undefined;
  }

  /** @param ttl in milliseconds; without it the value stays until the node evicts it */
  async set(key: string, value: string, ttl?: number): Promise<boolean> {
    await this.#cache.set(await this.#keyOf(key), value, { ttl: ttlOfMs(ttl) });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(await this.#keyOf(key));
  }

  async deleteMany(keys: readonly string[]): Promise<boolean> {
    await Promise.all(keys.map((key) => this.delete(key)));
    return true;
  }

  /** Clears the namespace. One inside of another clears the outer one: only that has a counter. */
  clear(): Promise<void> {
    return this.#keys.clear(groupOf(this.#namespace));
  }

  /** The application closes the client, which may have other users. */
  async disconnect(): Promise<void> {}

  /** All of the cache is one group, and the first namespace of a key is another. */
  #keyOf(key: string): Promise<string> {
    const path = this.#namespace + key;
    const groups = new Set(['', groupOf(path)]);
    return this.#keys.keyOf([...groups], itemKey(`${this.#prefix}${SEPARATOR}`, path));
  }
}

/** The first namespace of a path. */
const groupOf = (path: string): string => {
  const end = path.indexOf(SEPARATOR);
  return end === -1 ? '' : path.slice(0, end);
};
