import { COUNT } from './counters.ts';
import { secondsToNextCrawl } from './crawl-policy.ts';
import { wordOf } from './items.ts';
import { CLASS, CONTROL, FLAG, ITEM, TOTAL } from './layout.ts';
import type { Store } from './store.ts';

/** How many chunks are looked at under one hold of the class lock. */
const CHUNKS_PER_HOLD = 128;
const MINUTES = 60;
const SECONDS_PER_MINUTE = 60;

/** What one pass found in one class. */
class ClassFindings {
  expiring = 0;
  readonly byMinute = new Array<number>(MINUTES).fill(0);
  soonest = 0;

  clear(): void {
    this.expiring = 0;
    this.byMinute.fill(0);
    this.soonest = 0;
  }

  note(expiry: number, now: number): void {
    this.expiring++;
    this.byMinute[Math.min(MINUTES - 1, Math.floor((expiry - now) / SECONDS_PER_MINUTE))]! += 1;
    if (this.soonest === 0 || expiry < this.soonest) this.soonest = expiry;
  }
}

/**
 * Frees expired and flushed items before they cost an eviction. A pass goes through the pages of the classes in
 * which something can have expired, chunk after chunk as they lie in memory, a few at a time.
 */
export class Crawler {
  readonly #store: Store;
  readonly #findings: readonly ClassFindings[];
  /** The classes that this pass looks at. */
  readonly #due: boolean[];
  /** When each class may be looked at again, on the store's clock. */
  readonly #nextAt: number[];
  /** Chained items met under the hold of a class: they take other locks, hence wait for its end. */
  readonly #heads = new Uint32Array(CHUNKS_PER_HOLD);
  #headCount = 0;
  #running = false;
  #page = 0;
  #chunk = 0;
  #passMs = 0;

  constructor(store: Store) {
    const classes = store.chunkBytes.length;
    this.#store = store;
    this.#findings = Array.from({ length: classes }, () => new ClassFindings());
    this.#due = new Array<boolean>(classes).fill(false);
    this.#nextAt = new Array<number>(classes).fill(0);
  }

  /** Works for about `budgetMs`; whether there is more to do. */
  step(budgetMs: number): boolean {
    if (!this.#running && !this.#begin()) return false;
    const startedMs = performance.now();
    let spentMs = 0;
    while (spentMs < budgetMs && this.#running) {
      this.#look();
      spentMs = performance.now() - startedMs;
    }
    this.#passMs += spentMs;
    if (!this.#running) this.#finish();
    return this.#running;
  }

  #begin(): boolean {
    const { arena, lifetimes, tunables, counters } = this.#store;
    const told = Atomics.load(arena.control, CONTROL.crawlNow) === 1;
    if (!told && tunables.get('crawlerEnabled') === 0) return false;
    const now = lifetimes.now();
    let any = false;
    for (let id = 1; id < this.#due.length; id++) {
      const soonest = arena.classes[id * CLASS.words + CLASS.soonest]!;
      const due = soonest !== 0 && soonest <= now && (told || this.#nextAt[id]! <= now);
      this.#due[id] = due;
      any ||= due;
      if (due) this.#beginClass(id);
    }
    if (!any) {
      Atomics.store(arena.control, CONTROL.crawlNow, 0);
      return false;
    }
    counters.add(COUNT.lru_crawler_starts);
    Atomics.store(arena.control, CONTROL.crawling, 1);
    this.#running = true;
    this.#page = 0;
    this.#chunk = 0;
    this.#passMs = 0;
    return true;
  }

  #beginClass(id: number): void {
    this.#findings[id]!.clear();
    this.#store.lockClass(id);
    this.#store.arena.classes[id * CLASS.words + CLASS.soonest] = 0;
    this.#store.unlockClass(id);
  }

  #finish(): void {
    const store = this.#store;
    const { lifetimes, arena } = store;
    const now = lifetimes.now();
    for (let id = 1; id < this.#due.length; id++) {
      if (!this.#due[id]) continue;
      const { expiring, byMinute, soonest } = this.#findings[id]!;
      const soonestSeconds = soonest === 0 ? 0 : Math.max(0, soonest - now);
      const passMs = this.#passMs;
      this.#nextAt[id] =
        now + Math.ceil(secondsToNextCrawl({ expiring, byMinute, soonestSeconds, passMs }));
      store.expiries.note(id, soonest);
    }
    Atomics.store(arena.control, CONTROL.crawling, 0);
    Atomics.store(arena.control, CONTROL.crawlNow, 0);
  }

  /** The next few chunks of the page at hand, or the next page. */
  #look(): void {
    const { pages, slabs } = this.#store;
    if (this.#page >= pages.end()) {
      this.#running = false;
      return;
    }
    const sizeClass = pages.classOf(this.#page);
    if (!this.#due[sizeClass] || this.#chunk >= slabs.chunksPerPage(sizeClass)) {
      this.#page++;
      this.#chunk = 0;
      return;
    }
    this.#lookAt(sizeClass);
  }

  #lookAt(sizeClass: number): void {
    const store = this.#store;
    const { slabs, arena } = store;
    store.lockClass(sizeClass);
    // The page may have moved on meanwhile.
    const stays = store.pages.classOf(this.#page) === sizeClass;
    const end = stays ? slabs.carvedChunks(sizeClass, this.#page) : 0;
    const until = Math.min(end, this.#chunk + CHUNKS_PER_HOLD);
    let checked = 0;
    for (; this.#chunk < until; this.#chunk++) {
      const id = slabs.chunkOf(sizeClass, this.#page, this.#chunk);
      if ((arena.words[wordOf(id) + ITEM.meta]! & FLAG.linked) === 0) continue;
      checked++;
      if (store.items.isChained(id)) this.#heads[this.#headCount++] = id;
      else this.#check(sizeClass, id);
    }
    arena.totals[sizeClass * TOTAL.slots + TOTAL.crawlerItemsChecked]! += checked;
    store.unlockClass(sizeClass);
    this.#checkHeads(sizeClass);
    if (this.#chunk >= end) this.#chunk = slabs.chunksPerPage(sizeClass);
  }

  #check(sizeClass: number, id: number): void {
    if (this.#store.evictor.reclaimIfDead(sizeClass, id)) {
      this.#store.arena.totals[sizeClass * TOTAL.slots + TOTAL.crawlerReclaimed]! += 1;
    } else this.#note(sizeClass, id);
  }

  #checkHeads(sizeClass: number): void {
    const { chainMover, arena } = this.#store;
    const largestClass = this.#store.chunkBytes.length - 1;
    for (let nth = 0; nth < this.#headCount; nth++) {
      const id = this.#heads[nth]!;
      if (!chainMover.reclaimIfDead(sizeClass, id)) {
        this.#note(sizeClass, id);
        continue;
      }
      this.#store.lockClass(largestClass);
      arena.totals[largestClass * TOTAL.slots + TOTAL.crawlerReclaimed]! += 1;
      this.#store.unlockClass(largestClass);
    }
    this.#headCount = 0;
  }

  #note(sizeClass: number, id: number): void {
    const { items, lifetimes } = this.#store;
    const expiry = items.expiry(id);
    if (expiry !== 0)
      this.#findings[sizeClass]!.note(Math.max(expiry, lifetimes.now()), lifetimes.now());
  }
}
