import type { Arena } from './arena.ts';
import {
  type EvictionPolicy,
  flat,
  NO_SEGMENT,
  type SegmentCounts,
  s3fifo,
  segmented,
  VERDICT,
  type Verdict,
} from './eviction-policy.ts';
import { Ghosts, NO_GHOST } from './ghosts.ts';
import type { IndexTable } from './index-table.ts';
import type { Items } from './items.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT, STRIPES, TOTAL } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import { tryLock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';
import type { Releaser } from './releaser.ts';
import type { Slabs } from './slabs.ts';
import { EVICTION, type Tunables } from './tunables.ts';

/** How many items an eviction looks at before it gives up. */
const LOOKS_MAX = 128;
/** How many of those may be spared for having been read. */
const CHANCES_MAX = 32;

/**
 * Makes room in a size class by forgetting the item that the policy gives up.
 *
 * It comes from the LRU's side, class lock in hand, so it may only *try* a stripe, and passes over
 * an item that is busy.
 */
export class Evictor {
  readonly ghosts: Ghosts;
  readonly #stripes: Int32Array;
  readonly #totals: Float64Array;
  readonly #items: Items;
  readonly #lru: LruLists;
  readonly #index: IndexTable;
  readonly #lifetimes: Lifetimes;
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
      readonly lifetimes: Lifetimes;
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
    this.#lifetimes = parts.lifetimes;
    this.#slabs = parts.slabs;
    this.#releaser = parts.releaser;
    this.#tunables = parts.tunables;
    this.ghosts = new Ghosts(arena, parts.chunkBytes);
  }

  /**
   * A forgotten item, off the index and the lists but still whole, or NO_ITEM. The class lock is
   * held; `heldStripe` (or -1) is the stripe the caller holds already, and `keep` an item of it
   * that it still needs.
   */
  evict(sizeClass: number, heldStripe: number, keep: ItemId): ItemId {
    const policy = this.#policy();
    let chances = CHANCES_MAX;
    let segment = this.#nextSegment(policy, sizeClass);
    let id = segment === NO_SEGMENT ? NO_ITEM : this.#lru.tail(sizeClass, segment);
    for (let look = 0; look < LOOKS_MAX && id !== NO_ITEM; look++) {
      const candidate = id;
      id = this.#items.lruPrev(candidate);
      if (candidate === keep) continue;
      const verdict = chances > 0 ? this.#judge(policy, segment, candidate) : VERDICT.forget;
      if (verdict !== VERDICT.forget) {
        chances--;
        this.move(sizeClass, candidate, verdict);
        segment = this.#nextSegment(policy, sizeClass);
        id = this.#lru.tail(sizeClass, segment);
      } else if (this.#forgetIfIdle(sizeClass, candidate, heldStripe)) {
        return candidate;
      } else {
        this.#count(sizeClass, TOTAL.lrutailReflocked);
      }
    }
    return NO_ITEM;
  }

  /** The item that the class would look at first, should one have to give way; or NO_ITEM. */
  victimOf(sizeClass: number): ItemId {
    const segment = this.#nextSegment(this.#policy(), sizeClass);
    return segment === NO_SEGMENT ? NO_ITEM : this.#lru.tail(sizeClass, segment);
  }

  /**
   * Frees the item if it has expired or was flushed and nobody is at it. The class lock is held.
   */
  reclaimIfDead(sizeClass: number, id: ItemId): boolean {
    if (!this.#isDead(id)) return false;
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    if (!tryLock(this.#stripes, stripe)) return false;
    const dead = this.reclaimHeld(sizeClass, hash, id);
    unlock(this.#stripes, stripe);
    return dead;
  }

  /** The same of an item whose stripe is held too. */
  reclaimHeld(sizeClass: number, hash: number, id: ItemId): boolean {
    if (!this.#isDead(id)) return false;
    if (!this.#items.has(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.expiredUnfetched);
    this.#takeOff(sizeClass, hash, id);
    this.#releaser.release(id, sizeClass);
    return true;
  }

  /** Moves an item to where the verdict says. The class lock is held. */
  move(sizeClass: number, id: ItemId, verdict: Verdict): void {
    const items = this.#items;
    if (verdict === VERDICT.again) {
      items.setHits(id, items.hits(id) - 1);
      this.#lru.toHead(sizeClass, id, items.segment(id));
      this.#count(sizeClass, TOTAL.movesWithinLru);
    } else if (verdict === VERDICT.promote) {
      // One hit stays remembered, so that the next makes it active again.
      items.setHits(id, this.#isSegmented() ? 1 : 0);
      const within = items.segment(id) === SEGMENT.warm;
      this.#lru.toHead(sizeClass, id, SEGMENT.warm);
      this.#count(sizeClass, within ? TOTAL.movesWithinLru : TOTAL.movesToWarm);
    } else if (verdict === VERDICT.demote) {
      this.#lru.toHead(sizeClass, id, SEGMENT.cold);
      this.#count(sizeClass, TOTAL.movesToCold);
    }
  }

  /** Where a new item of this hash enters. The class lock is held. */
  entryOf(sizeClass: number, hash: number, ttlSeconds: number): number {
    const distance = this.ghosts.recall(sizeClass, hash);
    const isGhost = distance !== NO_GHOST && distance <= this.#lru.size(sizeClass);
    if (isGhost) this.#countGhost(sizeClass, distance);
    return this.#isTemporary(ttlSeconds) ? SEGMENT.temp : this.#policy().entry(isGhost);
  }

  /**
   * Where an item of this segment goes on when it is written over: it stays, but for TEMP, which
   * goes by its new life.
   */
  stayOf(segment: number, ttlSeconds: number): number {
    if (this.#isTemporary(ttlSeconds)) return SEGMENT.temp;
    return segment === SEGMENT.temp ? this.#policy().entry(false) : segment;
  }

  /** Whether an item that is written over keeps its turn (EvictionPolicy). */
  keepsTurn(): boolean {
    return this.#policy().keepsTurn;
  }

  /** Evicts an item whose stripe and class the caller holds, and frees its chunk. */
  forgetHeld(sizeClass: number, hash: number, id: ItemId): void {
    this.#forget(sizeClass, hash, id);
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

  #isTemporary(ttlSeconds: number): boolean {
    const tunables = this.#tunables;
    const isShort = ttlSeconds > 0 && ttlSeconds <= tunables.get('tempTtlSeconds');
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
    return policy.next(counts);
  }

  /**
   * A glance without the stripe: what it sees may be old by a moment, which costs a wrong guess.
   */
  #judge(policy: EvictionPolicy, segment: number, id: ItemId): Verdict {
    if (this.#isDead(id)) return VERDICT.forget;
    return policy.judge(segment, this.#items.hits(id));
  }

  #forgetIfIdle(sizeClass: number, id: ItemId, heldStripe: number): boolean {
    const hash = this.#index.hashOfItem(id);
    const stripe = hash & (STRIPES - 1);
    const held = stripe === heldStripe;
    if (!held && !tryLock(this.#stripes, stripe)) return false;
    const isIdle = !this.#items.isPinned(id);
    if (isIdle) this.#forget(sizeClass, hash, id);
    if (!held) unlock(this.#stripes, stripe);
    return isIdle;
  }

  #forget(sizeClass: number, hash: number, id: ItemId): void {
    if (this.#isDead(id)) {
      this.#countDead(sizeClass, id);
    } else {
      this.#countEvicted(sizeClass, id);
      this.ghosts.note(sizeClass, hash);
    }
    this.#takeOff(sizeClass, hash, id);
  }

  #takeOff(sizeClass: number, hash: number, id: ItemId): void {
    this.#index.remove(hash, id);
    this.#items.clearFlags(id, FLAG.linked);
    this.#lru.leave(sizeClass, id);
  }

  #countDead(sizeClass: number, id: ItemId): void {
    this.#count(sizeClass, TOTAL.reclaimed);
    if (!this.#items.has(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.expiredUnfetched);
  }

  #countEvicted(sizeClass: number, id: ItemId): void {
    const items = this.#items;
    this.#count(sizeClass, TOTAL.evicted);
    if (items.expiry(id) !== 0) this.#count(sizeClass, TOTAL.evictedNonzero);
    if (!items.has(id, FLAG.fetched)) this.#count(sizeClass, TOTAL.evictedUnfetched);
    if (items.hits(id) > 1) this.#count(sizeClass, TOTAL.evictedActive);
    const idleSeconds = this.#lifetimes.now() - items.access(id);
    this.#totals[sizeClass * TOTAL.slots + TOTAL.evictedTime] = idleSeconds;
  }

  #isDead(id: ItemId): boolean {
    return this.#lifetimes.isExpired(id) || this.#lifetimes.isFlushed(id);
  }

  #count(sizeClass: number, slot: number): void {
    this.#totals[sizeClass * TOTAL.slots + slot]! += 1;
  }
}
