import { randomUUID } from 'node:crypto';
import type { Cache } from '../../client.ts';
import { itemKey } from './item-key.ts';

/** The operations of a cache that records of tags use. */
export type TagCache = Pick<Cache, 'gets' | 'getMany' | 'add' | 'cas' | 'set'>;

/**
 * What the cache knows of a tag. Values hold the `id` and the `version` from when they were stored:
 *
 *   id        another one: the tag was invalidated, or the node has evicted the record
 *   version   a higher one: the value is stale, and may be used until `expiredAtMs`
 */
interface TagRecord {
  readonly id: string;
  readonly version: number;
  /** When the tag was invalidated, for values that were computed before and are stored later. */
  readonly invalidatedAtMs: number;
  /** From when stale values must not be used; undefined if they may be used until they expire. */
  readonly expiredAtMs?: number | undefined;
}

/** The state of a value's tags when it was stored. */
export type TagState = Readonly<Record<string, readonly [id: string, version: number]>>;

/** What the tags of a value say of it now. */
type Freshness = 'fresh' | 'stale' | 'invalid';

const ATTEMPTS_MAX = 8;

const newRecord = (invalidatedAtMs: number): TagRecord => ({
  id: randomUUID(),
  version: 0,
  invalidatedAtMs,
});

/** Invalidates values by tags in all processes. */
export class TagRecords {
  readonly #cache: TagCache;
  readonly #prefix: string;

  constructor(cache: TagCache, prefix: string) {
    this.#cache = cache;
    this.#prefix = prefix;
  }

  /**
   * The state of the tags for a value that was computed from `computedAtMs` on; undefined if one of
   * them has been invalidated since then, so that the value must not be stored.
   */
  async stateFor(tags: readonly string[], computedAtMs: number): Promise<TagState | undefined> {
    const records = await this.#read(tags);
    const state: Record<string, readonly [string, number]> = {};
    for (const tag of tags) {
      const record = records.get(tag) ?? (await this.#create(tag));
      if (record.invalidatedAtMs >= computedAtMs) return undefined;
      state[tag] = [record.id, record.version];
    }
    return state;
  }

  async freshnessOf(state: TagState): Promise<Freshness> {
    const records = await this.#read(Object.keys(state));
    let freshness: Freshness = 'fresh';
    for (const [tag, [id, version]] of Object.entries(state)) {
      const record = records.get(tag);
      if (record?.id !== id) return 'invalid';
      if (record.version === version) continue;
      if ((record.expiredAtMs ?? Number.POSITIVE_INFINITY) <= Date.now()) return 'invalid';
      freshness = 'stale';
    }
    return freshness;
  }

  /** When one of the tags was invalidated last, in milliseconds since the Unix epoch; or 0. */
  async invalidatedAt(tags: readonly string[]): Promise<number> {
    const records = [...(await this.#read(tags)).values()];
    return Math.max(0, ...records.map(({ invalidatedAtMs }) => invalidatedAtMs));
  }

  /** Makes every value with the tag invalid. */
  async invalidate(tag: string): Promise<void> {
    await this.#cache.set(this.#keyOf(tag), newRecord(Date.now()));
  }

  /** Makes every value with the tag stale, and invalid after `expireSeconds` if it is given. */
  async expire(tag: string, expireSeconds: number | undefined): Promise<void> {
    const expiredAtMs = expireSeconds === undefined ? undefined : Date.now() + expireSeconds * 1000;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const found = await this.#cache.gets<TagRecord>(this.#keyOf(tag));
      // Without a record no value with the tag is valid.
      if (found === undefined) return;
      const next = { ...found.value, version: found.value.version + 1, expiredAtMs };
      if ((await this.#cache.cas(this.#keyOf(tag), next, found.cas)) === 'stored') return;
    }
    await this.invalidate(tag);
  }

  async #read(tags: readonly string[]): Promise<ReadonlyMap<string, TagRecord>> {
    const keys = tags.map((tag) => this.#keyOf(tag));
    const { values, failed } = await this.#cache.getMany<TagRecord>(keys);
    for (const error of failed.values()) throw error;
    const found = tags.map((tag, at) => [tag, values.get(keys[at]!)] as const);
    return new Map(found.flatMap(([tag, record]) => (record ? [[tag, record] as const] : [])));
  }

  async #create(tag: string): Promise<TagRecord> {
    const record = newRecord(0);
    if ((await this.#cache.add(this.#keyOf(tag), record)) === 'stored') return record;
    return (await this.#cache.gets<TagRecord>(this.#keyOf(tag)))?.value ?? record;
  }

  #keyOf(tag: string): string {
    return itemKey(this.#prefix, tag);
  }
}
