import type { StoreParts } from './assemble.ts';
import { FLAG, ITEM, type ItemId, wordOf } from './memory/item-layout.ts';

/** Chunks that a step checks under one hold of a class lock. */
const CHUNKS_PER_STEP = 128;
/** Pages of other classes that a step passes. */
const PAGES_PER_STEP = 1024;

/**
 * A walk over the live items of one size class, in the order of their memory, in bounded steps
 * while other threads change the store. It visits an item that stays in its place once. It may
 * visit an item that moves during the walk twice or not at all.
 *
 * The position is a place in memory, not an item: no step follows a link that an earlier one read.
 */
export class ClassWalk {
  /** The most items that one step visits. */
  readonly itemsPerStep = CHUNKS_PER_STEP;
  readonly #parts: StoreParts;
  readonly #sizeClass: number;
  /** Heads of chained items count to the largest class, wherever their own chunks are. */
  readonly #wantsChained: boolean;
  #page = 0;
  #chunk = 0;

  constructor(parts: StoreParts, sizeClass: number) {
    this.#parts = parts;
    this.#sizeClass = sizeClass;
    this.#wantsChained = sizeClass === parts.arena.sizeClasses.largest;
  }

  /** Whether the walk has visited every page. */
  get isDone(): boolean {
    return this.#page >= this.#parts.pagePool.touchedCount();
  }

  /**
   * Visits the next items, until `visit` returns false. It runs under a class lock: it may read and
   * copy, but it neither throws nor allocates. A value can change during the visit, because the
   * visitor does not hold the stripe of its key.
   */
  step(visit: (id: ItemId) => boolean): void {
    const { pagePool, classLocks, slabs } = this.#parts;
    for (let passed = 0; passed < PAGES_PER_STEP && !this.isDone; passed++) {
      const pageClass = pagePool.classOf(this.#page);
      if (pageClass === 0 || (pageClass !== this.#sizeClass && !this.#wantsChained)) {
        this.#nextPage();
        continue;
      }
      classLocks.lock(pageClass);
      // Another thread may have moved the page to another class.
      const stays = pagePool.classOf(this.#page) === pageClass;
      const end = stays ? slabs.carvedChunks(pageClass, this.#page) : 0;
      this.#visitChunks(pageClass, end, visit);
      classLocks.unlock(pageClass);
      if (this.#chunk >= end) this.#nextPage();
      return;
    }
  }

  #visitChunks(pageClass: number, end: number, visit: (id: ItemId) => boolean): void {
    const { arena, items, slabs, clock } = this.#parts;
    const until = Math.min(end, this.#chunk + CHUNKS_PER_STEP);
    while (this.#chunk < until) {
      const id = slabs.chunkOf(pageClass, this.#page, this.#chunk++);
      if ((arena.words[wordOf(id) + ITEM.meta]! & FLAG.linked) === 0) continue;
      if (items.lruClassOf(id) !== this.#sizeClass) continue;
      if (clock.isExpired(id) || clock.isFlushed(id)) continue;
      if (!visit(id)) return;
    }
  }

  #nextPage(): void {
    this.#page++;
    this.#chunk = 0;
  }
}
