/** The entry point `slabring/keyv`: a store for keyv 5 and 6, and for what uses keyv. */
import { EventEmitter } from 'node:events';
import type { Cache, CacheError } from '../client.ts';
import {
  CLEAR_DELAY_MS,
  type ClearableCache,
  ClearableKeys,
  type ClearOptions,
} from './shared/clearable.ts';
import { itemKey } from './shared/item-key.ts';
import { withDefaults } from './shared/options.ts';
import { ttlOfMs } from './shared/ttl.ts';

/** The operations of a cache that the store uses. */
export type KeyvCache = ClearableCache & Pick<Cache, 'setMany'>;

export interface KeyvSlabringOptions extends ClearOptions {
  /** The prefix of the keys in the cache. @default 'keyv:' */
  readonly prefix?: string;
}

const DEFAULTS = { prefix: 'keyv:', clearDelayMs: CLEAR_DELAY_MS };

/** A value that keyv stores, with its time to live in milliseconds. */
export interface KeyvEntry {
  readonly key: string;
  readonly value: unknown;
  readonly ttl?: number | undefined;
}

/**
 * A store for keyv: `new Keyv({ store: new KeyvSlabring(cache) })`. The application closes the
 * client, which may have other users. A namespace is cleared by a counter that is part of its keys;
 * the store cannot iterate, because a cache does not list its keys.
 *
 * A failure of the cache rejects, and keyv reports it (`throwOnErrors`, event `error`). `getMany`
 * returns what it can read, and emits `error` for the rest.
 */
export class KeyvSlabring extends EventEmitter {
  readonly opts: Record<string, unknown>;
  /** Keyv sets it, and also prefixes the keys with it. */
  namespace: string | undefined;
  readonly #cache: KeyvCache;
  readonly #prefix: string;
  readonly #keys: ClearableKeys;

  constructor(cache: KeyvCache, options: KeyvSlabringOptions = {}) {
    super();
    const { prefix, clearDelayMs } = withDefaults(cache, DEFAULTS, options);
    this.opts = { dialect: 'slabring' };
    this.#cache = cache;
    this.#prefix = prefix;
    this.#keys = new ClearableKeys(cache, `${prefix}cleared:`, clearDelayMs);
  }

  async get<T>(key: string): Promise<T | undefined> {
    return this.#cache.get<T>(await this.#keyOf(key));
  }

  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    await this.#cache.set(await this.#keyOf(key), value, { ttl: ttlOfMs(ttl) });
    return true;
  }

  async delete(key: string): Promise<boolean> {
    return this.#cache.delete(await this.#keyOf(key));
  }

  async has(key: string): Promise<boolean> {
    return (await this.get(key)) !== undefined;
  }

  async getMany<T>(keys: readonly string[]): Promise<(T | undefined)[]> {
    const all = await Promise.all(keys.map((key) => this.#keyOf(key)));
    const { values, failed } = await this.#cache.getMany<T>(all);
    this.#report(failed);
    return all.map((key) => values.get(key));
  }

  /** Stores values together that have the same time to live. */
  async setMany(entries: readonly KeyvEntry[]): Promise<boolean[]> {
    const keyed = await Promise.all(
      entries.map(async ({ key, value, ttl }) => ({
        key: await this.#keyOf(key),
        value,
        ttl: ttlOfMs(ttl),
      })),
    );
    const failed = new Set<string>();
    const store = async (ttl: number, group: typeof keyed): Promise<void> => {
      const pairs = group.map(({ key, value }) => [key, value] as const);
      const result = await this.#cache.setMany(pairs, { ttl });
      this.#report(result.failed);
      for (const key of result.failed.keys()) failed.add(key);
    };
    const groups = Map.groupBy(keyed, ({ ttl }) => ttl);
    await Promise.all([...groups].map(([ttl, group]) => store(ttl, group)));
    return keyed.map(({ key }) => !failed.has(key));
  }

  /** Whether one of the keys existed. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.includes(true);
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return (await this.getMany(keys)).map((value) => value !== undefined);
  }

  /** Clears the namespace, or all keys of a store without one. */
  clear(): Promise<void> {
    return this.#keys.clear(this.#group());
  }

  #keyOf(key: string): Promise<string> {
    return this.#keys.keyOf([this.#group()], itemKey(this.#prefix, key));
  }

  #group(): string {
    return this.namespace ?? '';
  }

  #report(failed: ReadonlyMap<string, CacheError>): void {
    if (this.listenerCount('error') === 0) return;
    for (const error of failed.values()) this.emit('error', error);
  }
}
