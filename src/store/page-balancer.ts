import { TOTAL } from './layout.ts';
import { MOVED } from './page-mover.ts';
import { type ClassSample, planPageMove } from './page-policy.ts';
import type { Store } from './store.ts';

/** What the average of a class's ghosts keeps of what it was at the last look. */
const MEMORY = 0.9;
/** How much more the taker's next page must be worth than the donor's. */
const GAIN_MIN = 1.2;

/** Watches the classes and moves their pages to where they save most. */
export class PageBalancer {
  readonly #store: Store;
  readonly #evicted: Float64Array;
  readonly #ghosts: Float64Array;
  readonly #hitsPerPage: Float64Array;

  constructor(store: Store) {
    const classes = store.chunkBytes.length;
    this.#store = store;
    this.#evicted = new Float64Array(classes);
    this.#ghosts = new Float64Array(classes);
    this.#hitsPerPage = new Float64Array(classes);
  }

  /** At most one page moves; whether one did. */
  step(): boolean {
    const { pages, tunables, mover } = this.#store;
    const pagesOver = pages.over();
    if (tunables.get('reassign') === 0) return false;
    if (pagesOver <= 0 && tunables.get('automove') === 0) return false;
    const plan = planPageMove(this.#sample(), { pagesOver, gainMin: GAIN_MIN });
    return plan !== undefined && mover.move(plan.from, plan.to, -1) === MOVED.done;
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
    const pages = slabs.pages(sizeClass);
    const ghosts = this.#fresh(this.#ghosts, sizeClass, TOTAL.ghostHits);
    const hits = this.#hitsPerPage;
    hits[sizeClass] = hits[sizeClass]! * MEMORY + (ghosts / pages) * (1 - MEMORY);
    return {
      sizeClass,
      pages,
      freePages: slabs.freeChunks(sizeClass) / slabs.chunksPerPage(sizeClass),
      evictions: this.#fresh(this.#evicted, sizeClass, TOTAL.evicted),
      hitsPerPage: hits[sizeClass]!,
    };
  }

  /** What a total has grown by since the last look; it begins anew after `stats reset`. */
  #fresh(seen: Float64Array, sizeClass: number, slot: number): number {
    const now = this.#store.total(sizeClass, slot);
    const before = seen[sizeClass]!;
    seen[sizeClass] = now;
    return now < before ? now : now - before;
  }
}
