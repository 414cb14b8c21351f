import type { StoreParts } from './assemble.ts';
import { PAGE_BYTES } from './memory/item-layout.ts';
import { NO_STRIPE } from './memory/stripe-locks.ts';
import type { TunableName } from './memory/tunables.ts';
import type { MoveResult } from './upkeep/page-mover.ts';

/** Changes the limits and the settings of a store, and requests background work. */
export class StoreTuning {
  readonly #parts: StoreParts;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** The value of a tunable; a switch is 1 for on, 0 for off. */
  get(name: TunableName): number {
    return this.#parts.tunables.get(name);
  }

  /** Sets a tunable for all threads. */
  set(name: TunableName, value: number): void {
    this.#parts.tunables.set(name, value);
  }

  /** `-m`, in bytes. */
  memoryLimitBytes(): number {
    return this.#parts.pagePool.limit() * PAGE_BYTES;
  }

  /**
   * Changes `-m`; false if the layout has too little address space, or for less than a page. Pages
   * above a lower limit leave their classes later, one at a time: the maintainer moves them.
   */
  setMemoryLimit(bytes: number): boolean {
    const { arena, pagePool } = this.#parts;
    const pages = Math.floor(bytes / PAGE_BYTES);
    if (pages < 1 || pages > arena.layout.memoryPagesMax) return false;
    pagePool.setLimit(pages);
    return true;
  }

  /** The number of size classes plus 1: class ids are below it. */
  get classIdsEnd(): number {
    return this.#parts.arena.sizeClasses.chunkBytes.length;
  }

  /** The class with the most pages, except one; 0 when no class has any. */
  classWithMostPages(except: number): number {
    return this.#parts.slabs.classWithMostPages(except);
  }

  /**
   * Moves a page of one class to another, or to the page pool (0), before it returns: in some
   * milliseconds. The caller holds no lock.
   */
  movePage(from: number, to: number): MoveResult {
    return this.#parts.pageMover.move(from, to, NO_STRIPE);
  }

  /**
   * Requests a crawler pass over these classes; false, and nothing else, while a pass is requested
   * or in progress.
   */
  requestCrawl(sizeClasses: readonly number[]): boolean {
    const { expiryHints } = this.#parts;
    if (expiryHints.isCrawling()) return false;
    for (const id of sizeClasses) if (id < this.classIdsEnd) expiryHints.requestCrawl(id);
    return true;
  }

  /** Starts the size histogram from zero, unless it is enabled. */
  enableSizeHistogram(): void {
    this.#parts.sizeHistogram.enable();
  }

  disableSizeHistogram(): void {
    this.#parts.sizeHistogram.disable();
  }

  /** Resets the counters and totals that `stats reset` resets. */
  resetCounters(): void {
    const { sums, totals, classLocks } = this.#parts;
    sums.reset();
    for (let sizeClass = 1; sizeClass < this.classIdsEnd; sizeClass++) {
      classLocks.lock(sizeClass);
      totals.reset(sizeClass);
      classLocks.unlock(sizeClass);
    }
  }
}
