import { isActive, TAIL_ACTION } from '../eviction/eviction-policy.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { Items } from '../items/items.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import { type ItemId, NO_ITEM, SEGMENT } from '../memory/item-layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import { EVICTION, type Tunables } from '../memory/tunables.ts';

/** How many items of one class move before the next class is processed (memcached). */
const MOVES_MAX = 500;
const MOVES_PER_HOLD = 50;

/** How large and how old a list may become. */
interface SegmentLimit {
  readonly items: number;
  /** The tail leaves the list if its last use is longer ago than this. */
  readonly idleSeconds: number;
}

export interface LruMaintainerParts {
  readonly arena: Arena;
  readonly classLocks: ClassLocks;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly tunables: Tunables;
  readonly lru: LruLists;
  readonly slabs: Slabs;
  readonly evictor: Evictor;
}

/**
 * The background work of memcached's segmented LRU: it keeps HOT and WARM within their share and
 * their age. Items that were read twice move to WARM; all other items move to COLD, and evictions
 * take items from there.
 */
export class LruMaintainer {
  readonly #parts: LruMaintainerParts;

  constructor(parts: LruMaintainerParts) {
    this.#parts = parts;
  }

  /** Processes every class once; returns whether any item moved. */
  step(): boolean {
    const { tunables } = this.#parts;
    if (tunables.get('eviction') !== EVICTION.segmented) return false;
    if (tunables.get('segmented') === 0 || tunables.get('maintainer') === 0) return false;
    let moved = false;
    for (let id = 1; id < this.#parts.arena.sizeClasses.chunkBytes.length; id++) {
      if (this.#parts.slabs.pageCount(id) > 0 && this.#balanceClass(id)) moved = true;
    }
    return moved;
  }

  #balanceClass(sizeClass: number): boolean {
    const { lru, tunables } = this.#parts;
    const size = lru.classCount(sizeClass);
    const coldAgeSeconds = this.#tailAgeSeconds(sizeClass, SEGMENT.cold);
    const limit = (percent: number, factor: number): SegmentLimit => ({
      items: (size * percent) / 100,
      idleSeconds: coldAgeSeconds * factor,
    });
    const hot = limit(tunables.get('hotPercent'), tunables.get('hotMaxFactor'));
    const warm = limit(tunables.get('warmPercent'), tunables.get('warmMaxFactor'));
    const cold = { items: size, idleSeconds: Number.POSITIVE_INFINITY };
    let moves = 0;
    moves += this.#pullTails(sizeClass, SEGMENT.hot, hot);
    moves += this.#pullTails(sizeClass, SEGMENT.warm, warm);
    moves += this.#pullTails(sizeClass, SEGMENT.cold, cold);
    return moves > 0;
  }

  #pullTails(sizeClass: number, segment: number, limit: SegmentLimit): number {
    let moves = 0;
    for (let more = true; more && moves < MOVES_MAX; ) {
      this.#parts.classLocks.lock(sizeClass);
      for (let hold = 0; more && hold < MOVES_PER_HOLD; hold++) {
        more = this.#pullTail(sizeClass, segment, limit);
        if (more) moves++;
      }
      this.#parts.classLocks.unlock(sizeClass);
    }
    return moves;
  }

  /** Moves the tail of a list to another segment; false when it may stay. */
  #pullTail(sizeClass: number, segment: number, limit: SegmentLimit): boolean {
    const { lru, items, evictor, clock } = this.#parts;
    const tail: ItemId = lru.tail(sizeClass, segment);
    if (tail === NO_ITEM) return false;
    if (isActive(items.hits(tail))) {
      evictor.applyAction(sizeClass, tail, TAIL_ACTION.promote);
      return true;
    }
    if (segment === SEGMENT.cold) return false;
    const idle = clock.now() - items.access(tail);
    if (lru.count(sizeClass, segment) <= limit.items && idle <= limit.idleSeconds) return false;
    evictor.applyAction(sizeClass, tail, TAIL_ACTION.demote);
    return true;
  }

  #tailAgeSeconds(sizeClass: number, segment: number): number {
    const { lru, items, clock, slabs } = this.#parts;
    if (slabs.pageCount(sizeClass) === 0) return 0;
    const tail = lru.tail(sizeClass, segment);
    return tail === NO_ITEM ? 0 : clock.now() - items.access(tail);
  }
}
