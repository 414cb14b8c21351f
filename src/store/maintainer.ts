import { CLASS, TOTAL } from './layout.ts';
import { MOVED, type PageMover } from './page-mover.ts';
import { type ClassSample, planPageMove } from './page-policy.ts';
import type { Store } from './store.ts';

/** What an average keeps of what it was before. */
const MEMORY = Number(process.env['MM'] ?? 0.8);

/** Watches the classes and moves their pages to where they save most. */
export class PageBalancer {
  readonly #store: Store;
  readonly #mover: PageMover;
  readonly #evictions: Float64Array;
  readonly #seen: Float64Array;
  readonly #pageHits: Float64Array;

  constructor(store: Store) {
    this.#store = store;
    this.#mover = store.mover;
    const classes = store.chunkBytes.length;
    this.#evictions = new Float64Array(classes);
    this.#seen = new Float64Array(classes);
    this.#pageHits = new Float64Array(classes);
  }

  /** At most one page moves; whether one did. */
  step(): boolean {
    const store = this.#store;
    if (store.tunables.get('automove') === 0 && this.#pagesOver() <= 0) return false;
    const rules = { pagesOver: this.#pagesOver(), gainMin: Number(process.env['GM'] ?? 1.5) };
    const plan = planPageMove(this.#sample(), rules);
    if (plan === undefined) return false;
    const moved = this.#mover.move(plan.from, plan.to, -1) === MOVED.done;
    if (moved) for (const id of [plan.from, plan.to]) this.#pageHits[id]! *= MEMORY;
    return moved;
  }

  #pagesOver(): number {
    return this.#store.pages.over();
  }

  #sample(): readonly ClassSample[] {
    const samples: ClassSample[] = [];
    for (let id = 1; id < this.#store.chunkBytes.length; id++) {
      const sample = this.#sampleOf(id);
      if (sample.pages > 0) samples.push(sample);
    }
    return samples;
  }

  #sampleOf(sizeClass: number): ClassSample {
    const { slabs } = this.#store;
    const evictedNow = this.#store.total(sizeClass, TOTAL.evicted);
    const hitsNow = this.#store.total(sizeClass, Number(process.env['GH'] ?? 0) ? TOTAL.ghostHits : TOTAL.pageHits);
    const evictions = evictedNow - this.#evictions[sizeClass]!;
    const fresh = hitsNow - this.#seen[sizeClass]!;
    this.#evictions[sizeClass] = evictedNow;
    this.#seen[sizeClass] = hitsNow;
    const scale = Number(process.env['GH'] ?? 0) ? 1 / Math.max(1, slabs.pages(sizeClass)) : 1;
    const pageHits = this.#pageHits[sizeClass]! * MEMORY + fresh * scale * (1 - MEMORY);
    this.#pageHits[sizeClass] = pageHits;
    return {
      sizeClass,
      pages: slabs.pages(sizeClass),
      freePages: slabs.freeChunks(sizeClass) / slabs.chunksPerPage(sizeClass),
      evictions,
      pageHits,
    };
  }
}

export class Maintainer {
  readonly #balancer: PageBalancer;
  moves = 0;
  constructor(store: Store) {
    this.#balancer = new PageBalancer(store);
  }
  step(): void {
    if (this.#balancer.step()) this.moves++;
  }
}
void CLASS;
