import { lock, tryLock, unlock } from '../../base/index.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { IndexTable } from '../items/index-table.ts';
import { type Items, pageOf, wordOf } from '../items/items.ts';
import type { Releaser } from '../items/releaser.ts';
import type { Arena } from '../memory/arena.ts';
import { COUNT, type ThreadCounters } from '../memory/counters.ts';
import { CLASS, CONTROL, FLAG, ITEM, type ItemId, NO_ITEM, STRIPES } from '../memory/layout.ts';
import { NO_PAGE, type PagePool } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import { type ChainMover, CLEAR_RESULT } from './chain-mover.ts';

/** How many chunks the mover processes under one hold of the class lock. */
const CHUNKS_PER_HOLD = 64;
/** How many rounds the mover makes through a page with busy chunks before it cancels the move. */
const ROUNDS_MAX = 8;
/** How many victims may lie in the leaving page itself before the mover evicts the item. */
const VICTIMS_MAX = 8;

/** The result of a page move. */
export const MOVE_RESULT = { done: 0, busy: 1, noPage: 2 } as const;
type MoveResult = (typeof MOVE_RESULT)[keyof typeof MOVE_RESULT];

const COUNTER_OF = {
  [CLEAR_RESULT.movedHead]: COUNT.slab_reassign_rescues,
  [CLEAR_RESULT.movedChunk]: COUNT.slab_reassign_chunk_rescues,
  [CLEAR_RESULT.evicted]: COUNT.slab_reassign_evictions_nomem,
} as const;

/**
 * Moves a page from one class to another. First it moves each item of the page to a free chunk of
 * its class, or to the chunk of the next victim. A store moves one page at a time: a thread takes
 * the mover's lock after a stripe and before a class, and only tries stripes while it holds it.
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
  readonly #pagePool: PagePool;
  readonly #evictor: Evictor;
  readonly #releaser: Releaser;
  readonly #chainMover: ChainMover;
  /**
   * Parts of chained items found under the class lock. They need other locks, so they wait for its
   * release.
   */
  readonly #chainParts = new Uint32Array(CHUNKS_PER_HOLD);
  #chainPartCount = 0;
  /** The page where the last search for a page of a class ended. */
  #lastPage = 0;

  constructor(
    arena: Arena,
    parts: {
      readonly items: Items;
      readonly lru: LruLists;
      readonly index: IndexTable;
      readonly slabs: Slabs;
      readonly pagePool: PagePool;
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
    this.#pagePool = parts.pagePool;
    this.#evictor = parts.evictor;
    this.#counters = parts.counters;
    this.#releaser = parts.releaser;
    this.#chainMover = parts.chainMover;
  }

  /**
   * Moves one page of a class to another class, or to the page pool (0). The caller holds no class
   * lock, and at most the stripe `heldStripe` (or -1). A move takes a few milliseconds: a page has
   * 1 MiB.
   */
  move(from: number, to: number, heldStripe: number): MoveResult {
    lock(this.#control, CONTROL.moverLock);
    const result = this.#move(from, to, heldStripe);
    unlock(this.#control, CONTROL.moverLock);
    return result;
  }

  /** Whether a page move is in progress. */
  isMoving(): boolean {
    return Atomics.load(this.#control, CONTROL.moverLock) !== 0;
  }

  #move(from: number, to: number, heldStripe: number): MoveResult {
    const page = this.#pageOfClass(from);
    if (page === NO_PAGE || this.#slabs.pageCount(from) < 2) return MOVE_RESULT.noPage;
    this.#lockClass(from);
    this.#slabs.beginLeaving(from, page);
    this.#unlockClass(from);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (this.#clearPage(from, page, heldStripe)) return this.#handOver(from, to);
    }
    this.#lockClass(from);
    this.#slabs.cancelLeaving(from);
    this.#unlockClass(from);
    this.#counters.add(COUNT.slab_reassign_busy_items);
    return MOVE_RESULT.busy;
  }

  #handOver(from: number, to: number): MoveResult {
    this.#lockClass(from);
    const page = this.#slabs.endLeaving(from);
    this.#unlockClass(from);
    if (to === 0) {
      this.#pagePool.release(page);
    } else {
      this.#lockClass(to);
      this.#slabs.addPage(to, page);
      this.#unlockClass(to);
    }
    this.#counters.add(COUNT.slabs_moved);
    return MOVE_RESULT.done;
  }

  /** Makes one round through the page; returns whether the page is empty. */
  #clearPage(from: number, page: number, heldStripe: number): boolean {
    const chunks = this.#slabs.chunksPerPage(from);
    let done = false;
    for (let nth = 0; nth < chunks && !done; nth += CHUNKS_PER_HOLD) {
      this.#lockClass(from);
      const end = Math.min(chunks, nth + CHUNKS_PER_HOLD);
      for (let at = nth; at < end; at++) {
        this.#clearChunk(from, this.#slabs.chunkOf(from, page, at), heldStripe);
      }
      done = this.#slabs.isLeavingPageEmpty(from);
      this.#unlockClass(from);
      this.#clearChainParts(from, heldStripe);
    }
    return done;
  }

  /** Moves the item, if any, out of a chunk of the leaving page, unless its stripe is busy. */
  #clearChunk(from: number, id: ItemId, heldStripe: number): void {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    if ((meta & FLAG.chunked) !== 0) {
      this.#chainParts[this.#chainPartCount++] = id;
      return;
    }
    if ((meta & FLAG.linked) === 0) return;
    if (this.#evictor.reclaimIfExpired(from, id)) return;
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    // The caller's own stripe counts as busy: the caller uses an item of it.
    if (stripe === heldStripe || !tryLock(this.#stripes, stripe)) return;
    const fresh = this.#chunkFor(from, id, stripe);
    if (fresh === NO_ITEM) {
      this.#evictor.evictLocked(from, hash, id);
      this.#counters.add(COUNT.slab_reassign_evictions_nomem);
    } else {
      this.#relocate(from, hash, id, fresh);
      this.#counters.add(COUNT.slab_reassign_rescues);
    }
    unlock(this.#stripes, stripe);
  }

  #clearChainParts(from: number, heldStripe: number): void {
    for (let nth = 0; nth < this.#chainPartCount; nth++) {
      const cleared = this.#chainMover.clearPart(from, this.#chainParts[nth]!, heldStripe);
      if (cleared !== CLEAR_RESULT.busy) this.#counters.add(COUNTER_OF[cleared]);
    }
    this.#chainPartCount = 0;
  }

  /** A chunk outside the leaving page for the item, or NO_ITEM. */
  #chunkFor(from: number, id: ItemId, heldStripe: number): ItemId {
    const free = this.#slabs.allocWithoutNewPage(from);
    if (free !== NO_ITEM) return free;
    const page = this.#slabs.leavingPage(from);
    for (let victims = 0; victims < VICTIMS_MAX; victims++) {
      const evicted = this.#evictor.evict(from, heldStripe, id);
      const isChain = evicted !== NO_ITEM && this.#items.isChained(evicted);
      const victim = isChain ? this.#releaser.dismantle(evicted, from) : evicted;
      if (victim === NO_ITEM || pageOf(victim) !== page) return victim;
      this.#slabs.free(from, victim);
    }
    return NO_ITEM;
  }

  #relocate(sizeClass: number, hash: number, old: ItemId, fresh: ItemId): void {
    const words = this.#words;
    const [source, target] = [wordOf(old), wordOf(fresh)];
    words.copyWithin(target, source, source + Math.ceil(this.#items.bytes(old) / 4));
    this.#index.replace(hash, old, fresh);
    this.#lru.replace(sizeClass, old, fresh);
    this.#slabs.free(sizeClass, old);
  }

  /** The next page of the class, cyclically in page order. */
  #pageOfClass(sizeClass: number): number {
    const end = this.#pagePool.touchedCount();
    for (let look = 0; look < end; look++) {
      this.#lastPage = this.#lastPage + 1 >= end ? 0 : this.#lastPage + 1;
      if (this.#pagePool.classOf(this.#lastPage) === sizeClass) return this.#lastPage;
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
