import { lock, unlock } from '../../base/index.ts';
import type { EvictionEvents } from '../eviction/eviction-events.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { Arena } from '../memory/arena.ts';
import { CLASS, ITEM_HEADER_BYTES, type ItemId, NO_ITEM, TOTAL } from '../memory/layout.ts';
import { NO_CLASS } from '../memory/page-pool.ts';
import { classFor } from '../memory/size-classes.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { Tunables } from '../memory/tunables.ts';
import { MOVE_RESULT, type PageMover } from '../upkeep/page-mover.ts';
import type { Chains } from './chains.ts';
import { type Items, itemBytes } from './items.ts';
import type { Releaser } from './releaser.ts';
import type { StoreClock } from './store-clock.ts';

/** How many page moves an allocation may try before it fails. */
const STEALS_MAX = 8;

/**
 * What the caller of an allocation already holds: an eviction must neither lock that stripe again
 * nor evict the item that the caller still needs.
 */
export interface AllocationContext {
  /** The stripe that the caller holds, or -1. */
  heldStripe: number;
  /** An item of that stripe that no eviction may take, or NO_ITEM. */
  pinned: ItemId;
  /** Whether the caller has another way after a failure, which then is no `outofmemory` yet. */
  hasFallback: boolean;
}

/** The caller holds no stripe and needs no item. */
export const NO_CONTEXT: AllocationContext = {
  heldStripe: -1,
  pinned: NO_ITEM,
  hasFallback: false,
};

interface AllocatorParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly chains: Chains;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly evictor: Evictor;
  readonly pageMover: PageMover;
  readonly tunables: Tunables;
  readonly clock: StoreClock;
  readonly evictionEvents: EvictionEvents;
  readonly chunkBytes: readonly number[];
  classWithMostPages(except: number, orExcept: number): number;
}

/**
 * Allocates items: in one chunk, or as the head of a chained item to which the caller adds value
 * chunks. The caller may hold a stripe, but no class lock.
 */
export class Allocator {
  readonly #parts: AllocatorParts;
  readonly #classes: Int32Array;
  readonly #largestClass: number;
  readonly #chunkBytesMax: number;

  constructor(parts: AllocatorParts) {
    this.#parts = parts;
    this.#classes = parts.arena.classes;
    this.#largestClass = parts.chunkBytes.length - 1;
    this.#chunkBytesMax = parts.chunkBytes[this.#largestClass]!;
  }

  /** Whether one chunk can hold the item, or else its head. */
  canHold(keyBytes: number, clientFlags: number, valueBytes: number, ownCas: boolean): boolean {
    return (
      itemBytes(keyBytes, clientFlags, valueBytes, ownCas) <= this.#chunkBytesMax ||
      this.#parts.chains.headBytes(keyBytes, clientFlags, valueBytes, ownCas) <= this.#chunkBytesMax
    );
  }

  /** A new item, or NO_ITEM. A chained item has no value chunks yet: `reserve` adds them. */
  allocate(
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas: boolean,
    context: AllocationContext,
  ): ItemId {
    const { items, chains } = this.#parts;
    const bytes = itemBytes(keyBytes, clientFlags, valueBytes, ownCas);
    const isChained = bytes > this.#chunkBytesMax;
    const id = this.#allocateForBytes(
      isChained ? chains.headBytes(keyBytes, clientFlags, valueBytes, ownCas) : bytes,
      context,
    );
    if (id === NO_ITEM) return NO_ITEM;
    items.format(id, keyBytes, clientFlags, expiry, valueBytes, ownCas);
    if (isChained) chains.beginChain(id);
    return id;
  }

  /** Allocates the value chunks for bytes `from` … `to - 1`; false when memory is short. */
  reserve(head: ItemId, from: number, to: number, context: AllocationContext): boolean {
    const { chains } = this.#parts;
    const end = chains.chunkCountFor(to);
    for (let ordinal = Math.floor(from / chains.payloadBytes); ordinal < end; ordinal++) {
      if (chains.chunk(head, ordinal) !== NO_ITEM) continue;
      const chunk = this.#allocateValueChunk(head, ordinal, context);
      if (chunk === NO_ITEM) return false;
      chains.attach(head, ordinal, chunk);
    }
    return true;
  }

  /**
   * A chunk of the class, or NO_ITEM. It evicts an item or moves a page if the class has no free
   * chunk. Other threads see the chunk as neither free nor an item.
   */
  allocateChunk(sizeClass: number, context: AllocationContext): ItemId {
    const { pageMover } = this.#parts;
    let busyClass = NO_CLASS;
    for (let steals = 0; ; steals++) {
      this.#lock(sizeClass);
      const id = this.#allocateLocked(sizeClass, context);
      this.#unlock(sizeClass);
      if (id !== NO_ITEM) return id;
      const donor = steals < STEALS_MAX ? this.#donorClass(sizeClass, busyClass) : NO_CLASS;
      if (donor === NO_CLASS) break;
      busyClass =
        pageMover.move(donor, sizeClass, context.heldStripe) === MOVE_RESULT.busy
          ? donor
          : NO_CLASS;
    }
    if (context.hasFallback) return NO_ITEM;
    this.#lock(sizeClass);
    this.#count(sizeClass, TOTAL.outOfMemory);
    this.#unlock(sizeClass);
    return NO_ITEM;
  }

  /** The last value chunk is of the class that fits, unless only the largest class has memory. */
  #allocateValueChunk(head: ItemId, ordinal: number, context: AllocationContext): ItemId {
    const { chains, items } = this.#parts;
    if (ordinal === 0) return this.allocateChunk(this.#largestClass, context);
    const rest = items.valueBytes(head) - ordinal * chains.payloadBytes;
    return this.#allocateForBytes(ITEM_HEADER_BYTES + Math.min(rest, chains.payloadBytes), context);
  }

  /**
   * A chunk for so many bytes. A class can be full of heads and value chunks, which are not on its
   * LRU lists, so it cannot evict them. Then the largest class, which can, provides the chunk.
   */
  #allocateForBytes(bytes: number, context: AllocationContext): ItemId {
    const { chunkBytes, tunables } = this.#parts;
    const sizeClass = classFor(chunkBytes, bytes);
    const id = this.allocateChunk(sizeClass, context);
    if (id !== NO_ITEM || sizeClass === this.#largestClass) return id;
    if (tunables.get('evictsToFree') === 0) return NO_ITEM;
    return this.allocateChunk(this.#largestClass, context);
  }

  /** The caller holds the class lock. */
  #allocateLocked(sizeClass: number, { heldStripe, pinned }: AllocationContext): ItemId {
    const parts = this.#parts;
    const free = parts.slabs.alloc(sizeClass);
    if (free !== NO_ITEM) {
      parts.chains.claim(free);
      return free;
    }
    const { tunables, evictor, evictionEvents, items, releaser } = parts;
    if (tunables.get('evictsToFree') === 0) return NO_ITEM;
    const id = evictor.evict(sizeClass, heldStripe, pinned);
    if (id === NO_ITEM) return NO_ITEM;
    this.#count(sizeClass, TOTAL.directReclaims);
    if (evictionEvents.isWatched()) {
      const { clock, arena } = this.#parts;
      evictionEvents.record(items, clock, arena.bytes, id, sizeClass);
    }
    return items.isChained(id) ? releaser.dismantle(id, sizeClass) : id;
  }

  /**
   * The class with the most pages: it gives one to a class that has nothing to evict. `busyClass`,
   * whose last page could not be emptied, is skipped once; the next try takes its next page.
   */
  #donorClass(sizeClass: number, busyClass: number): number {
    const { tunables } = this.#parts;
    if (tunables.get('evictsToFree') === 0 || tunables.get('reassign') === 0) return NO_CLASS;
    return this.#parts.classWithMostPages(sizeClass, busyClass);
  }

  /** The caller holds the class lock. */
  #count(sizeClass: number, slot: number): void {
    this.#parts.arena.totals[sizeClass * TOTAL.slots + slot]! += 1;
  }

  #lock(sizeClass: number): void {
    lock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }

  #unlock(sizeClass: number): void {
    unlock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
