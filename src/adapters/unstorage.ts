/** The entry point `slabring/unstorage`: a driver for unstorage, and so for Nitro and Nuxt. */
import type { Cache } from '../client.ts';
import {
  CLEAR_DELAY_MS,
  type ClearableCache,
  ClearableKeys,
  type ClearOptions,
} from './shared/clearable.ts';
import { itemKey } from './shared/item-key.ts';
import { withDefaults } from './shared/options.ts';

/** The operations of a cache that the driver uses. */
export type UnstorageCache = ClearableCache & Pick<Cache, 'getBytes'>;

export interface UnstorageDriverOptions extends ClearOptions {
  /** The prefix of the keys. @default 'unstorage:' */
  readonly prefix?: string;
  /** Time to live of the items in seconds; 0: until the node evicts them. @default 0 */
  readonly ttl?: number;
  /**
   * Whether `getKeys` resolves with no keys. By default it rejects, and so does a `getKeys` of the
   * storage that concerns other drivers, too.
   * @default false
   */
  readonly emptyKeyList?: boolean;
}

const DEFAULTS = {
  prefix: 'unstorage:',
  ttl: 0,
  clearDelayMs: CLEAR_DELAY_MS,
  emptyKeyList: false,
};

const NO_LIST =
  'A cache cannot list its keys, so getKeys has no result. With emptyKeyList: true for ' +
  'unstorageDriver it resolves with no keys, so that the keys of other drivers can be listed.';

/** The group of all keys of a driver. */
const ALL = '';

/** The options of a call: `ttl` in seconds. */
interface CallOptions {
  readonly ttl?: number;
}

/**
 * A driver for unstorage: `createStorage({ driver: unstorageDriver(cache) })`. The application
 * closes the client. A cache does not list its keys, so `getKeys` rejects.
 */
export function unstorageDriver(cache: UnstorageCache, options: UnstorageDriverOptions = {}) {
  const { prefix, ttl, clearDelayMs, emptyKeyList } = withDefaults(cache, DEFAULTS, options);
  const keys = new ClearableKeys(cache, `${prefix}cleared:`, clearDelayMs);
  const keyOf = (key: string): Promise<string> => keys.keyOf([ALL], itemKey(prefix, key));
  const getItem = async (key: string): Promise<string | null> =>
    (await cache.get<string>(await keyOf(key))) ?? null;
  const store = async (key: string, value: unknown, call: CallOptions = {}): Promise<void> =>
    cache.set(await keyOf(key), value, { ttl: call.ttl ?? ttl });
  return {
    name: 'slabring',
    options: { prefix, ttl, clearDelayMs },
    getInstance: () => cache,
    hasItem: async (key: string): Promise<boolean> => (await getItem(key)) !== null,
    getItem,
    getItems: async (items: { key: string }[]) => {
      const itemKeys = await Promise.all(items.map(({ key }) => keyOf(key)));
      const { values, failed } = await cache.getMany<string>(itemKeys);
      for (const error of failed.values()) throw error;
      return items.map(({ key }, at) => ({ key, value: values.get(itemKeys[at]!) ?? null }));
    },
    getItemRaw: async (key: string): Promise<unknown> => (await getItem(key)) ?? null,
    setItem: store,
    setItemRaw: store,
    removeItem: async (key: string): Promise<void> => {
      await cache.delete(await keyOf(key));
    },
    getKeys: async (): Promise<string[]> => {
      if (emptyKeyList) return [];
      throw new Error(NO_LIST);
    },
    /** Clears all keys: unstorage clears whole drivers only. */
    clear: (): Promise<void> => keys.clear(ALL),
  };
}
