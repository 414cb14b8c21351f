import type { Arena } from './arena.ts';
import type { IndexTable } from './index-table.ts';
import type { Items } from './items.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT, STRIPES, TOTAL } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import { tryLock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';

/** How many items at the tail an eviction looks at before it gives up. */
const TAIL_LOOKS_MAX = 64;
/** How many recently read items an eviction may send back to the head. */
const SECOND_CHANCES_MAX = 16;

/**
 * Makes room in a size class by forgetting the item at its LRU tail. An item read since it was last
 * here gets a second chance (the one bit that a hit costs): it goes back to the head, bit cleared.
 *
 * It comes from the LRU's side, class lock in hand, so it may only *try* a stripe, and passes over
 * an item that is busy.
 */
export class Evictor {
  readonly #stripes: Int32Array;
  readonly #totals: Float64Array;
  readonly #items: Items;
  readonly #lru: LruLists;
  readonly #index: IndexTable;
  readonly #lifetimes: Lifetimes;

  constructor(arena: Arena, items: Items, lru: LruLists, index: IndexTable, lifetimes: Lifetimes) {
    this.#stripes = arena.stripes;
    this.#totals = arena.totals;
    this.#items = items;
    this.#lru = lru;
    this.#index = index;
    this.#lifetimes = lifetimes;
  }

  /**
   * The chunk of a forgotten item, or NO_ITEM. The class lock is held; `heldStripe` (or -1) is the
   * stripe the caller holds already, and `keep` an item of it that it still needs.
   */
  evict(sizeClass: number, heldStripe: number, keep: ItemId): ItemId {
    let chances = SECOND_CHANCES_MAX;
    let id = this.#lru.tail(sizeClass, SEGMENT.cold);
    for (let look = 0; look < TAIL_LOOKS_MAX && id !== NO_ITEM; look++) {
      const candidate = id;
      id = this.#items.lruPrev(candidate);
      if (candidate === keep) continue;
      const hash = this.#index.hashOfItem(candidate);
      const stripe = hash & (STRIPES - 1);
      const held = stripe === heldStripe;
      if (!held && !tryLock(this.#stripes, stripe)) continue;
      const spared = chances > 0 && this.#spare(sizeClass, candidate);
      if (spared) chances--;
      else this.#forget(sizeClass, hash, candidate);
      if (!held) unlock(this.#stripes, stripe);
      if (!spared) return candidate;
    }
    this.#count(sizeClass, TOTAL.outOfMemory);
    return NO_ITEM;
  }

  /** Sends an item that was read since it was last here back to the head. */
  #spare(sizeClass: number, id: ItemId): boolean {
    if (!this.#items.has(id, FLAG.active) || this.#isDead(id)) return false;
    this.#items.clearFlags(id, FLAG.active);
    this.#lru.toHead(sizeClass, id);
    return true;
  }

  #forget(sizeClass: number, hash: number, id: ItemId): void {
    const items = this.#items;
    const fetched = items.has(id, FLAG.fetched);
    if (this.#isDead(id)) {
      this.#count(sizeClass, TOTAL.reclaimed);
      if (!fetched) this.#count(sizeClass, TOTAL.expiredUnfetched);
    } else {
      this.#count(sizeClass, TOTAL.evicted);
      if (items.expiry(id) !== 0) this.#count(sizeClass, TOTAL.evictedNonzero);
      if (!fetched) this.#count(sizeClass, TOTAL.evictedUnfetched);
      if (items.has(id, FLAG.active)) this.#count(sizeClass, TOTAL.evictedActive);
      const idleSeconds = this.#lifetimes.now() - items.access(id);
      this.#totals[sizeClass * TOTAL.slots + TOTAL.evictedTime] = idleSeconds;
    }
    this.#index.remove(hash, id);
    items.clearFlags(id, FLAG.linked);
    this.#lru.leave(sizeClass, id);
  }

  #isDead(id: ItemId): boolean {
    return this.#lifetimes.isExpired(id) || this.#lifetimes.isFlushed(id);
  }

  #count(sizeClass: number, slot: number): void {
    this.#totals[sizeClass * TOTAL.slots + slot]! += 1;
  }
}
