import { isActive, VERDICT } from './eviction-policy.ts';
import { CLASS, type ItemId, NO_ITEM, SEGMENT } from './layout.ts';
import type { Store } from './store.ts';
import { EVICTION } from './tunables.ts';

/** How many items one class moves before the next class has its turn (memcached). */
const MOVES_MAX = 500;
const MOVES_PER_HOLD = 50;

/** How far a list may go. */
export interface SegmentLimit {
  readonly items: number;
  /** An item that was not used for longer than this has to go. */
  readonly idleSeconds: number;
}

/**
 * The work that memcached's segmented LRU does aside: HOT and WARM stay within their share and their age, what
 * was read twice gets to WARM, everything else ends in COLD, where evictions take from.
 */
export class LruKeeper {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Looks after every class once; whether any item was moved. */
  step(): boolean {
    const { tunables } = this.#store;
    if (tunables.get('eviction') !== EVICTION.segmented) return false;
    if (tunables.get('segmented') === 0 || tunables.get('maintainer') === 0) return false;
    let moved = false;
    for (let id = 1; id < this.#store.chunkBytes.length; id++) {
      if (this.#store.slabs.pages(id) > 0 && this.#juggle(id)) moved = true;
    }
    return moved;
  }

  #juggle(sizeClass: number): boolean {
    const { lru, tunables } = this.#store;
    const size = lru.size(sizeClass);
    const coldAge = this.#age(sizeClass, SEGMENT.cold);
    const limit = (percent: number, factor: number): SegmentLimit => ({
      items: (size * percent) / 100,
      idleSeconds: coldAge * factor,
    });
    const hot = limit(tunables.get('hotPercent'), tunables.get('hotMaxFactor'));
    const warm = limit(tunables.get('warmPercent'), tunables.get('warmMaxFactor'));
    const cold = { items: size, idleSeconds: Number.POSITIVE_INFINITY };
    let moves = 0;
    moves += this.#pull(sizeClass, SEGMENT.hot, hot);
    moves += this.#pull(sizeClass, SEGMENT.warm, warm);
    moves += this.#pull(sizeClass, SEGMENT.cold, cold);
    return moves > 0;
  }

  #pull(sizeClass: number, segment: number, limit: SegmentLimit): number {
    let moves = 0;
    for (let more = true; more && moves < MOVES_MAX; ) {
      this.#store.lockClass(sizeClass);
      for (let hold = 0; more && hold < MOVES_PER_HOLD; hold++) {
        more = this.#pullOne(sizeClass, segment, limit);
        if (more) moves++;
      }
      this.#store.unlockClass(sizeClass);
    }
    return moves;
  }

  /** Moves the tail of a list where it belongs; false when it may stay. */
  #pullOne(sizeClass: number, segment: number, limit: SegmentLimit): boolean {
    const { lru, items, evictor, lifetimes } = this.#store;
    const tail: ItemId = lru.tail(sizeClass, segment);
    if (tail === NO_ITEM) return false;
    if (isActive(items.hits(tail))) {
      evictor.move(sizeClass, tail, VERDICT.promote);
      return true;
    }
    if (segment === SEGMENT.cold) return false;
    const idle = lifetimes.now() - items.access(tail);
    if (lru.count(sizeClass, segment) <= limit.items && idle <= limit.idleSeconds) return false;
    evictor.move(sizeClass, tail, VERDICT.demote);
    return true;
  }

  #age(sizeClass: number, segment: number): number {
    const { lru, items, lifetimes, arena } = this.#store;
    if (arena.classes[sizeClass * CLASS.words + CLASS.pages] === 0) return 0;
    const tail = lru.tail(sizeClass, segment);
    return tail === NO_ITEM ? 0 : lifetimes.now() - items.access(tail);
  }
}
