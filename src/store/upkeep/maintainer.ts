import { COUNT } from '../memory/counters.ts';
import { Crawler, type CrawlerParts } from './crawler.ts';
import { LruMaintainer, type LruMaintainerParts } from './lru-maintainer.ts';
import { PageBalancer, type PageBalancerParts } from './page-balancer.ts';

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

type MaintainerParts = LruMaintainerParts & CrawlerParts & PageBalancerParts;

/** The background work of a store. One thread runs it in slices of a few milliseconds. */
export class Maintainer {
  readonly #parts: MaintainerParts;
  readonly #lruMaintainer: LruMaintainer;
  readonly #crawler: Crawler;
  readonly #balancer: PageBalancer;

  constructor(parts: MaintainerParts) {
    this.#parts = parts;
    this.#lruMaintainer = new LruMaintainer(parts);
    this.#crawler = new Crawler(parts);
    this.#balancer = new PageBalancer(parts);
  }

  /** Runs one slice; returns the milliseconds until the next one is due. */
  runSlice(): number {
    const movedItems = this.#lruMaintainer.step();
    if (movedItems) this.#parts.counters.add(COUNT.lru_maintainer_juggles);
    const crawling = this.#crawler.step(CRAWL_MS_PER_SLICE);
    let moves = 0;
    while (moves < PAGES_PER_SLICE && this.#balancer.step()) moves++;
    return movedItems || crawling || moves === PAGES_PER_SLICE
      ? MAINTAINER_SLEEP.busyMs
      : MAINTAINER_SLEEP.idleMs;
  }
}
