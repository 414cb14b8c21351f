import type { EvictionEvents } from '../eviction/eviction-events.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { ITEM_HEADER_BYTES, type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import { TOTAL } from '../memory/layout.ts';
import { NO_CLASS } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import { NO_STRIPE, stripeOf } from '../memory/stripe-locks.ts';
import { TUNABLE_SLOT, type Tunables } from '../memory/tunables.ts';
import { MOVE_RESULT, type PageMover } from '../upkeep/page-mover.ts';
import type { Chains } from './chains.ts';
import type { Items } from './items.ts';
import { classOfPlacement, isChainedPlacement, type NewItem } from './new-item.ts';
import type { Releaser } from './releaser.ts';

/** How many page moves an allocation may try before it fails. */
const STEALS_MAX = 8;

/**
 * What the caller of an allocation already holds: an eviction must neither lock that stripe again
 * nor evict the item that the caller still needs.
 */
interface AllocationContext {
  /** The stripe that the caller holds, or NO_STRIPE. */
  heldStripe: number;
  /** An item of that stripe that no eviction may take, or NO_ITEM. */
  pinned: ItemId;
  /** Whether the caller has another way after a failure, which then is no `outofmemory` yet. */
  hasFallback: boolean;
}

/** The caller holds no stripe and needs no item. */
export const NO_CONTEXT: AllocationContext = {
  heldStripe: NO_STRIPE,
  pinned: NO_ITEM,
  hasFallback: false,
};

interface AllocatorParts {
  readonly arena: Arena;
  readonly classLocks: ClassLocks;
  readonly totals: ClassTotals;
  readonly items: Items;
  readonly chains: Chains;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly evictor: Evictor;
  readonly pageMover: PageMover;
  readonly tunables: Tunables;
  readonly evictionEvents: EvictionEvents;
}

/**
 * Allocates items: in one chunk, or as the head of a chained item to which the caller adds value
 * chunks. The caller may hold a stripe, but no class lock.
 */
export class Allocator {
  readonly #parts: AllocatorParts;
  /** Reused: a thread allocates nothing under a lock. */
  readonly #context: AllocationContext = { ...NO_CONTEXT };

  constructor(parts: AllocatorParts) {
    this.#parts = parts;
  }

  /**
   * The context of an allocation between `open` and `close` of a key with that hash. `pinned` is an
   * item of the stripe that no eviction may take. It is valid until the next call.
   */
  contextFor(hash: number, pinned: ItemId, hasFallback: boolean): AllocationContext {
    const context = this.#context;
    context.heldStripe = stripeOf(hash);
    context.pinned = pinned;
    context.hasFallback = hasFallback;
    return context;
  }

  /** A new item with all its chunks, between `open` and `close` of a key with that hash. */
  allocateOpened(hash: number, pinned: ItemId, item: NewItem): ItemId {
    const context = this.contextFor(hash, pinned, false);
    const id = this.allocate(item, context);
    if (id === NO_ITEM || !isChainedPlacement(item.placement)) return id;
    if (this.reserve(id, 0, item.valueBytes, context)) return id;
    this.#parts.releaser.release(id);
    return NO_ITEM;
  }

  /** A new item, or NO_ITEM. A chained item has no value chunks yet: `reserve` adds them. */
  allocate(item: NewItem, context: AllocationContext): ItemId {
    const { items, chains } = this.#parts;
    const { placement } = item;
    const id = this.#allocateInClass(classOfPlacement(placement), context);
    if (id === NO_ITEM) return NO_ITEM;
    items.format(id, item);
    if (isChainedPlacement(placement)) chains.beginChain(id);
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
    const { classLocks, totals, pageMover } = this.#parts;
    let busyClass = NO_CLASS;
    for (let steals = 0; ; steals++) {
      classLocks.lock(sizeClass);
      const id = this.#allocateLocked(sizeClass, context);
      classLocks.unlock(sizeClass);
      if (id !== NO_ITEM) return id;
      const donor = steals < STEALS_MAX ? this.#donorClass(sizeClass, busyClass) : NO_CLASS;
      if (donor === NO_CLASS) break;
      busyClass =
        pageMover.move(donor, sizeClass, context.heldStripe) === MOVE_RESULT.busy
          ? donor
          : NO_CLASS;
    }
    if (context.hasFallback) return NO_ITEM;
    classLocks.lock(sizeClass);
    totals.add(sizeClass, TOTAL.outOfMemory);
    classLocks.unlock(sizeClass);
    return NO_ITEM;
  }

  /** The last value chunk is of the class that fits, unless only the largest class has memory. */
  #allocateValueChunk(head: ItemId, ordinal: number, context: AllocationContext): ItemId {
    const { arena, chains, items } = this.#parts;
    const { sizeClasses } = arena;
    if (ordinal === 0) return this.allocateChunk(sizeClasses.largest, context);
    const rest = items.valueBytes(head) - ordinal * chains.payloadBytes;
    const bytes = ITEM_HEADER_BYTES + Math.min(rest, chains.payloadBytes);
    return this.#allocateInClass(sizeClasses.classFor(bytes), context);
  }

  /**
   * A chunk of the class or, if it has none, of the largest class: a class can be full of heads and
   * value chunks, which are not on its LRU lists, so it cannot evict them. The largest class can.
   */
  #allocateInClass(sizeClass: number, context: AllocationContext): ItemId {
    const { arena, tunables } = this.#parts;
    const id = this.allocateChunk(sizeClass, context);
    const { largest } = arena.sizeClasses;
    if (id !== NO_ITEM || sizeClass === largest) return id;
    if (tunables.at(TUNABLE_SLOT.evictsToFree) === 0) return NO_ITEM;
    return this.allocateChunk(largest, context);
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
    if (tunables.at(TUNABLE_SLOT.evictsToFree) === 0) return NO_ITEM;
    const id = evictor.evict(sizeClass, heldStripe, pinned);
    if (id === NO_ITEM) return NO_ITEM;
    parts.totals.add(sizeClass, TOTAL.directReclaims);
    evictionEvents.record(id, sizeClass);
    return items.isChained(id) ? releaser.dismantle(id, sizeClass) : id;
  }

  /**
   * The class with the most pages: it gives one to a class that has nothing to evict. `busyClass`,
   * whose last page could not be emptied, is skipped once; the next try takes its next page.
   */
  #donorClass(sizeClass: number, busyClass: number): number {
    const { tunables, slabs } = this.#parts;
    if (tunables.at(TUNABLE_SLOT.evictsToFree) === 0 || tunables.at(TUNABLE_SLOT.reassign) === 0)
      return NO_CLASS;
    return slabs.classWithMostPages(sizeClass, busyClass);
  }
}
