import type { Arena } from './arena.ts';
import type { Evictor } from './evictor.ts';
import type { Expiries } from './expiries.ts';
import type { IndexTable } from './index-table.ts';
import type { Items } from './items.ts';
import { CLASS, FLAG, type ItemId, NO_ITEM } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import { lock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';
import type { Releaser } from './releaser.ts';
import type { SizeHistogram } from './size-histogram.ts';
import type { Slabs } from './slabs.ts';

interface LinkerParts {
  readonly items: Items;
  readonly lifetimes: Lifetimes;
  readonly index: IndexTable;
  readonly lru: LruLists;
  readonly evictor: Evictor;
  readonly sizes: SizeHistogram;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly expiries: Expiries;
}

/**
 * Puts items on the index and on their list, and takes them off: always both, under the stripe of
 * the key.
 */
export class Linker {
  readonly #classes: Int32Array;
  readonly #items: LinkerParts['items'];
  readonly #lifetimes: LinkerParts['lifetimes'];
  readonly #index: LinkerParts['index'];
  readonly #lru: LinkerParts['lru'];
  readonly #evictor: LinkerParts['evictor'];
  readonly #sizes: LinkerParts['sizes'];
  readonly #slabs: LinkerParts['slabs'];
  readonly #releaser: LinkerParts['releaser'];
  readonly #expiries: LinkerParts['expiries'];

  constructor(arena: Arena, parts: LinkerParts) {
    this.#classes = arena.classes;
    this.#items = parts.items;
    this.#lifetimes = parts.lifetimes;
    this.#index = parts.index;
    this.#lru = parts.lru;
    this.#evictor = parts.evictor;
    this.#sizes = parts.sizes;
    this.#slabs = parts.slabs;
    this.#releaser = parts.releaser;
    this.#expiries = parts.expiries;
  }

  /** Links `fresh` under its key in place of `old` (or of nothing). The stripe is held. */
  replace(hash: number, old: ItemId, fresh: ItemId): void {
    this.stampSeq(fresh);
    this.#items.setFlags(fresh, FLAG.linked);
    this.#items.setAccess(
      fresh,
      this.#lifetimes.now(),
      old === NO_ITEM ? 0 : this.#items.hits(old),
    );
    if (old === NO_ITEM) this.#index.insert(hash, fresh);
    else this.#index.replace(hash, old, fresh);
    const sizeClass = this.#items.lruClassOf(fresh);
    const oldClass = old === NO_ITEM ? sizeClass : this.#items.lruClassOf(old);
    if (oldClass !== sizeClass) this.#retire(oldClass, old);
    const expiry = this.#items.expiry(fresh);
    const ttlSeconds = expiry === 0 ? 0 : expiry - this.#lifetimes.now();
    this.#lockClass(sizeClass);
    if (old !== NO_ITEM && oldClass === sizeClass) {
      // Whoever is written over has its place, but not its turn.
      const segment = this.#evictor.stayOf(this.#items.segment(old), ttlSeconds);
      this.#items.setSegment(fresh, segment);
      this.#leave(sizeClass, old);
    } else {
      this.#items.setSegment(fresh, this.#evictor.entryOf(sizeClass, hash, ttlSeconds));
    }
    this.#lru.enter(sizeClass, fresh);
    if (expiry !== 0) this.#expiries.note(this.#items.classOf(fresh), expiry);
    this.#unlockClass(sizeClass);
  }

  /** A linked item's new number: it counts by its size from now on, if it did not. */
  stampAgain(id: ItemId): void {
    const counted = this.#sizes.has(id);
    this.stampSeq(id);
    if (!counted) this.#sizes.enter(id);
  }

  /** Gives an item that is not on a list, or whose class is held, the next number. */
  stampSeq(id: ItemId): void {
    this.#lifetimes.drawSeq();
    const { seqHigh, seqLow } = this.#lifetimes;
    this.#items.setSeq(id, seqHigh, seqLow);
    if (this.#items.has(id, FLAG.ownCas)) this.#items.setOwnCas(id, seqHigh, seqLow);
  }

  /** Takes an item off the index and its list, and frees it. The stripe is held. */
  unlink(hash: number, id: ItemId): void {
    this.#index.remove(hash, id);
    this.#retire(this.#items.lruClassOf(id), id);
  }

  /** Gives back the chunks of an item that the index has let go. */
  #retire(sizeClass: number, id: ItemId): void {
    this.#lockClass(sizeClass);
    this.#leave(sizeClass, id);
    this.#unlockClass(sizeClass);
  }

  /** The class lock is held. */
  #leave(sizeClass: number, id: ItemId): void {
    this.#items.clearFlags(id, FLAG.linked);
    this.#lru.leave(sizeClass, id);
    if (this.#items.isChained(id)) this.#releaser.release(id, sizeClass);
    else this.#slabs.give(sizeClass, id);
  }

  #lockClass(sizeClass: number): void {
    lock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }

  #unlockClass(sizeClass: number): void {
    unlock(this.#classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
