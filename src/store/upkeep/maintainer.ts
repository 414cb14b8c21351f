import { COUNT } from '../memory/counters.ts';
import type { Store } from '../store.ts';
import { Crawler } from './crawler.ts';
import { LruMaintainer } from './lru-maintainer.ts';
import { PageBalancer } from './page-balancer.ts';

/** How long the crawler may work in one slice. */
const CRAWL_MS_PER_SLICE = 2;
const PAGES_PER_SLICE = 4;

/** How long the maintainer sleeps after a slice. */
export const MAINTAINER_SLEEP = {
  /** After a slice that left work to do. */
  busyMs: 1,
  /** With nothing to do: the clock must not fall behind further. */
  idleMs: 50,
} as const;

/** The background work of a store. One thread runs it in slices of a few milliseconds. */
export class Maintainer {
  readonly #store: Store;
  readonly #lruMaintainer: LruMaintainer;
  readonly #crawler: Crawler;
  readonly #balancer: PageBalancer;

  constructor(store: Store) {
    this.#store = store;
    this.#lruMaintainer = new LruMaintainer(store);
    this.#crawler = new Crawler(store);
    this.#balancer = new PageBalancer(store);
  }

  /** Runs one slice; returns the milliseconds until the next one is due. */
  runSlice(): number {
    const movedItems = this.#lruMaintainer.step();
    if (movedItems) this.#store.counters.add(COUNT.lru_maintainer_juggles);
    const crawling = this.#crawler.step(CRAWL_MS_PER_SLICE);
    let moves = 0;
    while (moves < PAGES_PER_SLICE && this.#balancer.step()) moves++;
    return movedItems || crawling || moves === PAGES_PER_SLICE
      ? MAINTAINER_SLEEP.busyMs
      : MAINTAINER_SLEEP.idleMs;
  }
}
