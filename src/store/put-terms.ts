import { CLASS_COUNT, COUNT, type ThreadCounters } from './counters.ts';
import { HITS_MAX, type Items } from './items.ts';
import { FLAG, type ItemId, NO_ITEM } from './layout.ts';

/** How an item takes its place in the index. */
export const MODE = { set: 0, add: 1, replace: 2, append: 3, prepend: 4, cas: 5 } as const;
export type Mode = (typeof MODE)[keyof typeof MODE];

/** On what terms an item takes its place in the index. */
export interface PutTerms {
  readonly mode: Mode;
  /** The CAS id that the item in place must carry; 0 is any, but for MODE.cas. */
  readonly casHigh: number;
  readonly casLow: number;
  /** Whether it is stored also when the item in place is newer than that CAS id: then as stale. */
  readonly allowStale: boolean;
  /** Whether append and prepend create what is missing. */
  readonly vivify: boolean;
  /** Whether the client chose the new CAS id: the one below, for an item allocated with room. */
  readonly ownCas: boolean;
  readonly ownCasHigh: number;
  readonly ownCasLow: number;
}

/** What became of a change; answers, not failures. */
export const OUTCOME = {
  stored: 0,
  notStored: 1,
  exists: 2,
  notFound: 3,
} as const;
export type Outcome = (typeof OUTCOME)[keyof typeof OUTCOME];

/** A value that is here as a whole, for `Store.putWhole`. */
export interface WholeValue {
  readonly hash: number;
  /** The key is `keySource[keyStart, keyEnd)`. */
  readonly keySource: Buffer;
  readonly keyStart: number;
  readonly keyEnd: number;
  /** Whether the key was given in base64. */
  readonly keyBinary: boolean;
  readonly clientFlags: number;
  /** On the store's clock; 0 is never. */
  readonly expiry: number;
  /** The value is `source[valueStart, valueEnd)`. */
  readonly source: Buffer;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * Whether an item may take the place of another: what `add`, `replace`, `cas` and the others
 * promise.
 */
export class PutJudge {
  readonly #items: Items;
  readonly #counters: ThreadCounters;

  constructor(parts: { readonly items: Items; readonly counters: ThreadCounters }) {
    this.#items = parts.items;
    this.#counters = parts.counters;
  }

  /** Whether `fresh` may be stored over `old` on these terms. */
  judge(old: ItemId, fresh: ItemId, terms: PutTerms): Outcome {
    const { mode } = terms;
    if (old === NO_ITEM) return this.#judgeMissing(terms);
    if (mode === MODE.add) {
      // It stays longer for having been asked for, but nobody has seen its value.
      this.#items.setHits(old, Math.min(HITS_MAX, this.#items.hits(old) + 1));
      return OUTCOME.notStored;
    }
    if (mode === MODE.set || mode === MODE.replace) return OUTCOME.stored;
    const { casHigh, casLow } = terms;
    const high = this.#items.casHigh(old);
    const low = this.#items.casLow(old);
    const matches = high === casHigh && low === casLow;
    const anyCas = casHigh === 0 && casLow === 0;
    if (mode !== MODE.cas) return matches || anyCas ? OUTCOME.stored : OUTCOME.exists;
    const isOlder = casHigh < high || (casHigh === high && casLow < low);
    const stale = terms.allowStale && isOlder && !anyCas;
    if (stale) this.#markStale(old, fresh);
    const stored = matches || stale;
    const slot = stored ? CLASS_COUNT.cas_hits : CLASS_COUNT.cas_badval;
    this.#counters.addToClass(this.#items.lruClassOf(old), slot);
    return stored ? OUTCOME.stored : OUTCOME.exists;
  }

  /** What was judged to be stored was not, and will be judged again. */
  takeBack(old: ItemId, { mode }: PutTerms): void {
    if (mode !== MODE.cas) return;
    this.#counters.addToClass(this.#items.lruClassOf(old), CLASS_COUNT.cas_hits, -1);
  }

  #judgeMissing({ mode, vivify }: PutTerms): Outcome {
    if (mode === MODE.set || mode === MODE.add) return OUTCOME.stored;
    if (mode === MODE.cas) {
      this.#counters.add(COUNT.cas_misses);
      return OUTCOME.notFound;
    }
    return vivify && mode !== MODE.replace ? OUTCOME.stored : OUTCOME.notStored;
  }

  /** A value older than the one it replaces: served as stale, and no longer than that one. */
  #markStale(old: ItemId, fresh: ItemId): void {
    const sent = this.#items.has(old, FLAG.tokenSent) ? FLAG.tokenSent : 0;
    this.#items.setFlags(fresh, FLAG.stale | sent);
    this.#items.setExpiry(fresh, this.#items.expiry(old));
  }
}
