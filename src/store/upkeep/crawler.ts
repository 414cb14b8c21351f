import type { Evictor } from '../eviction/evictor.ts';
import type { Items } from '../items/items.ts';
import type { StoreClock } from '../items/store-clock.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import type { ClassTotals } from '../memory/class-totals.ts';
import { COUNT, type ThreadCounters } from '../memory/counters.ts';
import { FLAG, ITEM, wordOf } from '../memory/item-layout.ts';
import { CLASS, CONTROL, TOTAL } from '../memory/layout.ts';
import type { PagePool } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { Tunables } from '../memory/tunables.ts';
import type { ChainMover } from './chain-mover.ts';
import { secondsToNextCrawl } from './crawl-policy.ts';
import type { ExpiryHints } from './expiry-hints.ts';

/** How many chunks the crawler checks under one hold of the class lock. */
const CHUNKS_PER_HOLD = 128;
const MINUTES = 60;
const SECONDS_PER_MINUTE = 60;

/** What one pass found in one size class. */
class ClassFindings {
  expiringItems = 0;
  readonly expiringByMinute = new Array<number>(MINUTES).fill(0);
  soonest = 0;

  clear(): void {
    this.expiringItems = 0;
    this.expiringByMinute.fill(0);
    this.soonest = 0;
  }

  note(expiry: number, now: number): void {
    this.expiringItems++;
    this.expiringByMinute[
      Math.min(MINUTES - 1, Math.floor((expiry - now) / SECONDS_PER_MINUTE))
    ]! += 1;
    if (this.soonest === 0 || expiry < this.soonest) this.soonest = expiry;
  }
}

export interface CrawlerParts {
  readonly arena: Arena;
  readonly classLocks: ClassLocks;
  readonly totals: ClassTotals;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly tunables: Tunables;
  readonly counters: ThreadCounters;
  readonly pagePool: PagePool;
  readonly slabs: Slabs;
  readonly evictor: Evictor;
  readonly chainMover: ChainMover;
  readonly expiryHints: ExpiryHints;
}

/**
 * Frees expired and flushed items before they cost an eviction. A pass walks the pages of those
 * classes in which an item can have expired, chunk by chunk in memory order, a few at a time.
 */
export class Crawler {
  readonly #parts: CrawlerParts;
  readonly #findings: readonly ClassFindings[];
  /** The classes that this pass checks. */
  readonly #due: boolean[];
  /** The earliest second of the next pass over each class, on the store's clock. */
  readonly #nextAt: number[];
  /**
   * Heads found under the class lock. Their chunks need other locks, so they wait for its release.
   */
  readonly #heads = new Uint32Array(CHUNKS_PER_HOLD);
  #headCount = 0;
  #running = false;
  #page = 0;
  #chunk = 0;
  #passMs = 0;
  /** The second of the last pass after a flush: one pass in a second bounds a flood of flushes. */
  #lastFlushPassAt = 0;

  constructor(parts: CrawlerParts) {
    const classes = parts.arena.sizeClasses.chunkBytes.length;
    this.#parts = parts;
    this.#findings = Array.from({ length: classes }, () => new ClassFindings());
    this.#due = new Array<boolean>(classes).fill(false);
    this.#nextAt = new Array<number>(classes).fill(0);
  }

  /** Works for about `budgetMs`; returns whether there is more to do. */
  step(budgetMs: number): boolean {
    if (!this.#running && !this.#begin()) return false;
    const startedMs = performance.now();
    let spentMs = 0;
    while (spentMs < budgetMs && this.#running) {
      this.#crawlNext();
      spentMs = performance.now() - startedMs;
    }
    this.#passMs += spentMs;
    if (!this.#running) this.#finish();
    return this.#running;
  }

  #begin(): boolean {
    const { arena, clock, tunables, counters } = this.#parts;
    const now = clock.now();
    const requested = this.#takeFlush(now) || Atomics.load(arena.control, CONTROL.crawlNow) === 1;
    if (!requested && tunables.get('crawlerEnabled') === 0) return false;
    let anyDue = false;
    for (let id = 1; id < this.#due.length; id++) {
      const soonest = arena.classes[id * CLASS.words + CLASS.soonestExpiry]! >>> 0;
      const due = soonest !== 0 && soonest <= now && (requested || this.#nextAt[id]! <= now);
      this.#due[id] = due;
      anyDue ||= due;
      if (due) this.#beginClass(id);
    }
    if (!anyDue) {
      Atomics.store(arena.control, CONTROL.crawlNow, 0);
      Atomics.store(arena.control, CONTROL.flushPass, 0);
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

  /** Whether a flush hides items and no pass has looked for them yet in this second. */
  #takeFlush(now: number): boolean {
    const { control } = this.#parts.arena;
    if (this.#lastFlushPassAt === now) return false;
    if (Atomics.load(control, CONTROL.crawlFlushed) === 0) return false;
    Atomics.store(control, CONTROL.flushPass, 1);
    Atomics.store(control, CONTROL.crawlFlushed, 0);
    this.#lastFlushPassAt = now;
    return true;
  }

  #beginClass(id: number): void {
    this.#findings[id]!.clear();
    this.#parts.classLocks.lock(id);
    this.#parts.arena.classes[id * CLASS.words + CLASS.soonestExpiry] = 0;
    this.#parts.classLocks.unlock(id);
  }

  #finish(): void {
    const { clock, arena, expiryHints } = this.#parts;
    const now = clock.now();
    for (let id = 1; id < this.#due.length; id++) {
      if (!this.#due[id]) continue;
      const { expiringItems, expiringByMinute, soonest } = this.#findings[id]!;
      const soonestSeconds = soonest === 0 ? 0 : Math.max(0, soonest - now);
      const passMs = this.#passMs;
      this.#nextAt[id] =
        now +
        Math.ceil(secondsToNextCrawl({ expiringItems, expiringByMinute, soonestSeconds, passMs }));
      expiryHints.note(id, soonest);
    }
    Atomics.store(arena.control, CONTROL.crawling, 0);
    Atomics.store(arena.control, CONTROL.crawlNow, 0);
    Atomics.store(arena.control, CONTROL.flushPass, 0);
  }

  /** Checks the next chunks of the current page, or goes on to the next page. */
  #crawlNext(): void {
    const { pagePool, slabs } = this.#parts;
    if (this.#page >= pagePool.touchedCount()) {
      this.#running = false;
      return;
    }
    const sizeClass = pagePool.classOf(this.#page);
    if (!this.#due[sizeClass] || this.#chunk >= slabs.chunksPerPage(sizeClass)) {
      this.#page++;
      this.#chunk = 0;
      return;
    }
    this.#crawlChunks(sizeClass);
  }

  #crawlChunks(sizeClass: number): void {
    const { arena, classLocks, totals, items, pagePool, slabs } = this.#parts;
    classLocks.lock(sizeClass);
    // Another thread may have moved the page to another class.
    const stays = pagePool.classOf(this.#page) === sizeClass;
    const end = stays ? slabs.carvedChunks(sizeClass, this.#page) : 0;
    const until = Math.min(end, this.#chunk + CHUNKS_PER_HOLD);
    let checked = 0;
    for (; this.#chunk < until; this.#chunk++) {
      const id = slabs.chunkOf(sizeClass, this.#page, this.#chunk);
      if ((arena.words[wordOf(id) + ITEM.meta]! & FLAG.linked) === 0) continue;
      checked++;
      if (items.isChained(id)) this.#heads[this.#headCount++] = id;
      else this.#reclaimOrNote(sizeClass, id);
    }
    totals.add(sizeClass, TOTAL.crawlerItemsChecked, checked);
    classLocks.unlock(sizeClass);
    this.#reclaimOrNoteHeads(sizeClass);
    if (this.#chunk >= end) this.#chunk = slabs.chunksPerPage(sizeClass);
  }

  #reclaimOrNote(sizeClass: number, id: number): void {
    if (this.#parts.evictor.reclaimIfExpired(sizeClass, id)) {
      this.#parts.totals.add(sizeClass, TOTAL.crawlerReclaimed);
    } else this.#note(sizeClass, id);
  }

  #reclaimOrNoteHeads(sizeClass: number): void {
    const { arena, chainMover, classLocks, totals } = this.#parts;
    const { largest } = arena.sizeClasses;
    for (let nth = 0; nth < this.#headCount; nth++) {
      const id = this.#heads[nth]!;
      if (!chainMover.reclaimIfExpired(sizeClass, id)) {
        this.#note(sizeClass, id);
        continue;
      }
      classLocks.lock(largest);
      totals.add(largest, TOTAL.crawlerReclaimed);
      classLocks.unlock(largest);
    }
    this.#headCount = 0;
  }

  #note(sizeClass: number, id: number): void {
    const { items, clock, expiryHints } = this.#parts;
    // Another thread used the stripe of its key: the next pass frees it.
    if (clock.isFlushed(id)) expiryHints.noteFlushed(sizeClass);
    const expiry = items.expiry(id);
    if (expiry !== 0) this.#findings[sizeClass]!.note(Math.max(expiry, clock.now()), clock.now());
  }
}
