import type { ViewedBytes } from '../../base/index.ts';
import { CLASS_COUNT, COUNT, type ThreadCounters } from '../memory/counters.ts';
import { FLAG, type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import { HITS_MAX, type Items } from './items.ts';
import type { NewItem } from './new-item.ts';

/** The storage commands. */
export const MODE = { set: 0, add: 1, replace: 2, append: 3, prepend: 4, cas: 5 } as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

/** The condition of a storage command, and the CAS id that its client chose. */
export interface PutOptions {
  readonly mode: Mode;
  /** The CAS id that the stored item must have; 0 matches any, except for MODE.cas. */
  readonly casHigh: number;
  readonly casLow: number;
  /** Whether to store the value as stale when the stored item is newer than that CAS id. */
  readonly allowStale: boolean;
  /** Whether append and prepend create a missing item. */
  readonly vivify: boolean;
  /** Whether the client chose the new CAS id (below). The item must have room for it. */
  readonly ownCas: boolean;
  readonly ownCasHigh: number;
  readonly ownCasLow: number;
}

/** The outcome of a storage command. None of them is a failure. */
export const OUTCOME = {
  stored: 0,
  notStored: 1,
  exists: 2,
  notFound: 3,
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** An item with its key and its value, both of which the caller has completely. */
export interface WholeItem extends NewItem, PutOptions {
  readonly hash: number;
  /** The key is `keySource[keyStart, keyStart + keyBytes)`. */
  readonly keySource: Buffer;
  readonly keyStart: number;
  /** Whether the client sent the key in base64. */
  readonly keyBinary: boolean;
  /** The value is `valueSource.bytes[valueStart, valueStart + valueBytes)`. */
  readonly valueSource: ViewedBytes;
  readonly valueStart: number;
}

/** What a storage command did. One object for each thread, valid until its next storage command. */
export interface StoreResult {
  readonly outcome: Outcome;
  /** The CAS id of the stored item. */
  readonly casHigh: number;
  readonly casLow: number;
  /** The size of the stored value, or else of the value that was to be stored. */
  readonly valueBytes: number;
  /** After a `put` that stored: the expiry and the size class of the linked item. */
  readonly expiry: number;
  readonly sizeClass: number;
}

/** The conditions of `add`, `replace`, `cas` and the other storage commands. */
export class StoreCondition {
  readonly #items: Items;
  readonly #counters: ThreadCounters;

  constructor(parts: { readonly items: Items; readonly counters: ThreadCounters }) {
    this.#items = parts.items;
    this.#counters = parts.counters;
  }

  /** Whether `fresh` may replace `old`. */
  check(old: ItemId, fresh: ItemId, options: PutOptions): Outcome {
    const { mode } = options;
    if (mode === MODE.set) return OUTCOME.stored;
    if (old === NO_ITEM) return this.#checkMissing(options);
    if (mode === MODE.add) {
      // The add counts as a hit for eviction, but not as a fetch: no client received the value.
      this.#items.setHits(old, Math.min(HITS_MAX, this.#items.hits(old) + 1));
      return OUTCOME.notStored;
    }
    if (mode === MODE.replace) return OUTCOME.stored;
    const { casHigh, casLow } = options;
    const high = this.#items.casHigh(old);
    const low = this.#items.casLow(old);
    const matches = high === casHigh && low === casLow;
    const anyCas = casHigh === 0 && casLow === 0;
    if (mode !== MODE.cas) return matches || anyCas ? OUTCOME.stored : OUTCOME.exists;
    const isOlder = casHigh < high || (casHigh === high && casLow < low);
    const stale = options.allowStale && isOlder && !anyCas;
    if (stale) this.#markStale(old, fresh);
    // Only an item of a store without CAS ids has 0 (`-C`): there no `cas` succeeds.
    const stored = (matches && !anyCas) || stale;
    const slot = stored ? CLASS_COUNT.cas_hits : CLASS_COUNT.cas_badval;
    this.#counters.addToClass(this.#items.lruClassOf(old), slot);
    return stored ? OUTCOME.stored : OUTCOME.exists;
  }

  /**
   * Reverts the counting of a `check` whose item was not stored; the caller will check it again.
   */
  uncount(old: ItemId, { mode }: PutOptions): void {
    if (mode !== MODE.cas) return;
    this.#counters.addToClass(this.#items.lruClassOf(old), CLASS_COUNT.cas_hits, -1);
  }

  #checkMissing({ mode, vivify }: PutOptions): Outcome {
    if (mode === MODE.add) return OUTCOME.stored;
    if (mode === MODE.cas) {
      this.#counters.add(COUNT.cas_misses);
      return OUTCOME.notFound;
    }
    return vivify && mode !== MODE.replace ? OUTCOME.stored : OUTCOME.notStored;
  }

  /** The new value is older than the one it replaces: it is stale, and keeps the old expiry. */
  #markStale(old: ItemId, fresh: ItemId): void {
    const sent = this.#items.hasFlag(old, FLAG.tokenSent) ? FLAG.tokenSent : 0;
    this.#items.setFlags(fresh, FLAG.stale | sent);
    this.#items.setExpiry(fresh, this.#items.expiry(old));
  }
}
