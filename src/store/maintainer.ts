import { COUNT } from './counters.ts';
import { Crawler } from './crawler.ts';
import { LruKeeper } from './lru-keeper.ts';
import { PageBalancer } from './page-balancer.ts';
import type { Store } from './store.ts';

/** How long the crawler may work in one turn. */
const CRAWL_MS_PER_TURN = 2;
const PAGES_PER_TURN = 4;

/** How long the maintainer sleeps after a turn. */
export const TURN = {
  /** There is more to do. */
  busyMs: 1,
  /** The clock must not fall behind further. */
  idleMs: 50,
} as const;

/** What a store needs done aside, in turns of a few milliseconds, by one thread. */
export class Maintainer {
  readonly #store: Store;
  readonly #keeper: LruKeeper;
  readonly #crawler: Crawler;
  readonly #balancer: PageBalancer;

  constructor(store: Store) {
    this.#store = store;
    this.#keeper = new LruKeeper(store);
    this.#crawler = new Crawler(store);
    this.#balancer = new PageBalancer(store);
  }

  /** One turn; returns after how many milliseconds the next is due. */
  turn(): number {
    const juggled = this.#keeper.step();
    if (juggled) this.#store.counters.add(COUNT.lru_maintainer_juggles);
    const crawling = this.#crawler.step(CRAWL_MS_PER_TURN);
    let moves = 0;
    while (moves < PAGES_PER_TURN && this.#balancer.step()) moves++;
    return juggled || crawling || moves === PAGES_PER_TURN ? TURN.busyMs : TURN.idleMs;
  }
}
