import type { Arena } from './arena.ts';
import { type ChainMover, CLEARED } from './chain-mover.ts';
import { COUNT, type ThreadCounters } from './counters.ts';
import type { Evictor } from './evictor.ts';
import type { IndexTable } from './index-table.ts';
import { type Items, pageOf, wordOf } from './items.ts';
import { CLASS, CONTROL, FLAG, ITEM, type ItemId, NO_ITEM, STRIPES } from './layout.ts';
import { lock, tryLock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';
import { NO_PAGE, type Pages } from './pages.ts';
import type { Releaser } from './releaser.ts';
import type { Slabs } from './slabs.ts';

/** How many chunks are looked at under one hold of the class lock. */
const CHUNKS_PER_HOLD = 64;
/** How often a page with busy chunks is gone through before it is left where it is. */
const ROUNDS_MAX = 8;
/** How many victims may lie in the leaving page itself before the item gives way. */
const VICTIMS_MAX = 8;

/** What a move comes to. */
export const MOVED = { done: 0, busy: 1, nothing: 2 } as const;
export type Moved = (typeof MOVED)[keyof typeof MOVED];

const COUNT_OF = {
  [CLEARED.movedHead]: COUNT.slab_reassign_rescues,
  [CLEARED.movedChunk]: COUNT.slab_reassign_chunk_rescues,
  [CLEARED.evicted]: COUNT.slab_reassign_evictions_nomem,
} as const;

/**
 * Moves a page from one class to another, item by item: each goes to a free chunk of its class, or to that of
 * the item the class can best do without. One page moves at a time in a store: the mover's lock is taken
 * after a stripe and before a class, and who holds it only tries stripes.
 */
export class PageMover {
  readonly #counters: ThreadCounters;
  readonly #control: Int32Array;
  readonly #stripes: Int32Array;
  readonly #classes: Int32Array;
  readonly #words: Uint32Array;
  readonly #items: Items;
  readonly #lru: LruLists;
  readonly #index: IndexTable;
  readonly #slabs: Slabs;
  readonly #pages: Pages;
  readonly #evictor: Evictor;
  readonly #releaser: Releaser;
  readonly #chainMover: ChainMover;
  /** Parts of chains found under the hold of a class: they take other locks, hence wait for its end. */
  readonly #chainParts = new Uint32Array(CHUNKS_PER_HOLD);
  #chainPartCount = 0;
  /** Where the search for a page of a class goes on. */
  #hand = 0;

  constructor(
    arena: Arena,
    parts: {
      readonly items: Items;
      readonly lru: LruLists;
      readonly index: IndexTable;
      readonly slabs: Slabs;
      readonly pages: Pages;
      readonly evictor: Evictor;
      readonly releaser: Releaser;
      readonly chainMover: ChainMover;
      readonly counters: ThreadCounters;
    },
  ) {
    this.#control = arena.control;
    this.#stripes = arena.stripes;
    this.#classes = arena.classes;
    this.#words = arena.words;
    this.#items = parts.items;
    this.#lru = parts.lru;
    this.#index = parts.index;
    this.#slabs = parts.slabs;
    this.#pages = parts.pages;
    this.#evictor = parts.evictor;
    this.#counters = parts.counters;
    this.#releaser = parts.releaser;
    this.#chainMover = parts.chainMover;
  }

  /**
   * Moves one page of a class to another, or to the pool (0). `heldStripe` (or -1) is the stripe that the
   * caller holds; it holds no class. At most some milliseconds: a page is a megabyte.
   */
  move(from: number, to: number, heldStripe: number): Moved {
    lock(this.#control, CONTROL.moverLock);
    const moved = this.#move(from, to, heldStripe);
    unlock(this.#control, CONTROL.moverLock);
    return moved;
  }

  /** Whether a page is on its way just now. */
  isMoving(): boolean {
    return Atomics.load(this.#control, CONTROL.moverLock) !== 0;
  }

  #move(from: number, to: number, heldStripe: number): Moved {
    const page = this.#pageOfClass(from);
    if (page === NO_PAGE || this.#slabs.pages(from) < 2) return MOVED.nothing;
    this.#lockClass(from);
    this.#slabs.beginLeaving(from, page);
    this.#unlockClass(from);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (this.#empty(from, page, heldStripe)) return this.#handOver(from, to);
    }
    this.#lockClass(from);
    this.#slabs.cancelLeaving(from);
    this.#unlockClass(from);
    this.#counters.add(COUNT.slab_reassign_busy_items);
    return MOVED.busy;
  }

  #handOver(from: number, to: number): Moved {
    this.#lockClass(from);
    const page = this.#slabs.endLeaving(from);
    this.#unlockClass(from);
    if (to === 0) {
      this.#pages.give(page);
    } else {
      this.#lockClass(to);
      this.#slabs.adopt(to, page);
      this.#unlockClass(to);
    }
    this.#counters.add(COUNT.slabs_moved);
    return MOVED.done;
  }

  /** One round through the page; whether it is empty now. */
  #empty(from: number, page: number, heldStripe: number): boolean {
    const chunks = this.#slabs.chunksPerPage(from);
    let done = false;
    for (let nth = 0; nth < chunks && !done; nth += CHUNKS_PER_HOLD) {
      this.#lockClass(from);
      const end = Math.min(chunks, nth + CHUNKS_PER_HOLD);
      for (let at = nth; at < end; at++) {
        this.#clear(from, this.#slabs.chunkOf(from, page, at), heldStripe);
      }
      done = this.#slabs.hasLeft(from);
      this.#unlockClass(from);
      this.#clearChainParts(from, heldStripe);
    }
    return done;
  }

  /** Takes the item out of a chunk of the leaving page, if there is one and nobody is at it. */
  #clear(from: number, id: ItemId, heldStripe: number): void {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    if ((meta & FLAG.chunked) !== 0) {
      this.#chainParts[this.#chainPartCount++] = id;
      return;
    }
    if ((meta & FLAG.linked) === 0) return;
    if (this.#evictor.reclaimIfDead(from, id)) return;
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    // Also the caller's own stripe is busy: it looks at an item of it.
    if (stripe === heldStripe || !tryLock(this.#stripes, stripe)) return;
    const fresh = this.#chunkFor(from, id, stripe);
    if (fresh === NO_ITEM) {
      this.#evictor.forgetHeld(from, hash, id);
      this.#counters.add(COUNT.slab_reassign_evictions_nomem);
    } else {
      this.#relocate(from, hash, id, fresh);
      this.#counters.add(COUNT.slab_reassign_rescues);
    }
    unlock(this.#stripes, stripe);
  }

  #clearChainParts(from: number, heldStripe: number): void {
    for (let nth = 0; nth < this.#chainPartCount; nth++) {
      const cleared = this.#chainMover.clear(from, this.#chainParts[nth]!, heldStripe);
      if (cleared !== CLEARED.busy) this.#counters.add(COUNT_OF[cleared]);
    }
    this.#chainPartCount = 0;
  }

  /** A chunk outside the leaving page for the item, or NO_ITEM. */
  #chunkFor(from: number, id: ItemId, heldStripe: number): ItemId {
    const free = this.#slabs.takeFree(from);
    if (free !== NO_ITEM) return free;
    const page = this.#slabs.leaving(from);
    for (let victims = 0; victims < VICTIMS_MAX; victims++) {
      const forgotten = this.#evictor.evict(from, heldStripe, id);
      const isChain = forgotten !== NO_ITEM && this.#items.isChained(forgotten);
      const victim = isChain ? this.#releaser.dismantle(forgotten, from) : forgotten;
      if (victim === NO_ITEM || pageOf(victim) !== page) return victim;
      this.#slabs.give(from, victim);
    }
    return NO_ITEM;
  }

  #relocate(sizeClass: number, hash: number, old: ItemId, fresh: ItemId): void {
    const words = this.#words;
    const [source, target] = [wordOf(old), wordOf(fresh)];
    words.copyWithin(target, source, source + Math.ceil(this.#items.bytes(old) / 4));
    this.#index.replace(hash, old, fresh);
    this.#lru.replace(sizeClass, old, fresh);
    this.#slabs.give(sizeClass, old);
  }

  /** The next page of the class, in the order of pages, round and round. */
  #pageOfClass(sizeClass: number): number {
    const end = this.#pages.end();
    for (let look = 0; look < end; look++) {
      this.#hand = this.#hand + 1 >= end ? 0 : this.#hand + 1;
      if (this.#pages.classOf(this.#hand) === sizeClass) return this.#hand;
    }
    return NO_PAGE;
  }

  #lockClass(sizeClass: number): void {
    lock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }

  #unlockClass(sizeClass: number): void {
    unlock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
