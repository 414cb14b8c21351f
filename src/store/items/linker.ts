import { lock, unlock } from '../../base/index.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { Arena } from '../memory/arena.ts';
import { CLASS, FLAG, type ItemId, NO_ITEM } from '../memory/layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { ExpiryHints } from '../upkeep/expiry-hints.ts';
import type { IndexTable } from './index-table.ts';
import type { Items } from './items.ts';
import type { Releaser } from './releaser.ts';
import type { SizeHistogram } from './size-histogram.ts';
import type { StoreClock } from './store-clock.ts';

interface LinkerParts {
  readonly items: Items;
  readonly clock: StoreClock;
  readonly index: IndexTable;
  readonly lru: LruLists;
  readonly evictor: Evictor;
  readonly sizeHistogram: SizeHistogram;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly expiryHints: ExpiryHints;
}

/** Links items into the index and an LRU list, and unlinks them: always both, under the stripe. */
export class Linker {
  readonly #classes: Int32Array;
  readonly #items: LinkerParts['items'];
  readonly #clock: LinkerParts['clock'];
  readonly #index: LinkerParts['index'];
  readonly #lru: LinkerParts['lru'];
  readonly #evictor: LinkerParts['evictor'];
  readonly #sizeHistogram: LinkerParts['sizeHistogram'];
  readonly #slabs: LinkerParts['slabs'];
  readonly #releaser: LinkerParts['releaser'];
  readonly #expiryHints: LinkerParts['expiryHints'];

  constructor(arena: Arena, parts: LinkerParts) {
    this.#classes = arena.classes;
    this.#items = parts.items;
    this.#clock = parts.clock;
    this.#index = parts.index;
    this.#lru = parts.lru;
    this.#evictor = parts.evictor;
    this.#sizeHistogram = parts.sizeHistogram;
    this.#slabs = parts.slabs;
    this.#releaser = parts.releaser;
    this.#expiryHints = parts.expiryHints;
  }

  /**
   * Links `fresh` under its key, in place of `old` unless that is NO_ITEM. The caller holds the
   * stripe.
   */
  link(hash: number, old: ItemId, fresh: ItemId): void {
    this.assignSeq(fresh);
    this.#items.setFlags(fresh, FLAG.linked);
    this.#items.setAccess(fresh, this.#clock.now(), old === NO_ITEM ? 0 : this.#items.hits(old));
    if (old === NO_ITEM) this.#index.insert(hash, fresh);
    else this.#index.replace(hash, old, fresh);
    const sizeClass = this.#items.lruClassOf(fresh);
    const oldClass = old === NO_ITEM ? sizeClass : this.#items.lruClassOf(old);
    if (oldClass !== sizeClass) this.#removeFromClass(oldClass, old);
    const expiry = this.#items.expiry(fresh);
    const ttl = expiry === 0 ? 0 : expiry - this.#clock.now();
    this.#lockClass(sizeClass);
    if (old !== NO_ITEM && oldClass === sizeClass) {
      // The new item enters the segment of the old one, at its head.
      const segment = this.#evictor.segmentAfterOverwrite(this.#items.segment(old), ttl);
      this.#items.setSegment(fresh, segment);
      this.#removeLocked(sizeClass, old);
    } else {
      this.#items.setSegment(fresh, this.#evictor.segmentForNew(sizeClass, hash, ttl));
    }
    this.#lru.add(sizeClass, fresh);
    if (expiry !== 0) this.#expiryHints.note(this.#items.classOf(fresh), expiry);
    this.#unlockClass(sizeClass);
  }

  /** Gives a linked item a new sequence number, so the size histogram counts it from now on. */
  reassignSeq(id: ItemId): void {
    const counted = this.#sizeHistogram.isCounted(id);
    this.assignSeq(id);
    if (!counted) this.#sizeHistogram.add(id);
  }

  /**
   * Gives an item the next sequence number. The item is on no list, or the caller holds its class
   * lock.
   */
  assignSeq(id: ItemId): void {
    this.#clock.drawSeq();
    const { seqHigh, seqLow } = this.#clock;
    this.#items.setSeq(id, seqHigh, seqLow);
    if (this.#items.hasFlag(id, FLAG.ownCas)) this.#items.setOwnCas(id, seqHigh, seqLow);
  }

  /** Unlinks an item and frees its chunks. The caller holds the stripe. */
  unlink(hash: number, id: ItemId): void {
    this.#index.remove(hash, id);
    this.#removeFromClass(this.#items.lruClassOf(id), id);
  }

  /** Removes an item, which is no longer in the index, from its list and frees its chunks. */
  #removeFromClass(sizeClass: number, id: ItemId): void {
    this.#lockClass(sizeClass);
    this.#removeLocked(sizeClass, id);
    this.#unlockClass(sizeClass);
  }

  /** As `#removeFromClass`; the caller holds the class lock. */
  #removeLocked(sizeClass: number, id: ItemId): void {
    this.#items.clearFlags(id, FLAG.linked);
    this.#lru.remove(sizeClass, id);
    if (this.#items.isChained(id)) this.#releaser.release(id, sizeClass);
    else this.#slabs.free(sizeClass, id);
  }

  #lockClass(sizeClass: number): void {
    lock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }

  #unlockClass(sizeClass: number): void {
    unlock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
