import type { EvictionEvents } from '../eviction/eviction-events.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import { FLAG, type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { ExpiryHints } from '../upkeep/expiry-hints.ts';
import type { IndexTable } from './index-table.ts';
import type { Items } from './items.ts';
import type { Releaser } from './releaser.ts';
import type { SizeHistogram } from './size-histogram.ts';
import type { StoreClock } from './store-clock.ts';

interface LinkerParts {
  readonly classLocks: ClassLocks;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly index: IndexTable;
  readonly lru: LruLists;
  readonly evictor: Evictor;
  readonly evictionEvents: EvictionEvents;
  readonly sizeHistogram: SizeHistogram;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly expiryHints: ExpiryHints;
}

/** Links items into the index and an LRU list, and unlinks them: always both, under the stripe. */
export class Linker {
  /** Whether an item that this thread changes gets FLAG.copy. */
  marksChanges = false;
  readonly #parts: LinkerParts;

  constructor(parts: LinkerParts) {
    this.#parts = parts;
  }

  /**
   * Links `fresh` under its key, in place of `old` unless that is NO_ITEM. The caller holds the
   * stripe.
   */
  link(hash: number, old: ItemId, fresh: ItemId): void {
    this.assignSeq(fresh);
    this.#parts.items.setFlags(fresh, FLAG.linked);
    this.#parts.items.setAccess(
      fresh,
      this.#parts.clock.now(),
      old === NO_ITEM ? 0 : this.#parts.items.hits(old),
    );
    if (old === NO_ITEM) this.#insert(hash, fresh);
    else this.#parts.index.replace(hash, old, fresh);
    const sizeClass = this.#parts.items.lruClassOf(fresh);
    const oldClass = old === NO_ITEM ? sizeClass : this.#parts.items.lruClassOf(old);
    if (oldClass !== sizeClass) this.#removeFromClass(oldClass, old);
    const expiry = this.#parts.items.expiry(fresh);
    const ttl = expiry === 0 ? 0 : expiry - this.#parts.clock.now();
    this.#parts.classLocks.lock(sizeClass);
    if (old !== NO_ITEM && oldClass === sizeClass) {
      // The new item enters the segment of the old one, at its head.
      const segment = this.#parts.evictor.segmentAfterOverwrite(
        this.#parts.items.segment(old),
        ttl,
      );
      this.#parts.items.setSegment(fresh, segment);
      this.#removeLocked(sizeClass, old);
    } else {
      this.#parts.items.setSegment(fresh, this.#parts.evictor.segmentForNew(sizeClass, hash, ttl));
    }
    this.#parts.lru.add(sizeClass, fresh);
    if (expiry !== 0) this.#parts.expiryHints.note(this.#parts.items.classOf(fresh), expiry);
    this.#parts.classLocks.unlock(sizeClass);
  }

  /** Inserts an item of a new key. A full bucket loses its last item, so that no walk is long. */
  #insert(hash: number, fresh: ItemId): void {
    const { index, items, classLocks, evictor, evictionEvents } = this.#parts;
    const victim = index.lastOfFullBucket(hash);
    if (victim !== NO_ITEM) {
      const sizeClass = items.lruClassOf(victim);
      classLocks.lock(sizeClass);
      evictionEvents.record(victim, sizeClass);
      evictor.evictLocked(sizeClass, index.hashOfItem(victim), victim);
      classLocks.unlock(sizeClass);
    }
    index.insert(hash, fresh);
  }

  /** Gives a linked item a new sequence number, so the size histogram counts it from now on. */
  reassignSeq(id: ItemId): void {
    const counted = this.#parts.sizeHistogram.isCounted(id);
    this.assignSeq(id);
    if (!counted) this.#parts.sizeHistogram.add(id);
  }

  /** Marks an item that this thread has changed, while other nodes must get the change too. */
  markChanged(id: ItemId): void {
    if (this.marksChanges) this.#parts.items.setFlags(id, FLAG.copy);
  }

  /**
   * Gives an item the next sequence number. The item is on no list, or the caller holds its class
   * lock.
   */
  assignSeq(id: ItemId): void {
    this.#parts.clock.drawSeq();
    const { seqHigh, seqLow } = this.#parts.clock;
    this.#parts.items.setSeq(id, seqHigh, seqLow);
    this.markChanged(id);
    if (this.#parts.items.hasFlag(id, FLAG.ownCas))
      this.#parts.items.setOwnCas(id, seqHigh, seqLow);
  }

  /** Unlinks an item and frees its chunks. The caller holds the stripe. */
  unlink(hash: number, id: ItemId): void {
    this.#parts.index.remove(hash, id);
    this.#removeFromClass(this.#parts.items.lruClassOf(id), id);
  }

  /** Removes an item, which is no longer in the index, from its list and frees its chunks. */
  #removeFromClass(sizeClass: number, id: ItemId): void {
    this.#parts.classLocks.lock(sizeClass);
    this.#removeLocked(sizeClass, id);
    this.#parts.classLocks.unlock(sizeClass);
  }

  /** As `#removeFromClass`; the caller holds the class lock. */
  #removeLocked(sizeClass: number, id: ItemId): void {
    this.#parts.items.clearFlags(id, FLAG.linked);
    this.#parts.lru.remove(sizeClass, id);
    if (this.#parts.items.isChained(id)) this.#parts.releaser.release(id, sizeClass);
    else this.#parts.slabs.free(sizeClass, id);
  }
}
