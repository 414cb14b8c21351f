import type { IndexTable } from '../items/index-table.ts';
import type { Items } from '../items/items.ts';
import type { Releaser } from '../items/releaser.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT } from '../memory/item-layout.ts';
import { TOTAL } from '../memory/layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import { type StripeLocks, stripeOf } from '../memory/stripe-locks.ts';
import { TUNABLE_SLOT, type Tunables } from '../memory/tunables.ts';
import {
  type EvictionPolicy,
  NO_SEGMENT,
  nextSegment,
  POLICIES,
  policyInForce,
  type SegmentCounts,
  TAIL_ACTION,
  type TailAction,
} from './eviction-policy.ts';
import { type Ghosts, NO_GHOST } from './ghosts.ts';
import type { LruLists } from './lru.ts';

/** How many candidates an eviction checks before it fails. */
export const CANDIDATES_MAX = 128;
/** How many of those candidates may stay because of their hits. */
export const SECOND_CHANCES_MAX = 32;
const EVICT = TAIL_ACTION.evict;

interface EvictorParts {
  readonly stripes: StripeLocks;
  readonly totals: ClassTotals;
  readonly items: Items;
  readonly lru: LruLists;
  readonly index: IndexTable;
  readonly clock: StoreClock;
  readonly slabs: Slabs;
  readonly releaser: Releaser;
  readonly tunables: Tunables;
  readonly ghosts: Ghosts;
}

/**
 * Makes room in a size class: it evicts the item that the policy selects.
 *
 * It holds a class lock, so by the lock order it may only *try* a stripe; it skips an item whose
 * stripe is busy.
 */
export class Evictor {
  readonly #counts: SegmentCounts = { hot: 0, warm: 0, cold: 0, temp: 0 };
  readonly #parts: EvictorParts;

  constructor(parts: EvictorParts) {
    this.#parts = parts;
  }

  /**
   * Evicts an item of the class: the item is unlinked but its chunks are not free yet. Returns
   * NO_ITEM if there is no victim. The caller holds the class lock; `heldStripe` (or -1) is the
   * stripe that it holds too, and `pinned` an item of that stripe that it still needs.
   */
  evict(sizeClass: number, heldStripe: number, pinned: ItemId): ItemId {
    const policy = this.#policy();
    let secondChances = SECOND_CHANCES_MAX;
    /** The segments, as bits, in which every item is pinned or busy. */
    let exhausted = 0;
    let segment = this.#nextSegment(policy, sizeClass, exhausted);
    let id = this.#tail(sizeClass, segment);
    for (let checked = 0; checked < CANDIDATES_MAX && id !== NO_ITEM; checked++) {
      const candidate = id;
      id = this.#parts.items.lruPrev(candidate);
      if (candidate !== pinned) {
        const action = secondChances > 0 ? this.#actionFor(policy, segment, candidate) : EVICT;
        if (action === EVICT) {
          if (this.#evictIfIdle(sizeClass, candidate, heldStripe)) return candidate;
          this.#parts.totals.add(sizeClass, TOTAL.lrutailReflocked);
        } else {
          secondChances--;
          this.applyAction(sizeClass, candidate, action);
          exhausted = 0;
          segment = this.#nextSegment(policy, sizeClass, exhausted);
          id = this.#tail(sizeClass, segment);
        }
      }
      if (id === NO_ITEM) {
        exhausted |= 1 << segment;
        segment = this.#nextSegment(policy, sizeClass, exhausted);
        id = this.#tail(sizeClass, segment);
      }
    }
    return NO_ITEM;
  }

  /** The first candidate of the next eviction in the class, or NO_ITEM. */
  nextVictim(sizeClass: number): ItemId {
    return this.#tail(sizeClass, this.#nextSegment(this.#policy(), sizeClass, 0));
  }

  /**
   * Frees the item if it has expired or was flushed, and no thread holds its stripe. The caller
   * holds the class lock.
   */
  reclaimIfExpired(sizeClass: number, id: ItemId): boolean {
    if (!this.#isExpiredOrFlushed(id)) return false;
    const hash = this.#parts.index.hashOfItem(id);
    if (!this.#parts.stripes.tryLock(hash)) return false;
    const reclaimed = this.reclaimLocked(sizeClass, hash, id);
    this.#parts.stripes.unlock(hash);
    return reclaimed;
  }

  /** As `reclaimIfExpired`, for a caller that holds the stripe too. */
  reclaimLocked(sizeClass: number, hash: number, id: ItemId): boolean {
    if (!this.#isExpiredOrFlushed(id)) return false;
    if (!this.#parts.items.hasFlag(id, FLAG.fetched))
      this.#parts.totals.add(sizeClass, TOTAL.expiredUnfetched);
    this.#unlink(sizeClass, hash, id);
    this.#parts.releaser.release(id, sizeClass);
    return true;
  }

  /** Moves an item to the list that the action names. The caller holds the class lock. */
  applyAction(sizeClass: number, id: ItemId, action: TailAction): void {
    const items = this.#parts.items;
    if (action === TAIL_ACTION.reinsert) {
      items.setHits(id, items.hits(id) - 1);
      this.#parts.lru.moveToHead(sizeClass, id, items.segment(id));
      this.#parts.totals.add(sizeClass, TOTAL.movesWithinLru);
    } else if (action === TAIL_ACTION.promote) {
      items.setHits(id, this.#policy().hitsAfterPromotion);
      const within = items.segment(id) === SEGMENT.warm;
      this.#parts.lru.moveToHead(sizeClass, id, SEGMENT.warm);
      this.#parts.totals.add(sizeClass, within ? TOTAL.movesWithinLru : TOTAL.movesToWarm);
    } else if (action === TAIL_ACTION.demote) {
      this.#parts.lru.moveToHead(sizeClass, id, SEGMENT.cold);
      this.#parts.totals.add(sizeClass, TOTAL.movesToCold);
    }
  }

  /** The segment that a new item with this hash enters. The caller holds the class lock. */
  segmentForNew(sizeClass: number, hash: number, ttl: number): number {
    const distance = this.#parts.ghosts.recall(sizeClass, hash);
    const isGhost = distance !== NO_GHOST && distance <= this.#parts.lru.classCount(sizeClass);
    if (isGhost) this.#countGhost(sizeClass, distance);
    return this.#isTemporary(ttl) ? SEGMENT.temp : this.#policy().segmentForNew[isGhost ? 1 : 0];
  }

  /**
   * The segment of an overwritten item: the same one, except that the new ttl decides whether it
   * belongs to TEMP.
   */
  segmentAfterOverwrite(segment: number, ttl: number): number {
    if (this.#isTemporary(ttl)) return SEGMENT.temp;
    return segment === SEGMENT.temp ? this.#policy().segmentForNew[0] : segment;
  }

  /** The segment of a restored item; `isKept` tells whether it was in WARM. */
  segmentForRestored(isKept: boolean): number {
    return this.#policy().segmentForRestored[isKept ? 1 : 0];
  }

  /** `overwriteCountsAsHit` of the policy in force. */
  overwriteCountsAsHit(): boolean {
    return this.#policy().overwriteCountsAsHit;
  }

  /** Evicts an item and frees its chunks. The caller holds its stripe and its class lock. */
  evictLocked(sizeClass: number, hash: number, id: ItemId): void {
    this.#unlinkVictim(sizeClass, hash, id);
    this.#parts.releaser.release(id, sizeClass);
  }

  #countGhost(sizeClass: number, distance: number): void {
    this.#parts.totals.add(sizeClass, TOTAL.ghostHits);
    if (distance <= this.#parts.slabs.chunksPerPage(sizeClass))
      this.#parts.totals.add(sizeClass, TOTAL.pageHits);
  }

  #policy(): EvictionPolicy {
    const { tunables } = this.#parts;
    return POLICIES[
      policyInForce(tunables.at(TUNABLE_SLOT.segmented), tunables.at(TUNABLE_SLOT.eviction))
    ];
  }

  #isTemporary(ttl: number): boolean {
    const tunables = this.#parts.tunables;
    const isShort = ttl > 0 && ttl <= tunables.at(TUNABLE_SLOT.tempTtl);
    return isShort && tunables.at(TUNABLE_SLOT.tempLru) === 1;
  }

  /** The segment that loses the next item, as if the exhausted segments had none. */
  #nextSegment(policy: EvictionPolicy, sizeClass: number, exhausted: number): number {
    const counts = this.#counts;
    counts.hot = this.#countOf(sizeClass, SEGMENT.hot, exhausted);
    counts.warm = this.#countOf(sizeClass, SEGMENT.warm, exhausted);
    counts.cold = this.#countOf(sizeClass, SEGMENT.cold, exhausted);
    counts.temp = this.#countOf(sizeClass, SEGMENT.temp, exhausted);
    return nextSegment(counts, policy);
  }

  #countOf(sizeClass: number, segment: number, exhausted: number): number {
    return (exhausted & (1 << segment)) !== 0 ? 0 : this.#parts.lru.count(sizeClass, segment);
  }

  #tail(sizeClass: number, segment: number): ItemId {
    return segment === NO_SEGMENT ? NO_ITEM : this.#parts.lru.tail(sizeClass, segment);
  }

  /**
   * Reads the item without its stripe: a value that changes now costs a wrong guess and no more.
   */
  #actionFor(policy: EvictionPolicy, segment: number, id: ItemId): TailAction {
    if (this.#isExpiredOrFlushed(id)) return TAIL_ACTION.evict;
    return policy.tailActions[segment]![this.#parts.items.hits(id)]!;
  }

  #evictIfIdle(sizeClass: number, id: ItemId, heldStripe: number): boolean {
    const hash = this.#parts.index.hashOfItem(id);
    const held = stripeOf(hash) === heldStripe;
    if (!held && !this.#parts.stripes.tryLock(hash)) return false;
    const isIdle = !this.#parts.items.isPinned(id);
    if (isIdle) this.#unlinkVictim(sizeClass, hash, id);
    if (!held) this.#parts.stripes.unlock(hash);
    return isIdle;
  }

  #unlinkVictim(sizeClass: number, hash: number, id: ItemId): void {
    if (this.#isExpiredOrFlushed(id)) {
      this.#countReclaimed(sizeClass, id);
    } else {
      this.#countEvicted(sizeClass, id);
      this.#parts.ghosts.record(sizeClass, hash);
    }
    this.#unlink(sizeClass, hash, id);
  }

  #unlink(sizeClass: number, hash: number, id: ItemId): void {
    this.#parts.index.remove(hash, id);
    this.#parts.items.clearFlags(id, FLAG.linked);
    this.#parts.lru.remove(sizeClass, id);
  }

  #countReclaimed(sizeClass: number, id: ItemId): void {
    this.#parts.totals.add(sizeClass, TOTAL.reclaimed);
    if (!this.#parts.items.hasFlag(id, FLAG.fetched))
      this.#parts.totals.add(sizeClass, TOTAL.expiredUnfetched);
  }

  #countEvicted(sizeClass: number, id: ItemId): void {
    const items = this.#parts.items;
    this.#parts.totals.add(sizeClass, TOTAL.evicted);
    if (items.expiry(id) !== 0) this.#parts.totals.add(sizeClass, TOTAL.evictedNonzero);
    if (!items.hasFlag(id, FLAG.fetched)) this.#parts.totals.add(sizeClass, TOTAL.evictedUnfetched);
    if (items.hits(id) > 1) this.#parts.totals.add(sizeClass, TOTAL.evictedActive);
    const idleSeconds = this.#parts.clock.now() - items.access(id);
    this.#parts.totals.set(sizeClass, TOTAL.evictedTime, idleSeconds);
  }

  #isExpiredOrFlushed(id: ItemId): boolean {
    return this.#parts.clock.isExpired(id) || this.#parts.clock.isFlushed(id);
  }
}
