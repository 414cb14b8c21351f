import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { CLASS_COUNT, type ThreadCounters } from '../memory/counters.ts';
import { FLAG, type ItemId } from '../memory/item-layout.ts';
import { TOTAL } from '../memory/layout.ts';
import type { ExpiryHints } from '../upkeep/expiry-hints.ts';
import { HITS_MAX, type Items } from './items.ts';
import type { Linker } from './linker.ts';
import { classOfPlacement, type NewItem } from './new-item.ts';
import type { SizeHistogram } from './size-histogram.ts';
import type { StoreClock } from './store-clock.ts';

/** Flags that describe the old value only. */
export const OLD_VALUE_FLAGS = FLAG.fetched | FLAG.stale | FLAG.tokenSent | FLAG.keyBinary;
/** Flags of an item that the new value must have too, or the key would not stay at its offset. */
export const PLACE_FLAGS = FLAG.chunked | FLAG.ownCas | FLAG.clientFlags;

interface OverwriterParts {
  readonly classLocks: ClassLocks;
  readonly totals: ClassTotals;
  readonly counters: ThreadCounters;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly linker: Linker;
  readonly lru: LruLists;
  readonly evictor: Evictor;
  readonly sizeHistogram: SizeHistogram;
  readonly expiryHints: ExpiryHints;
}

/**
 * Overwrites the value of a linked item in its chunk: it allocates, frees and relinks nothing. The
 * caller holds the stripe, so no other thread sees a half-written value.
 */
export class Overwriter {
  readonly #parts: OverwriterParts;

  constructor(parts: OverwriterParts) {
    this.#parts = parts;
  }

  /** Whether the item's chunk is of the right class, and its key can stay at its offset. */
  canOverwrite(id: ItemId, { placement, clientFlags }: NewItem): boolean {
    const { items } = this.#parts;
    const placeFlags = clientFlags === 0 ? 0 : FLAG.clientFlags;
    return (items.flags(id) & PLACE_FLAGS) === placeFlags && items.classOf(id) === placement;
  }

  /**
   * Updates everything except the bytes of the value, which the caller writes. If the item keeps
   * its size and its position, this needs no class lock: the totals of the class, the list and the
   * word that holds both size and segment stay as they are.
   */
  overwriteHeader(id: ItemId, item: NewItem): void {
    const { items, clock, counters, linker, evictor, expiryHints } = this.#parts;
    const { expiry } = item;
    const sizeClass = classOfPlacement(item.placement);
    const ttl = expiry === 0 ? 0 : expiry - clock.now();
    const keepsPosition =
      evictor.overwriteCountsAsHit() &&
      items.valueBytes(id) === item.valueBytes &&
      evictor.segmentAfterOverwrite(items.segment(id), ttl) === items.segment(id);
    if (keepsPosition && !this.#parts.sizeHistogram.isEnabled()) {
      items.overwriteHeader(id, OLD_VALUE_FLAGS, item);
      linker.assignSeq(id);
      items.setAccess(id, clock.now(), Math.min(HITS_MAX, items.hits(id) + 1));
    } else {
      this.#overwriteAndMove(id, sizeClass, item, ttl);
    }
    counters.addToClass(sizeClass, CLASS_COUNT.total_items);
    if (expiry !== 0) expiryHints.note(sizeClass, expiry);
  }

  #overwriteAndMove(id: ItemId, sizeClass: number, item: NewItem, ttl: number): void {
    const { items, linker, classLocks, totals, sizeHistogram } = this.#parts;
    classLocks.lock(sizeClass);
    sizeHistogram.remove(id);
    totals.add(sizeClass, TOTAL.memRequested, item.valueBytes - items.valueBytes(id));
    items.overwriteHeader(id, OLD_VALUE_FLAGS, item);
    items.setValueBytes(id, item.valueBytes);
    linker.assignSeq(id);
    this.#updateLru(id, sizeClass, ttl);
    sizeHistogram.add(id);
    classLocks.unlock(sizeClass);
  }

  /**
   * Applies the eviction policy to the overwrite: the hit count, the position, and the list, which
   * the new ttl may change. The caller holds the class lock.
   */
  #updateLru(id: ItemId, sizeClass: number, ttl: number): void {
    const { items, clock, lru, evictor } = this.#parts;
    const hits = items.hits(id);
    const countsAsHit = evictor.overwriteCountsAsHit();
    items.setAccess(id, clock.now(), countsAsHit ? Math.min(HITS_MAX, hits + 1) : hits);
    const segment = items.segment(id);
    const next = evictor.segmentAfterOverwrite(segment, ttl);
    if (!countsAsHit || next !== segment) lru.moveToHead(sizeClass, id, next);
  }
}
