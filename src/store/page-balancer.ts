import { NO_ITEM, PAGE_BYTES, TOTAL } from './layout.ts';
import { MOVED } from './page-mover.ts';
import { type ClassSample, planPageMove } from './page-policy.ts';
import type { Store } from './store.ts';

const NO_STRIPE = -1;
/** What a class's hits are worth at the next decision. */
const FADE = 0.9;
/** What a taker's hits are worth once it has had a page for them. */
const FADE_OF_TAKER = 0.5;
/** Between two decisions, so that moves evict no more than a part of what is evicted anyway. */
const EVICTIONS_MIN = 250;
const EVICTED_BYTES_MIN = 4 * PAGE_BYTES;

/** Watches the classes and moves their pages to where they save most. */
export class PageBalancer {
  readonly #store: Store;
  readonly #evicted: Float64Array;
  readonly #hitsSeen: Float64Array;
  readonly #pageHits: Float64Array;

  constructor(store: Store) {
    const classes = store.chunkBytes.length;
    this.#store = store;
    this.#evicted = new Float64Array(classes);
    this.#hitsSeen = new Float64Array(classes);
    this.#pageHits = new Float64Array(classes);
  }

  /** At most one page moves; whether one did. */
  step(): boolean {
    const { pages, tunables, mover } = this.#store;
    if (tunables.get('reassign') === 0) return false;
    const pagesOver = pages.over();
    if (pagesOver <= 0 && (tunables.get('automove') === 0 || !this.#isDue())) return false;
    const plan = planPageMove(this.#sample(), pagesOver);
    if (plan === undefined || mover.move(plan.from, plan.to, NO_STRIPE) !== MOVED.done)
      return false;
    this.#pageHits[plan.to]! *= FADE_OF_TAKER;
    return true;
  }

  /** Whether enough was evicted since the last decision. */
  #isDue(): boolean {
    let items = 0;
    let bytes = 0;
    for (let id = 1; id < this.#evicted.length; id++) {
      const evicted = this.#store.total(id, TOTAL.evicted) - this.#evicted[id]!;
      // Less than at the last look: the totals were reset since.
      if (evicted < 0) this.#evicted[id] = 0;
      items += Math.max(0, evicted);
      bytes += Math.max(0, evicted) * this.#store.chunkBytes[id]!;
    }
    return items >= EVICTIONS_MIN && bytes >= EVICTED_BYTES_MIN;
  }

  #sample(): readonly ClassSample[] {
    const samples: ClassSample[] = [];
    for (let id = 1; id < this.#store.chunkBytes.length; id++) {
      if (this.#store.slabs.pages(id) > 0) samples.push(this.#sampleOf(id));
    }
    return samples;
  }

  #sampleOf(sizeClass: number): ClassSample {
    const { slabs } = this.#store;
    const fresh = this.#fresh(this.#hitsSeen, sizeClass, TOTAL.pageHits);
    this.#pageHits[sizeClass] = this.#pageHits[sizeClass]! * FADE + fresh;
    return {
      sizeClass,
      pages: slabs.pages(sizeClass),
      freePages: slabs.freeChunks(sizeClass) / slabs.chunksPerPage(sizeClass),
      evicts: this.#fresh(this.#evicted, sizeClass, TOTAL.evicted) > 0,
      pageHits: this.#pageHits[sizeClass]!,
      idleSeconds: this.#idleSeconds(sizeClass),
    };
  }

  /** A glance without the lock: what it sees may be old by a moment. */
  #idleSeconds(sizeClass: number): number {
    const { evictor, items, lifetimes } = this.#store;
    const victim = evictor.victimOf(sizeClass);
    return victim === NO_ITEM ? 0 : Math.max(0, lifetimes.now() - items.access(victim));
  }

  /** What a total has grown by since the last look; it begins anew after `stats reset`. */
  #fresh(seen: Float64Array, sizeClass: number, slot: number): number {
    const now = this.#store.total(sizeClass, slot);
    const before = seen[sizeClass]!;
    seen[sizeClass] = now;
    return now < before ? now : now - before;
  }
}
