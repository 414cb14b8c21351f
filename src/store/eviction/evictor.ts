import { tryLock, unlock } from '../../base/index.ts';
import type { IndexTable } from '../items/index-table.ts';
import type { Items } from '../items/items.ts';
import type { Releaser } from '../items/releaser.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { Arena } from '../memory/arena.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT, STRIPES, TOTAL } from '../memory/layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import { EVICTION, type Tunables } from '../memory/tunables.ts';
import {
  type EvictionPolicy,
  flat,
  NO_SEGMENT,
  type SegmentCounts,
  s3fifo,
  segmented,
  TAIL_ACTION,
  type TailAction,
} from './eviction-policy.ts';
import { Ghosts, NO_GHOST } from './ghosts.ts';
import type { LruLists } from './lru.ts';

/** How many candidates an eviction checks before it fails. */
const CANDIDATES_MAX = 128;
/** How many of those candidates may stay because of their hits. */
const SECOND_CHANCES_MAX = 32;

/**
 * Makes room in a size class: it evicts the item that the policy selects.
 *
 * It holds a class lock, so by the lock order it may only *try* a stripe; it skips an item whose
 * stripe is busy.
 */
export class Evictor {
  readonly ghosts: Ghosts;
  readonly #stripes: Int32Array;
  readonly #totals: Float64Array;
  readonly #items: Items;
  readonly #lru: LruLists;
  readonly #index: IndexTable;
  readonly #clock: StoreClock;
  readonly #slabs: Slabs;
  readonly #releaser: Releaser;
  readonly #tunables: Tunables;
  readonly #counts: SegmentCounts = { hot: 0, warm: 0, cold: 0, temp: 0 };

  constructor(
    arena: Arena,
    parts: {
      readonly items: Items;
      readonly lru: LruLists;
      readonly index: IndexTable;
      readonly clock: StoreClock;
      readonly slabs: Slabs;
      readonly releaser: Releaser;
      readonly tunables: Tunables;
      readonly chunkBytes: readonly number[];
    },
  ) {
    this.#stripes = arena.stripes;
    this.#totals = arena.totals;
    this.#items = parts.items;
    this.#lru = parts.lru;
    this.#index = parts.index;
    this.#clock = parts.clock;
    this.#slabs = parts.slabs;
    this.#releaser = parts.releaser;
    this.#tunables = parts.tunables;
    this.ghosts = new Ghosts(arena, parts.chunkBytes);
  }

  /**
   * Evicts an item of the class: the item is unlinked but its chunks are not free yet. Returns
   * NO_ITEM if there is no victim. The caller holds the class lock; `heldStripe` (or -1) is the
   * stripe that it holds too, and `pinned` an item of that stripe that it still needs.
   */
  evict(sizeClass: number, heldStripe: number, pinned: ItemId): ItemId {
    const policy = this.#policy();
    let secondChances = SECOND_CHANCES_MAX;
    let segment = this.#nextSegment(policy, sizeClass);
    let id = segment === NO_SEGMENT ? NO_ITEM : this.#lru.tail(sizeClass, segment);
    for (let checked = 0; checked < CANDIDATES_MAX && id !== NO_ITEM; checked++) {
      const candidate = id;
      id = this.#items.lruPrev(candidate);
      if (candidate === pinned) continue;
      const action =
        secondChances > 0 ? this.#actionFor(policy, segment, candidate) : TAIL_ACTION.evict;
      if (action !== TAIL_ACTION.evict) {
        secondChances--;
        this.applyAction(sizeClass, candidate, action);
        segment = this.#nextSegment(policy, sizeClass);
        id = this.#lru.tail(sizeClass, segment);
      } else if (this.#evictIfIdle(sizeClass, candidate, heldStripe)) {
        return candidate;
      } else {
        this.#count(sizeClass, TOTAL.lrutailReflocked);
      }
    }
    return NO_ITEM;
  }

  /** The first candidate of the next eviction in the class, or NO_ITEM. */
  nextVictim(sizeClass: number): ItemId {
    const segment = this.#nextSegment(this.#policy(), sizeClass);
    return segment === NO_SEGMENT ? NO_ITEM : this.#lru.tail(sizeClass, segment);
  }

  /**
   * Frees the item if it has expired or was flushed, and no thread holds its stripe. The caller
   * holds the class lock.
   */
  reclaimIfExpired(sizeClass: number, id: ItemId): boolean {
    if (!this.#isExpiredOrFlushed(id)) return false;
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    if (!tryLock(this.#stripes, stripe)) return false;
    const reclaimed = this.reclaimLocked(sizeClass, hash, id);
    unlock(this.#stripes, stripe);
    return reclaimed;
  }

  /** As `reclaimIfExpired`, for a caller that holds the stripe too. */
  reclaimLocked(sizeClass: number, hash: number, id: ItemId): boolean {
    if (!this.#isExpiredOrFlushed(id)) return false;
    if (!this.#items.hasFlag(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.expiredUnfetched);
    this.#unlink(sizeClass, hash, id);
    this.#releaser.release(id, sizeClass);
    return true;
  }

  /** Moves an item to the list that the action names. The caller holds the class lock. */
  applyAction(sizeClass: number, id: ItemId, action: TailAction): void {
    const items = this.#items;
    if (action === TAIL_ACTION.reinsert) {
      items.setHits(id, items.hits(id) - 1);
      this.#lru.moveToHead(sizeClass, id, items.segment(id));
      this.#count(sizeClass, TOTAL.movesWithinLru);
    } else if (action === TAIL_ACTION.promote) {
      // The item keeps one hit, so the next hit makes it active again.
      items.setHits(id, this.#isSegmented() ? 1 : 0);
      const within = items.segment(id) === SEGMENT.warm;
      this.#lru.moveToHead(sizeClass, id, SEGMENT.warm);
      this.#count(sizeClass, within ? TOTAL.movesWithinLru : TOTAL.movesToWarm);
    } else if (action === TAIL_ACTION.demote) {
      this.#lru.moveToHead(sizeClass, id, SEGMENT.cold);
      this.#count(sizeClass, TOTAL.movesToCold);
    }
  }

  /** The segment that a new item with this hash enters. The caller holds the class lock. */
  segmentForNew(sizeClass: number, hash: number, ttl: number): number {
    const distance = this.ghosts.recall(sizeClass, hash);
    const isGhost = distance !== NO_GHOST && distance <= this.#lru.classCount(sizeClass);
    if (isGhost) this.#countGhost(sizeClass, distance);
    return this.#isTemporary(ttl) ? SEGMENT.temp : this.#policy().segmentForNew(isGhost);
  }

  /**
   * The segment of an overwritten item: the same one, except that the new ttl decides whether it
   * belongs to TEMP.
   */
  segmentAfterOverwrite(segment: number, ttl: number): number {
    if (this.#isTemporary(ttl)) return SEGMENT.temp;
    return segment === SEGMENT.temp ? this.#policy().segmentForNew(false) : segment;
  }

  /** `overwriteCountsAsHit` of the policy in force. */
  overwriteCountsAsHit(): boolean {
    return this.#policy().overwriteCountsAsHit;
  }

  /** Evicts an item and frees its chunks. The caller holds its stripe and its class lock. */
  evictLocked(sizeClass: number, hash: number, id: ItemId): void {
    this.#unlinkVictim(sizeClass, hash, id);
    this.#releaser.release(id, sizeClass);
  }

  #countGhost(sizeClass: number, distance: number): void {
    this.#count(sizeClass, TOTAL.ghostHits);
    if (distance <= this.#slabs.chunksPerPage(sizeClass)) this.#count(sizeClass, TOTAL.pageHits);
  }

  #policy(): EvictionPolicy {
    if (this.#tunables.get('segmented') === 0) return flat;
    return this.#isSegmented() ? segmented : s3fifo;
  }

  #isTemporary(ttl: number): boolean {
    const tunables = this.#tunables;
    const isShort = ttl > 0 && ttl <= tunables.get('tempTtl');
    return isShort && tunables.get('tempLru') === 1;
  }

  #isSegmented(): boolean {
    return this.#tunables.get('eviction') === EVICTION.segmented;
  }

  #nextSegment(policy: EvictionPolicy, sizeClass: number): number {
    const counts = this.#counts;
    counts.hot = this.#lru.count(sizeClass, SEGMENT.hot);
    counts.warm = this.#lru.count(sizeClass, SEGMENT.warm);
    counts.cold = this.#lru.count(sizeClass, SEGMENT.cold);
    counts.temp = this.#lru.count(sizeClass, SEGMENT.temp);
    return policy.nextSegment(counts);
  }

  /**
   * Reads the item without its stripe: a value that changes now costs a wrong guess and no more.
   */
  #actionFor(policy: EvictionPolicy, segment: number, id: ItemId): TailAction {
    if (this.#isExpiredOrFlushed(id)) return TAIL_ACTION.evict;
    return policy.actionFor(segment, this.#items.hits(id));
  }

  #evictIfIdle(sizeClass: number, id: ItemId, heldStripe: number): boolean {
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    const held = stripe === heldStripe;
    if (!held && !tryLock(this.#stripes, stripe)) return false;
    const isIdle = !this.#items.isPinned(id);
    if (isIdle) this.#unlinkVictim(sizeClass, hash, id);
    if (!held) unlock(this.#stripes, stripe);
    return isIdle;
  }

  #unlinkVictim(sizeClass: number, hash: number, id: ItemId): void {
    if (this.#isExpiredOrFlushed(id)) {
      this.#countReclaimed(sizeClass, id);
    } else {
      this.#countEvicted(sizeClass, id);
      this.ghosts.record(sizeClass, hash);
    }
    this.#unlink(sizeClass, hash, id);
  }

  #unlink(sizeClass: number, hash: number, id: ItemId): void {
    this.#index.remove(hash, id);
    this.#items.clearFlags(id, FLAG.linked);
    this.#lru.remove(sizeClass, id);
  }

  #countReclaimed(sizeClass: number, id: ItemId): void {
    this.#count(sizeClass, TOTAL.reclaimed);
    if (!this.#items.hasFlag(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.expiredUnfetched);
  }

  #countEvicted(sizeClass: number, id: ItemId): void {
    const items = this.#items;
    this.#count(sizeClass, TOTAL.evicted);
    if (items.expiry(id) !== 0) this.#count(sizeClass, TOTAL.evictedNonzero);
    if (!items.hasFlag(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.evictedUnfetched);
    if (items.hits(id) > 1) this.#count(sizeClass, TOTAL.evictedActive);
    const idleSeconds = this.#clock.now() - items.access(id);
    this.#totals[sizeClass * TOTAL.slots + TOTAL.evictedTime] = idleSeconds;
  }

  #isExpiredOrFlushed(id: ItemId): boolean {
    return this.#clock.isExpired(id) || this.#clock.isFlushed(id);
  }

  #count(sizeClass: number, slot: number): void {
    this.#totals[sizeClass * TOTAL.slots + slot]! += 1;
  }
}
