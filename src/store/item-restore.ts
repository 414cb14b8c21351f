import type { StoreParts } from './assemble.ts';
import type { ItemPast } from './item-past.ts';
import type { WholeItem } from './items/store-condition.ts';
import { EXPIRY_MAX, FLAG, type ItemId, NO_ITEM, SEGMENT } from './memory/item-layout.ts';
import { RestoreOrder } from './restore-order.ts';

export const RESTORED = { done: 0, exists: 1, noMemory: 2 } as const;
export type Restored = (typeof RESTORED)[keyof typeof RESTORED];

/**
 * Puts items of the past into a store that may be serving. Later writes get higher CAS ids than
 * all restored items have.
 */
export class ItemRestore {
  readonly #parts: StoreParts;
  readonly #replaces: boolean;
  readonly #order: RestoreOrder;

  /** `replaces`: whether a restored item replaces one that the store has under its key. */
  constructor(parts: StoreParts, replaces: boolean) {
    this.#parts = parts;
    this.#replaces = replaces;
    this.#order = new RestoreOrder(parts);
  }

  /** Begins a snapshot whose last CAS id is this one: all later ones become higher. */
  begin(casHigh: number, casLow: number): void {
    this.#raiseCas(casHigh, casLow);
    this.#order.begin(casHigh, casLow);
  }

  /** Restores an item of one chunk or a small chained one. */
  restore(item: WholeItem, past: ItemPast): Restored {
    const { stripes, lookup, putter } = this.#parts;
    const { hash, keySource, keyStart } = item;
    if (!past.ownCas) this.#raiseCas(past.casHigh, past.casLow);
    stripes.lock(hash);
    const old = lookup.findLive(hash, keySource, keyStart, keyStart + item.keyBytes);
    let result: Restored = RESTORED.exists;
    if (old === NO_ITEM || this.#replaces) {
      const id = putter.create(item, old);
      result = id === NO_ITEM ? RESTORED.noMemory : RESTORED.done;
      if (id !== NO_ITEM) this.#applyPast(id, past);
    }
    this.#close(hash);
    return result;
  }

  /**
   * Links a large item, which the caller has allocated and filled; or releases it if the store has
   * a newer one.
   */
  link(hash: number, id: ItemId, past: ItemPast): Restored {
    const { arena, stripes, lookup, items, linker, releaser } = this.#parts;
    if (!past.ownCas) this.#raiseCas(past.casHigh, past.casLow);
    stripes.lock(hash);
    const keyAt = items.keyAt(id);
    const old = lookup.findLive(hash, arena.bytes, keyAt, keyAt + items.keyBytes(id));
    const isNewer = old !== NO_ITEM && !this.#replaces;
    if (!isNewer) {
      linker.link(hash, old, id);
      if (past.ownCas) items.setOwnCas(id, past.casHigh, past.casLow);
      this.#applyPast(id, past);
    }
    this.#close(hash);
    if (isNewer) releaser.release(id);
    return isNewer ? RESTORED.exists : RESTORED.done;
  }

  /** The expiry of a restored item on the store's clock; undefined if it has expired. */
  expiryOf(unixSeconds: number): number | undefined {
    const { clock } = this.#parts;
    if (unixSeconds === 0) return 0;
    const expiry = unixSeconds - clock.epoch();
    return expiry > clock.now() ? Math.min(expiry, EXPIRY_MAX) : undefined;
  }

  /** An access of the past on the store's clock, which starts after it if it is long ago. */
  accessOf(unixSeconds: number): number {
    const { clock } = this.#parts;
    return Math.min(Math.max(unixSeconds - clock.epoch(), 0), clock.now());
  }

  #applyPast(id: ItemId, past: ItemPast): void {
    const { items, classLocks, evictor, sizeHistogram } = this.#parts;
    const flags =
      (past.isFetched ? FLAG.fetched : 0) |
      (past.isStale ? FLAG.stale : 0) |
      (past.isLeased ? FLAG.tokenSent : 0);
    const sizeClass = items.lruClassOf(id);
    classLocks.lock(sizeClass);
    items.setFlags(id, flags);
    items.setAccess(id, past.access, past.hits);
    if (this.#keepsSeq(past)) {
      sizeHistogram.remove(id);
      items.setSeq(id, past.casHigh, past.casLow);
      sizeHistogram.add(id);
    }
    const segment = items.segment(id);
    if (segment !== SEGMENT.temp) {
      const isKept = past.isKept || segment === SEGMENT.warm;
      this.#order.place(sizeClass, id, evictor.segmentForRestored(isKept));
    }
    classLocks.unlock(sizeClass);
  }

  /** An item with an old CAS id would be invisible after a flush: it keeps its new one. */
  #keepsSeq({ ownCas, casHigh, casLow }: ItemPast): boolean {
    const isKnown = !ownCas && (casHigh !== 0 || casLow !== 0);
    return isKnown && !this.#parts.clock.isSeqFlushed(casHigh, casLow);
  }

  #close(hash: number): void {
    const { stripes, index, evictionEvents } = this.#parts;
    stripes.unlock(hash);
    index.growIfFull();
    evictionEvents.publish();
    this.#order.makeRoom();
  }

  #raiseCas(high: number, low: number): void {
    this.#parts.clock.raiseSeq(high, low);
  }
}
