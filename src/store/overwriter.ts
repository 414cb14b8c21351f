import type { Arena } from './arena.ts';
import type { Evictor } from './evictor.ts';
import type { Expiries } from './expiries.ts';
import { HITS_MAX, type Items } from './items.ts';
import { CLASS, FLAG, type ItemId, TOTAL } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Linker } from './linker.ts';
import { lock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';
import type { SizeHistogram } from './size-histogram.ts';

/** What says nothing of the new value. */
const OF_OLD_VALUE = FLAG.fetched | FLAG.stale | FLAG.tokenSent | FLAG.keyBinary;

interface OverwriterParts {
  readonly items: Items;
  readonly lifetimes: Lifetimes;
  readonly linker: Pick<Linker, 'stampSeq'>;
  readonly lru: LruLists;
  readonly evictor: Pick<Evictor, 'stayOf' | 'keepsTurn'>;
  readonly sizes: SizeHistogram;
  readonly expiries: Expiries;
}

/**
 * Makes an item that is linked the item of another value of the same key, in the chunk it has:
 * nothing is taken, given back or hung elsewhere. The caller holds its stripe, so nobody sees the
 * half of it.
 */
export class Overwriter {
  readonly #classes: Int32Array;
  readonly #totals: Float64Array;
  readonly #parts: OverwriterParts;

  constructor(arena: Arena, parts: OverwriterParts) {
    this.#classes = arena.classes;
    this.#totals = arena.totals;
    this.#parts = parts;
  }

  /**
   * Whether the item's chunk is of that class and its key is where it would be with these flags.
   */
  fits(id: ItemId, sizeClass: number, clientFlags: number): boolean {
    const { items } = this.#parts;
    if (items.has(id, FLAG.chunked | FLAG.ownCas)) return false;
    return (
      items.has(id, FLAG.clientFlags) === (clientFlags !== 0) && items.classOf(id) === sizeClass
    );
  }

  /** All but the bytes of the value, which are the caller's to write. */
  begin(
    id: ItemId,
    sizeClass: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
  ): void {
    const { items, lifetimes, sizes, expiries } = this.#parts;
    const block = sizeClass * CLASS.words;
    const totals = sizeClass * TOTAL.slots;
    lock(this.#classes, block + CLASS.lock);
    sizes.leave(id);
    this.#totals[totals + TOTAL.memRequested]! += valueBytes - items.valueBytes(id);
    this.#totals[totals + TOTAL.totalItems]! += 1;
    items.renew(id, OF_OLD_VALUE, clientFlags, expiry, valueBytes);
    this.#parts.linker.stampSeq(id);
    this.#note(id, sizeClass, lifetimes.now());
    if (expiry !== 0) expiries.note(sizeClass, expiry);
    sizes.enter(id);
    unlock(this.#classes, block + CLASS.lock);
  }

  /**
   * What the policy makes of a write; another life may mean another list, too. The class lock is
   * held.
   */
  #note(id: ItemId, sizeClass: number, now: number): void {
    const { items, lru, evictor } = this.#parts;
    const hits = items.hits(id);
    const keepsTurn = evictor.keepsTurn();
    items.setAccess(id, now, keepsTurn ? Math.min(HITS_MAX, hits + 1) : hits);
    const expiry = items.expiry(id);
    const segment = items.segment(id);
    const next = evictor.stayOf(segment, expiry === 0 ? 0 : expiry - now);
    if (!keepsTurn || next !== segment) lru.toHead(sizeClass, id, next);
  }
}
