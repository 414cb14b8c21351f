import { lock, unlock } from '../../base/index.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { IndexTable } from '../items/index-table.ts';
import type { Items } from '../items/items.ts';
import type { Releaser } from '../items/releaser.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import { COUNT, type ThreadCounters } from '../memory/counters.ts';
import { FLAG, ITEM, type ItemId, NO_ITEM, pageOf, wordOf } from '../memory/item-layout.ts';
import { CONTROL } from '../memory/layout.ts';
import { NO_PAGE, type PagePool } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import { type StripeLocks, stripeOf } from '../memory/stripe-locks.ts';
import { type ChainMover, CLEAR_RESULT } from './chain-mover.ts';

/** How many chunks the mover processes under one hold of the class lock. */
const CHUNKS_PER_HOLD = 64;
/** How many rounds the mover makes through a page with busy chunks before it cancels the move. */
const ROUNDS_MAX = 8;
/** How many victims may lie in the leaving page itself before the mover evicts the item. */
const VICTIMS_MAX = 8;

/** The result of a page move. */
export const MOVE_RESULT = { done: 0, busy: 1, noPage: 2 } as const;
export type MoveResult = (typeof MOVE_RESULT)[keyof typeof MOVE_RESULT];

const COUNTER_OF = {
  [CLEAR_RESULT.movedHead]: COUNT.slab_reassign_rescues,
  [CLEAR_RESULT.movedChunk]: COUNT.slab_reassign_chunk_rescues,
  [CLEAR_RESULT.evicted]: COUNT.slab_reassign_evictions_nomem,
} as const;

interface PageMoverParts {
  readonly arena: Arena;
  readonly stripes: StripeLocks;
  readonly classLocks: ClassLocks;
  readonly items: Items;
  readonly lru: LruLists;
  readonly index: IndexTable;
  readonly slabs: Slabs;
  readonly pagePool: PagePool;
  readonly evictor: Evictor;
  readonly releaser: Releaser;
  readonly chainMover: ChainMover;
  readonly counters: ThreadCounters;
}

/**
 * Moves a page from one class to another. First it moves each item of the page to a free chunk of
 * its class, or to the chunk of the next victim. A store moves one page at a time: a thread takes
 * the mover's lock after a stripe and before a class, and only tries stripes while it holds it.
 */
export class PageMover {
  readonly #control: Int32Array;
  readonly #words: Uint32Array;
  /**
   * Parts of chained items found under the class lock. They need other locks, so they wait for its
   * release.
   */
  readonly #chainParts = new Uint32Array(CHUNKS_PER_HOLD);
  #chainPartCount = 0;
  /** The page where the last search for a page of a class ended. */
  #lastPage = 0;
  readonly #parts: PageMoverParts;

  constructor(parts: PageMoverParts) {
    this.#control = parts.arena.control;
    this.#words = parts.arena.words;
    this.#parts = parts;
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
    if (page === NO_PAGE || this.#parts.slabs.pageCount(from) < 2) return MOVE_RESULT.noPage;
    this.#parts.classLocks.lock(from);
    this.#parts.slabs.beginLeaving(from, page);
    this.#parts.classLocks.unlock(from);
    for (let round = 0; round < ROUNDS_MAX; round++) {
      if (this.#clearPage(from, page, heldStripe)) return this.#handOver(from, to);
    }
    this.#parts.classLocks.lock(from);
    this.#parts.slabs.cancelLeaving(from);
    this.#parts.classLocks.unlock(from);
    this.#parts.counters.add(COUNT.slab_reassign_busy_items);
    return MOVE_RESULT.busy;
  }

  #handOver(from: number, to: number): MoveResult {
    this.#parts.classLocks.lock(from);
    const page = this.#parts.slabs.endLeaving(from);
    this.#parts.classLocks.unlock(from);
    if (to === 0) {
      this.#parts.pagePool.release(page);
    } else {
      this.#parts.classLocks.lock(to);
      this.#parts.slabs.addPage(to, page);
      this.#parts.classLocks.unlock(to);
    }
    this.#parts.counters.add(COUNT.slabs_moved);
    return MOVE_RESULT.done;
  }

  /** Makes one round through the page; returns whether the page is empty. */
  #clearPage(from: number, page: number, heldStripe: number): boolean {
    const chunks = this.#parts.slabs.chunksPerPage(from);
    let done = false;
    for (let nth = 0; nth < chunks && !done; nth += CHUNKS_PER_HOLD) {
      this.#parts.classLocks.lock(from);
      const end = Math.min(chunks, nth + CHUNKS_PER_HOLD);
      for (let at = nth; at < end; at++) {
        this.#clearChunk(from, this.#parts.slabs.chunkOf(from, page, at), heldStripe);
      }
      done = this.#parts.slabs.isLeavingPageEmpty(from);
      this.#parts.classLocks.unlock(from);
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
    if (this.#parts.evictor.reclaimIfExpired(from, id)) return;
    const hash = this.#parts.index.hashOfItem(id);
    const stripe = stripeOf(hash);
    // The caller's own stripe counts as busy: the caller uses an item of it.
    if (stripe === heldStripe || !this.#parts.stripes.tryLock(stripe)) return;
    const fresh = this.#chunkFor(from, id, stripe);
    if (fresh === NO_ITEM) {
      this.#parts.evictor.evictLocked(from, hash, id);
      this.#parts.counters.add(COUNT.slab_reassign_evictions_nomem);
    } else {
      this.#relocate(from, hash, id, fresh);
      this.#parts.counters.add(COUNT.slab_reassign_rescues);
    }
    this.#parts.stripes.unlock(stripe);
  }

  #clearChainParts(from: number, heldStripe: number): void {
    for (let nth = 0; nth < this.#chainPartCount; nth++) {
      const cleared = this.#parts.chainMover.clearPart(from, this.#chainParts[nth]!, heldStripe);
      if (cleared !== CLEAR_RESULT.busy) this.#parts.counters.add(COUNTER_OF[cleared]);
    }
    this.#chainPartCount = 0;
  }

  /** A chunk outside the leaving page for the item, or NO_ITEM. */
  #chunkFor(from: number, id: ItemId, heldStripe: number): ItemId {
    const free = this.#parts.slabs.allocWithoutNewPage(from);
    if (free !== NO_ITEM) return free;
    const page = this.#parts.slabs.leavingPage(from);
    for (let victims = 0; victims < VICTIMS_MAX; victims++) {
      const evicted = this.#parts.evictor.evict(from, heldStripe, id);
      const isChain = evicted !== NO_ITEM && this.#parts.items.isChained(evicted);
      const victim = isChain ? this.#parts.releaser.dismantle(evicted, from) : evicted;
      if (victim === NO_ITEM || pageOf(victim) !== page) return victim;
      this.#parts.slabs.free(from, victim);
    }
    return NO_ITEM;
  }

  #relocate(sizeClass: number, hash: number, old: ItemId, fresh: ItemId): void {
    const words = this.#words;
    const [source, target] = [wordOf(old), wordOf(fresh)];
    words.copyWithin(target, source, source + Math.ceil(this.#parts.items.bytes(old) / 4));
    this.#parts.index.replace(hash, old, fresh);
    this.#parts.lru.replace(sizeClass, old, fresh);
    this.#parts.slabs.free(sizeClass, old);
  }

  /** The next page of the class, cyclically in page order. */
  #pageOfClass(sizeClass: number): number {
    const end = this.#parts.pagePool.touchedCount();
    for (let look = 0; look < end; look++) {
      this.#lastPage = this.#lastPage + 1 >= end ? 0 : this.#lastPage + 1;
      if (this.#parts.pagePool.classOf(this.#lastPage) === sizeClass) return this.#lastPage;
    }
    return NO_PAGE;
  }
}
