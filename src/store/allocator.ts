import type { Arena } from './arena.ts';
import type { Chains } from './chains.ts';
import type { EvictionNotes } from './eviction-notes.ts';
import type { Evictor } from './evictor.ts';
import { type Items, itemBytes } from './items.ts';
import { CLASS, ITEM_HEADER_BYTES, type ItemId, NO_ITEM, TOTAL } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import { lock, unlock } from './locks.ts';
import { MOVED, type PageMover } from './page-mover.ts';
import { NO_CLASS } from './pages.ts';
import type { Releaser } from './releaser.ts';
import { classFor } from './size-classes.ts';
import type { Slabs } from './slabs.ts';
import type { Tunables } from './tunables.ts';

/** How often an allocation may ask other classes for a page before it is given up. */
const STEALS_MAX = 8;

/**
 * On whose behalf room is made, so that eviction takes no lock twice and nothing that is needed.
 */
export interface Asker {
  /** The stripe that is held already, or -1. */
  stripe: number;
  /** An item of that stripe that must stay, or NO_ITEM. */
  keep: ItemId;
  /** Whether it asks again, in another way, when there is nothing: only then is memory out. */
  asksAgain: boolean;
}

/** Who holds no stripe and needs no item. */
export const NOBODY: Asker = { stripe: -1, keep: NO_ITEM, asksAgain: false };

export interface AllocatorParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly chains: Chains;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly evictor: Evictor;
  readonly mover: PageMover;
  readonly tunables: Tunables;
  readonly lifetimes: Lifetimes;
  readonly evicted: EvictionNotes;
  readonly chunkBytes: readonly number[];
  classOfMostPages(besides: number, nor: number): number;
}

/**
 * Makes items, whole or as the head of a chain to which value chunks are added. The caller may
 * hold a stripe, but no class.
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

  /** Whether a chunk can hold the item, or the head of its chain. */
  canHold(keyBytes: number, clientFlags: number, valueBytes: number, ownCas: boolean): boolean {
    return (
      itemBytes(keyBytes, clientFlags, valueBytes, ownCas) <= this.#chunkBytesMax ||
      this.#parts.chains.headBytes(keyBytes, clientFlags, valueBytes, ownCas) <= this.#chunkBytesMax
    );
  }

  /** A fresh item, without the value chunks if it is chained (`reserve`), or NO_ITEM. */
  allocate(
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas: boolean,
    asker: Asker,
  ): ItemId {
    const { items, chains } = this.#parts;
    const bytes = itemBytes(keyBytes, clientFlags, valueBytes, ownCas);
    const isChained = bytes > this.#chunkBytesMax;
    const id = this.#takeFor(
      isChained ? chains.headBytes(keyBytes, clientFlags, valueBytes, ownCas) : bytes,
      asker,
    );
    if (id === NO_ITEM) return NO_ITEM;
    items.format(id, keyBytes, clientFlags, expiry, valueBytes, ownCas);
    if (isChained) chains.begin(id);
    return id;
  }

  /**
   * Takes the chunks that bytes `from` … `to - 1` of a chained value need; false when it cannot.
   */
  reserve(head: ItemId, from: number, to: number, asker: Asker): boolean {
    const { chains } = this.#parts;
    const end = chains.chunksFor(to);
    for (let ordinal = Math.floor(from / chains.payloadBytes); ordinal < end; ordinal++) {
      if (chains.chunk(head, ordinal) !== NO_ITEM) continue;
      const chunk = this.#takeValueChunk(head, ordinal, asker);
      if (chunk === NO_ITEM) return false;
      chains.join(head, ordinal, chunk);
    }
    return true;
  }

  /** A chunk of the class, by eviction if it must; or NO_ITEM. It looks taken to everyone else. */
  take(sizeClass: number, asker: Asker): ItemId {
    const { mover } = this.#parts;
    let busy = NO_CLASS;
    for (let steals = 0; ; steals++) {
      this.#lock(sizeClass);
      const id = this.#takeHeld(sizeClass, asker);
      this.#unlock(sizeClass);
      if (id !== NO_ITEM) return id;
      const donor = steals < STEALS_MAX ? this.#donor(sizeClass, busy) : NO_CLASS;
      if (donor === NO_CLASS) break;
      busy = mover.move(donor, sizeClass, asker.stripe) === MOVED.busy ? donor : NO_CLASS;
    }
    if (asker.asksAgain) return NO_ITEM;
    this.#lock(sizeClass);
    this.#count(sizeClass, TOTAL.outOfMemory);
    this.#unlock(sizeClass);
    return NO_ITEM;
  }

  /** The last chunk takes no more than it needs, unless only large chunks are to be had. */
  #takeValueChunk(head: ItemId, ordinal: number, asker: Asker): ItemId {
    const { chains, items } = this.#parts;
    if (ordinal === 0) return this.take(this.#largestClass, asker);
    const rest = items.valueBytes(head) - ordinal * chains.payloadBytes;
    return this.#takeFor(ITEM_HEADER_BYTES + Math.min(rest, chains.payloadBytes), asker);
  }

  /**
   * A chunk for so many bytes. A class may be full of parts of chains, which it cannot evict: then
   * the largest stands in, which can.
   */
  #takeFor(bytes: number, asker: Asker): ItemId {
    const { chunkBytes, tunables } = this.#parts;
    const sizeClass = classFor(chunkBytes, bytes);
    const id = this.take(sizeClass, asker);
    if (id !== NO_ITEM || sizeClass === this.#largestClass) return id;
    if (tunables.get('evictsToFree') === 0) return NO_ITEM;
    return this.take(this.#largestClass, asker);
  }

  /** The class lock is held. */
  #takeHeld(sizeClass: number, { stripe, keep }: Asker): ItemId {
    const parts = this.#parts;
    const free = parts.slabs.take(sizeClass);
    if (free !== NO_ITEM) {
      parts.chains.claim(free);
      return free;
    }
    const { tunables, evictor, evicted, items, releaser } = parts;
    if (tunables.get('evictsToFree') === 0) return NO_ITEM;
    const id = evictor.evict(sizeClass, stripe, keep);
    if (id === NO_ITEM) return NO_ITEM;
    this.#count(sizeClass, TOTAL.directReclaims);
    if (evicted.isWanted()) {
      const { lifetimes, arena } = this.#parts;
      evicted.take(items, lifetimes, arena.bytes, id, sizeClass);
    }
    return items.isChained(id) ? releaser.dismantle(id, sizeClass) : id;
  }

  /**
   * The class that has most pages, for one that has nothing to evict to take one; but not that
   * whose page was too busy to leave the last time: when its turn comes again, it is another
   * page's.
   */
  #donor(sizeClass: number, busy: number): number {
    const { tunables } = this.#parts;
    if (tunables.get('evictsToFree') === 0 || tunables.get('reassign') === 0) return NO_CLASS;
    return this.#parts.classOfMostPages(sizeClass, busy);
  }

  /** The class lock is held. */
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
