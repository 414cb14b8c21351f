import type { ListedItem } from '../../protocol/client.ts';
import { Largest } from './largest.ts';

/**
 * The prefixes that are counted at the same time. Beyond them the smaller half is summed up as
 * `others`, so that a prefix which comes back begins at 0.
 */
export const PREFIXES_MAX = 10_000;

interface CensusOptions {
  /** Only keys that begin with it count; latin1, as the keys. */
  readonly keyPrefix: string;
  /** Where a prefix ends. */
  readonly separator: string;
  /** How many separators a prefix has, beyond `keyPrefix`; a key with fewer has all of its own. */
  readonly depth: number;
  /** How many of the largest items to keep. */
  readonly largestMax: number;
}

/** The items of a prefix, or of the whole cache. */
export interface CensusTotals {
  readonly keys: number;
  readonly bytes: number;
  /** The part of both that no client has read since it was stored. */
  readonly unreadKeys: number;
  readonly unreadBytes: number;
  /** How many never expire. */
  readonly endlessKeys: number;
  /** The sum over all items of the seconds since their last access. */
  readonly idleSeconds: number;
}

export interface PrefixTotals extends CensusTotals {
  /** With its last separator; empty for keys without a separator. */
  readonly prefix: string;
}

/** An item, and the node that has it. */
export interface LargeItem extends ListedItem {
  readonly node: string;
}

/** Counts items by prefix and keeps the largest, in bounded memory. */
export class KeyCensus {
  readonly #options: CensusOptions;
  readonly #largest: Largest<LargeItem>;
  readonly #total = new Count();
  readonly #others = new Count();
  readonly #prefixes = new Map<string, Count>();
  #folds = 0;

  constructor(options: CensusOptions) {
    this.#options = options;
    this.#largest = new Largest(options.largestMax, ({ bytes }) => bytes);
  }

  /** Counts an item if its key has the prefix that is asked for; `now` is a Unix time. */
  add(item: ListedItem, node: string, now: number): void {
    const { keyPrefix } = this.#options;
    if (!item.key.startsWith(keyPrefix)) return;
    this.#total.add(item, now);
    this.#countOf(this.#prefixOf(item.key)).add(item, now);
    if (this.#largest.wants(item.bytes)) this.#largest.add({ ...item, node });
  }

  get total(): CensusTotals {
    return this.#total;
  }

  /** The largest items first. */
  get largest(): readonly LargeItem[] {
    return this.#largest.sorted();
  }

  /** Whether there were more prefixes than PREFIXES_MAX: then small ones are not exact. */
  get isApproximate(): boolean {
    return this.#folds > 0;
  }

  /** The first `max` prefixes by `sizeOf`, the largest first, and the sum of the rest. */
  top(max: number, sizeOf: (totals: CensusTotals) => number) {
    const all = [...this.#prefixes].map(([prefix, count]) => ({ prefix, ...count }));
    const sorted = all.toSorted((a, b) => sizeOf(b) - sizeOf(a) || (a.prefix < b.prefix ? -1 : 1));
    const others = new Count();
    others.merge(this.#others);
    for (const rest of sorted.slice(max)) others.merge(rest);
    const prefixes: readonly PrefixTotals[] = sorted.slice(0, max);
    return { prefixes, others: { ...others } as CensusTotals };
  }

  #prefixOf(key: string): string {
    const { keyPrefix, separator, depth } = this.#options;
    let end = keyPrefix.length;
    for (let level = 0; level < depth; level++) {
      const at = key.indexOf(separator, end);
      if (at < 0) break;
      end = at + separator.length;
    }
    return key.slice(0, end);
  }

  #countOf(prefix: string): Count {
    const known = this.#prefixes.get(prefix);
    if (known !== undefined) return known;
    if (this.#prefixes.size === PREFIXES_MAX) this.#foldSmaller();
    const count = new Count();
    this.#prefixes.set(prefix, count);
    return count;
  }

  #foldSmaller(): void {
    const byBytes = [...this.#prefixes].toSorted(([, a], [, b]) => a.bytes - b.bytes);
    for (const [prefix, count] of byBytes.slice(0, PREFIXES_MAX / 2)) {
      this.#others.merge(count);
      this.#prefixes.delete(prefix);
    }
    this.#folds++;
  }
}

class Count implements CensusTotals {
  keys = 0;
  bytes = 0;
  unreadKeys = 0;
  unreadBytes = 0;
  endlessKeys = 0;
  idleSeconds = 0;

  add({ bytes, isFetched, expiresAt, accessedAt }: ListedItem, now: number): void {
    this.keys++;
    this.bytes += bytes;
    if (!isFetched) {
      this.unreadKeys++;
      this.unreadBytes += bytes;
    }
    if (expiresAt === undefined) this.endlessKeys++;
    this.idleSeconds += Math.max(0, now - accessedAt);
  }

  merge(other: CensusTotals): void {
    this.keys += other.keys;
    this.bytes += other.bytes;
    this.unreadKeys += other.unreadKeys;
    this.unreadBytes += other.unreadBytes;
    this.endlessKeys += other.endlessKeys;
    this.idleSeconds += other.idleSeconds;
  }
}
