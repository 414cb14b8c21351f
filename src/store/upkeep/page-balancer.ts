import type { Evictor } from '../eviction/evictor.ts';
import type { Items } from '../items/items.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { NO_ITEM, PAGE_BYTES } from '../memory/item-layout.ts';
import { TOTAL } from '../memory/layout.ts';
import type { PagePool } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import { NO_STRIPE } from '../memory/stripe-locks.ts';
import type { Tunables } from '../memory/tunables.ts';
import { MOVE_RESULT, type PageMover } from './page-mover.ts';
import { type ClassSample, planPageMove } from './page-policy.ts';

/** The factor by which the page hits of a class decay from one decision to the next. */
const DECAY = 0.9;
/** The factor for the page hits of a class that has just received a page for them. */
const TAKER_DECAY = 0.5;
/** Evictions between two decisions, so that moves evict only a fraction of what sets evict. */
const EVICTIONS_MIN = 250;
const EVICTED_BYTES_MIN = 4 * PAGE_BYTES;

export interface PageBalancerParts {
  readonly arena: Arena;
  readonly totals: ClassTotals;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly tunables: Tunables;
  readonly pagePool: PagePool;
  readonly slabs: Slabs;
  readonly evictor: Evictor;
  readonly pageMover: PageMover;
}

/** Moves pages between the size classes to where they save the most misses. */
export class PageBalancer {
  readonly #parts: PageBalancerParts;
  readonly #evictedSeen: Float64Array;
  readonly #hitsSeen: Float64Array;
  readonly #pageHits: Float64Array;

  constructor(parts: PageBalancerParts) {
    const classes = parts.arena.sizeClasses.chunkBytes.length;
    this.#parts = parts;
    this.#evictedSeen = new Float64Array(classes);
    this.#hitsSeen = new Float64Array(classes);
    this.#pageHits = new Float64Array(classes);
  }

  /** Moves at most one page; returns whether it moved one. */
  step(): boolean {
    const { pagePool, tunables, pageMover } = this.#parts;
    if (tunables.get('reassign') === 0) return false;
    const pagesOverLimit = pagePool.overLimit();
    if (pagesOverLimit <= 0 && (tunables.get('automove') === 0 || !this.#isDue())) return false;
    const plan = planPageMove(this.#sample(), pagesOverLimit);
    if (plan === undefined || pageMover.move(plan.from, plan.to, NO_STRIPE) !== MOVE_RESULT.done)
      return false;
    this.#pageHits[plan.to]! *= TAKER_DECAY;
    return true;
  }

  /** Whether enough items and bytes were evicted since the last decision. */
  #isDue(): boolean {
    let items = 0;
    let bytes = 0;
    for (let id = 1; id < this.#evictedSeen.length; id++) {
      const evicted = this.#parts.totals.get(id, TOTAL.evicted) - this.#evictedSeen[id]!;
      // `stats reset` has cleared the totals since the last decision.
      if (evicted < 0) this.#evictedSeen[id] = 0;
      items += Math.max(0, evicted);
      bytes += Math.max(0, evicted) * this.#parts.arena.sizeClasses.chunkBytes[id]!;
    }
    return items >= EVICTIONS_MIN && bytes >= EVICTED_BYTES_MIN;
  }

  #sample(): readonly ClassSample[] {
    const samples: ClassSample[] = [];
    for (let id = 1; id < this.#parts.arena.sizeClasses.chunkBytes.length; id++) {
      if (this.#parts.slabs.pageCount(id) > 0) samples.push(this.#sampleOf(id));
    }
    return samples;
  }

  #sampleOf(sizeClass: number): ClassSample {
    const { slabs } = this.#parts;
    const newHits = this.#increase(this.#hitsSeen, sizeClass, TOTAL.pageHits);
    this.#pageHits[sizeClass] = this.#pageHits[sizeClass]! * DECAY + newHits;
    return {
      sizeClass,
      pages: slabs.pageCount(sizeClass),
      freePages: slabs.freeChunkCount(sizeClass) / slabs.chunksPerPage(sizeClass),
      evicts: this.#increase(this.#evictedSeen, sizeClass, TOTAL.evicted) > 0,
      pageHits: this.#pageHits[sizeClass]!,
      idleSeconds: this.#idleSeconds(sizeClass),
    };
  }

  /** Reads without the class lock: the result may be old by a moment. */
  #idleSeconds(sizeClass: number): number {
    const { evictor, items, clock } = this.#parts;
    const victim = evictor.nextVictim(sizeClass);
    return victim === NO_ITEM ? 0 : Math.max(0, clock.now() - items.access(victim));
  }

  /** The increase of a total since the last sample, or since `stats reset` if that was later. */
  #increase(seen: Float64Array, sizeClass: number, slot: number): number {
    const now = this.#parts.totals.get(sizeClass, slot);
    const before = seen[sizeClass]!;
    seen[sizeClass] = now;
    return now < before ? now : now - before;
  }
}
