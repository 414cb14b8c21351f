import { lock, unlock } from '../../base/index.ts';
import type { Arena } from './arena.ts';
import { CONTROL } from './layout.ts';

export const NO_PAGE = -1;
/** The class of a page in the pool. As a class whose lock the caller holds: none. */
export const NO_CLASS = 0;

/**
 * The pool of slab pages: the pages given back, and after them those never used. A thread takes the
 * pool's lock last of all, and holds it for a few words only.
 */
export class PagePool {
  readonly #control: Int32Array;
  readonly #pageClass: Uint8Array;
  readonly #pageNext: Uint32Array;
  readonly #reserved: number;

  constructor(arena: Arena) {
    this.#control = arena.control;
    this.#pageClass = arena.pageClass;
    this.#pageNext = arena.pageNext;
    this.#reserved = arena.layout.pagesReserved;
  }

  /** A page for a class, or NO_PAGE; a class's first page may exceed the limit, as in memcached. */
  take(isFirst: boolean): number {
    lock(this.#control, CONTROL.pageLock);
    const within =
      this.#control[CONTROL.pagesUsed]! <
      this.limit() + this.#control[CONTROL.firstPagesOverLimit]!;
    const page = within || isFirst ? this.#takeAny() : NO_PAGE;
    if (page !== NO_PAGE && !within) this.#control[CONTROL.firstPagesOverLimit]!++;
    if (page !== NO_PAGE) this.#control[CONTROL.pagesUsed]!++;
    unlock(this.#control, CONTROL.pageLock);
    return page;
  }

  /** Returns a page that no class uses to the pool. */
  release(page: number): void {
    lock(this.#control, CONTROL.pageLock);
    this.#pageNext[page] = this.#control[CONTROL.freePageHead]!;
    this.#control[CONTROL.freePageHead] = page + 1;
    this.#control[CONTROL.freePageCount]!++;
    this.#control[CONTROL.pagesUsed]!--;
    unlock(this.#control, CONTROL.pageLock);
  }

  /** Sets the class of a page. The caller holds the lock of the class that loses or receives it. */
  assign(page: number, sizeClass: number): void {
    this.#pageClass[page] = sizeClass;
  }

  classOf(page: number): number {
    return this.#pageClass[page]!;
  }

  /** `-m`, in pages. */
  limit(): number {
    return Atomics.load(this.#control, CONTROL.memoryPages);
  }

  setLimit(pages: number): void {
    Atomics.store(this.#control, CONTROL.memoryPages, pages);
  }

  /** How many pages all classes have together. */
  usedCount(): number {
    return Atomics.load(this.#control, CONTROL.pagesUsed);
  }

  /**
   * How many pages are in use beyond the limit and the first pages of classes that may exceed it.
   */
  overLimit(): number {
    return (
      this.usedCount() - this.limit() - Atomics.load(this.#control, CONTROL.firstPagesOverLimit)
    );
  }

  /** How many pages in the pool were in use before. */
  freeCount(): number {
    return Atomics.load(this.#control, CONTROL.freePageCount);
  }

  /** How many pages were ever in use; pages from this index on were not. */
  touchedCount(): number {
    return Atomics.load(this.#control, CONTROL.pagesTouched);
  }

  #takeAny(): number {
    const control = this.#control;
    const free = control[CONTROL.freePageHead]! - 1;
    if (free !== NO_PAGE) {
      control[CONTROL.freePageHead] = this.#pageNext[free]!;
      control[CONTROL.freePageCount]!--;
      return free;
    }
    const fresh = control[CONTROL.pagesTouched]!;
    if (fresh === this.#reserved) return NO_PAGE;
    control[CONTROL.pagesTouched]!++;
    return fresh;
  }
}
