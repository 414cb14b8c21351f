import type { Arena } from './arena.ts';
import { CONTROL } from './layout.ts';
import { lock, unlock } from './locks.ts';

export const NO_PAGE = -1;
/** The class of a page that no class has; as the class that somebody holds: none. */
export const NO_CLASS = 0;

/**
 * The pool of slab pages: those never handed out, then those given back. Its lock is taken last of
 * all, and held for a few words only.
 */
export class Pages {
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
      this.#control[CONTROL.pagesUsed]! < this.limit() + this.#control[CONTROL.pagesExtra]!;
    const page = within || isFirst ? this.#takeAny() : NO_PAGE;
    if (page !== NO_PAGE && !within) this.#control[CONTROL.pagesExtra]!++;
    if (page !== NO_PAGE) this.#control[CONTROL.pagesUsed]!++;
    unlock(this.#control, CONTROL.pageLock);
    return page;
  }

  /** Takes back a page that no class uses. */
  give(page: number): void {
    lock(this.#control, CONTROL.pageLock);
    this.#pageNext[page] = this.#control[CONTROL.freePage]!;
    this.#control[CONTROL.freePage] = page + 1;
    this.#control[CONTROL.freePages]!++;
    this.#control[CONTROL.pagesUsed]!--;
    unlock(this.#control, CONTROL.pageLock);
  }

  /**
   * The class's lock is held, that of the one that gives the page away or of the one that gets it.
   */
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

  /** Pages of all classes together. */
  used(): number {
    return Atomics.load(this.#control, CONTROL.pagesUsed);
  }

  /** How many pages more are used than the limit and the classes' first pages allow. */
  over(): number {
    return this.used() - this.limit() - Atomics.load(this.#control, CONTROL.pagesExtra);
  }

  /** Pages that were in use and are not now. */
  free(): number {
    return Atomics.load(this.#control, CONTROL.freePages);
  }

  /** No page from here on was ever in use. */
  end(): number {
    return Atomics.load(this.#control, CONTROL.pagesTouched);
  }

  #takeAny(): number {
    const control = this.#control;
    const free = control[CONTROL.freePage]! - 1;
    if (free !== NO_PAGE) {
      control[CONTROL.freePage] = this.#pageNext[free]!;
      control[CONTROL.freePages]!--;
      return free;
    }
    const fresh = control[CONTROL.pagesTouched]!;
    if (fresh === this.#reserved) return NO_PAGE;
    control[CONTROL.pagesTouched]!++;
    return fresh;
  }
}
