import type { Arena, StoreShare } from './arena.ts';
import { pageOf, wordOf } from './items.ts';
import { CLASS, ID_UNIT_BYTES, ITEM, type ItemId, NO_ITEM, PAGE_BYTES } from './layout.ts';
import { NO_CLASS, NO_PAGE, type Pages } from './pages.ts';

/**
 * Hands out and takes back chunks; pages go from the common pool to a class and are carved into
 * chunks as these are asked for, so that untouched memory stays untouched. The caller holds the
 * class lock.
 *
 * One page of a class may be *leaving* it: its free chunks are off the free list, those that are
 * given back do not get there any more, and when all are out the page is the pool's again.
 */
export class Slabs {
  readonly #classes: Int32Array;
  readonly #words: Uint32Array;
  readonly #pages: Pages;
  readonly #chunkBytes: readonly number[];

  constructor(arena: Arena, share: StoreShare, pages: Pages) {
    this.#classes = arena.classes;
    this.#words = arena.words;
    this.#pages = pages;
    this.#chunkBytes = share.chunkBytes;
  }

  /** A chunk of the class, or NO_ITEM when it has none free and no page is to be had. */
  take(sizeClass: number): ItemId {
    const chunk = this.takeFree(sizeClass);
    if (chunk !== NO_ITEM) return chunk;
    return this.#addPage(sizeClass) ? this.#carve(sizeClass) : NO_ITEM;
  }

  /** A chunk of the pages that the class has, or NO_ITEM. */
  takeFree(sizeClass: number): ItemId {
    const block = sizeClass * CLASS.words;
    const free = this.#classes[block + CLASS.freeHead]! >>> 0;
    if (free !== NO_ITEM) {
      this.#takeOff(block, free);
      return free;
    }
    return this.#classes[block + CLASS.carveLeft] === 0 ? NO_ITEM : this.#carve(sizeClass);
  }

  give(sizeClass: number, chunk: ItemId): void {
    const block = sizeClass * CLASS.words;
    this.#words[wordOf(chunk) + ITEM.meta] = 0;
    if (this.#classes[block + CLASS.leaving] === pageOf(chunk) + 1) {
      this.#classes[block + CLASS.leftChunks]!++;
    } else {
      this.#putOn(block, chunk);
    }
  }

  chunksPerPage(sizeClass: number): number {
    return Math.floor(PAGE_BYTES / this.#chunkBytes[sizeClass]!);
  }

  chunkWords(sizeClass: number): number {
    return this.#chunkBytes[sizeClass]! / 4;
  }

  /** The chunk number `nth` of a page of the class. */
  chunkOf(sizeClass: number, page: number, nth: number): ItemId {
    return (page * PAGE_BYTES + nth * this.#chunkBytes[sizeClass]!) / ID_UNIT_BYTES + 1;
  }

  /** How many chunks of a page of the class have ever been handed out. */
  carvedChunks(sizeClass: number, page: number): number {
    const block = sizeClass * CLASS.words;
    const left = this.#classes[block + CLASS.carveLeft]!;
    const next = this.#classes[block + CLASS.carveNext]! >>> 0;
    const perPage = this.chunksPerPage(sizeClass);
    return left > 0 && pageOf(next) === page ? perPage - left : perPage;
  }

  pages(sizeClass: number): number {
    return this.#classes[sizeClass * CLASS.words + CLASS.pages]!;
  }

  /** Chunks not in use: given back, not yet carved, or out of use in a page that leaves. */
  freeChunks(sizeClass: number): number {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    return (
      classes[block + CLASS.freeCount]! +
      classes[block + CLASS.carveLeft]! +
      classes[block + CLASS.leftChunks]!
    );
  }

  /** The page that is leaving the class, or NO_PAGE. */
  leaving(sizeClass: number): number {
    return this.#classes[sizeClass * CLASS.words + CLASS.leaving]! - 1;
  }

  /** Lets a page of the class begin to leave: none of its chunks is handed out from now on. */
  beginLeaving(sizeClass: number, page: number): void {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    const perPage = this.chunksPerPage(sizeClass);
    const carved = this.carvedChunks(sizeClass, page);
    let left = perPage - carved;
    if (left > 0) classes[block + CLASS.carveLeft] = 0;
    classes[block + CLASS.leaving] = page + 1;
    for (let nth = 0; nth < carved; nth++) {
      const chunk = this.chunkOf(sizeClass, page, nth);
      if (this.#words[wordOf(chunk) + ITEM.meta] !== 0) continue;
      this.#takeOff(block, chunk);
      left++;
    }
    // What was never carved must not look used either.
    for (let nth = carved; nth < perPage; nth++) {
      this.#words[wordOf(this.chunkOf(sizeClass, page, nth)) + ITEM.meta] = 0;
    }
    classes[block + CLASS.leftChunks] = left;
  }

  /** Whether every chunk of the leaving page is out of use. */
  hasLeft(sizeClass: number): boolean {
    const left = this.#classes[sizeClass * CLASS.words + CLASS.leftChunks];
    return left === this.chunksPerPage(sizeClass);
  }

  /**
   * The leaving page, all of whose chunks are out of use, is the class's no more. It is nobody's
   * then, under the class's lock: the crawler would take what the next class writes there for this
   * one's items.
   */
  endLeaving(sizeClass: number): number {
    const block = sizeClass * CLASS.words;
    const page = this.leaving(sizeClass);
    this.#pages.assign(page, NO_CLASS);
    this.#classes[block + CLASS.leaving] = 0;
    this.#classes[block + CLASS.leftChunks] = 0;
    this.#classes[block + CLASS.pages]!--;
    return page;
  }

  /** The leaving page stays after all: its chunks that are out of use can be had again. */
  cancelLeaving(sizeClass: number): void {
    const block = sizeClass * CLASS.words;
    const page = this.leaving(sizeClass);
    this.#classes[block + CLASS.leaving] = 0;
    this.#classes[block + CLASS.leftChunks] = 0;
    for (let nth = 0; nth < this.chunksPerPage(sizeClass); nth++) {
      const chunk = this.chunkOf(sizeClass, page, nth);
      if (this.#words[wordOf(chunk) + ITEM.meta] === 0) this.#putOn(block, chunk);
    }
  }

  /** Gives the class a page of the pool; the caller has checked that there is no other to carve. */
  #addPage(sizeClass: number): boolean {
    const page = this.#pages.take(this.pages(sizeClass) === 0);
    if (page === NO_PAGE) return false;
    this.adopt(sizeClass, page);
    return true;
  }

  /** The page's chunks are the class's from now on. */
  adopt(sizeClass: number, page: number): void {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    this.#dropUncarved(sizeClass, block);
    this.#pages.assign(page, sizeClass);
    classes[block + CLASS.pages]!++;
    classes[block + CLASS.carveNext] = this.chunkOf(sizeClass, page, 0);
    classes[block + CLASS.carveLeft] = this.chunksPerPage(sizeClass);
  }

  /** What is left to carve of the page before goes to the free list. */
  #dropUncarved(sizeClass: number, block: number): void {
    while (this.#classes[block + CLASS.carveLeft]! > 0) {
      const chunk = this.#carve(sizeClass);
      this.#words[wordOf(chunk) + ITEM.meta] = 0;
      this.#putOn(block, chunk);
    }
  }

  #carve(sizeClass: number): ItemId {
    const block = sizeClass * CLASS.words;
    const chunk = this.#classes[block + CLASS.carveNext]! >>> 0;
    this.#classes[block + CLASS.carveNext] = chunk + this.#chunkBytes[sizeClass]! / ID_UNIT_BYTES;
    this.#classes[block + CLASS.carveLeft]!--;
    return chunk;
  }

  #putOn(block: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    const head = this.#classes[block + CLASS.freeHead]! >>> 0;
    this.#words[at + ITEM.lruPrev] = NO_ITEM;
    this.#words[at + ITEM.lruNext] = head;
    if (head !== NO_ITEM) this.#words[wordOf(head) + ITEM.lruPrev] = chunk;
    this.#classes[block + CLASS.freeHead] = chunk;
    this.#classes[block + CLASS.freeCount]!++;
  }

  #takeOff(block: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    const prev = this.#words[at + ITEM.lruPrev]!;
    const next = this.#words[at + ITEM.lruNext]!;
    if (prev === NO_ITEM) this.#classes[block + CLASS.freeHead] = next;
    else this.#words[wordOf(prev) + ITEM.lruNext] = next;
    if (next !== NO_ITEM) this.#words[wordOf(next) + ITEM.lruPrev] = prev;
    this.#classes[block + CLASS.freeCount]!--;
  }
}
