import { pageOf, wordOf } from '../memory/item-layout.ts';
import type { Arena } from './arena.ts';
import { ID_UNIT_BYTES, ITEM, type ItemId, NO_ITEM, PAGE_BYTES } from './item-layout.ts';
import { CLASS } from './layout.ts';
import { NO_CLASS, NO_PAGE, type PagePool } from './page-pool.ts';

/**
 * Allocates and frees chunks. A class takes pages from the page pool and carves them into chunks on
 * demand, so that unused memory stays untouched. The caller holds the class lock.
 *
 * One page of a class may be *leaving* it: its free chunks are not on the free list and do not
 * return to it. Once all its chunks are free, the page belongs to no class.
 */
export class Slabs {
  readonly #classes: Int32Array;
  readonly #words: Uint32Array;
  readonly #pagePool: PagePool;
  readonly #chunkBytes: readonly number[];

  constructor({ arena, pagePool }: { readonly arena: Arena; readonly pagePool: PagePool }) {
    this.#classes = arena.classes;
    this.#words = arena.words;
    this.#pagePool = pagePool;
    this.#chunkBytes = arena.sizeClasses.chunkBytes;
  }

  /** Allocates a chunk; NO_ITEM if the class has no free chunk and the pool has no page for it. */
  alloc(sizeClass: number): ItemId {
    const chunk = this.allocWithoutNewPage(sizeClass);
    if (chunk !== NO_ITEM) return chunk;
    return this.#addPoolPage(sizeClass) ? this.#carve(sizeClass) : NO_ITEM;
  }

  /** Allocates a chunk from the pages that the class has, or NO_ITEM. */
  allocWithoutNewPage(sizeClass: number): ItemId {
    const block = sizeClass * CLASS.words;
    const free = this.#classes[block + CLASS.freeHead]! >>> 0;
    if (free !== NO_ITEM) {
      this.#removeFree(block, free);
      return free;
    }
    return this.#classes[block + CLASS.carveLeft] === 0 ? NO_ITEM : this.#carve(sizeClass);
  }

  free(sizeClass: number, chunk: ItemId): void {
    const block = sizeClass * CLASS.words;
    this.#words[wordOf(chunk) + ITEM.meta] = 0;
    if (this.#classes[block + CLASS.leavingPage] === pageOf(chunk) + 1) {
      this.#classes[block + CLASS.leavingFreeChunks]!++;
    } else {
      this.#pushFree(block, chunk);
    }
  }

  chunksPerPage(sizeClass: number): number {
    return Math.floor(PAGE_BYTES / this.#chunkBytes[sizeClass]!);
  }

  chunkWords(sizeClass: number): number {
    return this.#chunkBytes[sizeClass]! / 4;
  }

  /** The chunk at index `nth` in a page of the class. */
  chunkOf(sizeClass: number, page: number, nth: number): ItemId {
    return (page * PAGE_BYTES + nth * this.#chunkBytes[sizeClass]!) / ID_UNIT_BYTES + 1;
  }

  /** How many chunks of a page of the class were ever allocated. */
  carvedChunks(sizeClass: number, page: number): number {
    const block = sizeClass * CLASS.words;
    const left = this.#classes[block + CLASS.carveLeft]!;
    const next = this.#classes[block + CLASS.carveNext]! >>> 0;
    const perPage = this.chunksPerPage(sizeClass);
    return left > 0 && pageOf(next) === page ? perPage - left : perPage;
  }

  pageCount(sizeClass: number): number {
    return this.#classes[sizeClass * CLASS.words + CLASS.pages]!;
  }

  /** The class with the most pages, except these two; 0 when no class has any. */
  classWithMostPages(except: number, orExcept = except): number {
    let best = 0;
    for (let id = 1; id < this.#chunkBytes.length; id++) {
      if (id !== except && id !== orExcept && this.pageCount(id) > this.pageCount(best)) best = id;
    }
    return best;
  }

  /** Free chunks: on the free list, not carved yet, or free in the leaving page. */
  freeChunkCount(sizeClass: number): number {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    return (
      classes[block + CLASS.freeCount]! +
      classes[block + CLASS.carveLeft]! +
      classes[block + CLASS.leavingFreeChunks]!
    );
  }

  /** The page that is leaving the class, or NO_PAGE. */
  leavingPage(sizeClass: number): number {
    return this.#classes[sizeClass * CLASS.words + CLASS.leavingPage]! - 1;
  }

  /**
   * Makes a page of the class the leaving page: the class allocates none of its chunks from now on.
   */
  beginLeaving(sizeClass: number, page: number): void {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    const perPage = this.chunksPerPage(sizeClass);
    const carved = this.carvedChunks(sizeClass, page);
    let left = perPage - carved;
    if (left > 0) classes[block + CLASS.carveLeft] = 0;
    classes[block + CLASS.leavingPage] = page + 1;
    for (let nth = 0; nth < carved; nth++) {
      const chunk = this.chunkOf(sizeClass, page, nth);
      if (this.#words[wordOf(chunk) + ITEM.meta] !== 0) continue;
      this.#removeFree(block, chunk);
      left++;
    }
    // Chunks that were never carved must look free, too.
    for (let nth = carved; nth < perPage; nth++) {
      this.#words[wordOf(this.chunkOf(sizeClass, page, nth)) + ITEM.meta] = 0;
    }
    classes[block + CLASS.leavingFreeChunks] = left;
  }

  /** Whether every chunk of the leaving page is free. */
  isLeavingPageEmpty(sizeClass: number): boolean {
    const left = this.#classes[sizeClass * CLASS.words + CLASS.leavingFreeChunks];
    return left === this.chunksPerPage(sizeClass);
  }

  /**
   * Removes the leaving page, whose chunks are all free, from the class; returns the page. Under
   * this class lock the page already belongs to no class. Otherwise the crawler would take the
   * bytes that the next class writes there for items of this class.
   */
  endLeaving(sizeClass: number): number {
    const block = sizeClass * CLASS.words;
    const page = this.leavingPage(sizeClass);
    this.#pagePool.assign(page, NO_CLASS);
    this.#classes[block + CLASS.leavingPage] = 0;
    this.#classes[block + CLASS.leavingFreeChunks] = 0;
    this.#classes[block + CLASS.pages]!--;
    return page;
  }

  /** Keeps the leaving page in the class: its free chunks return to the free list. */
  cancelLeaving(sizeClass: number): void {
    const block = sizeClass * CLASS.words;
    const page = this.leavingPage(sizeClass);
    this.#classes[block + CLASS.leavingPage] = 0;
    this.#classes[block + CLASS.leavingFreeChunks] = 0;
    for (let nth = 0; nth < this.chunksPerPage(sizeClass); nth++) {
      const chunk = this.chunkOf(sizeClass, page, nth);
      if (this.#words[wordOf(chunk) + ITEM.meta] === 0) this.#pushFree(block, chunk);
    }
  }

  /**
   * Adds a page of the pool to the class. The caller has checked that no chunk is left to carve.
   */
  #addPoolPage(sizeClass: number): boolean {
    const page = this.#pagePool.take(this.pageCount(sizeClass) === 0);
    if (page === NO_PAGE) return false;
    this.addPage(sizeClass, page);
    return true;
  }

  /** Adds a page to the class. */
  addPage(sizeClass: number, page: number): void {
    const block = sizeClass * CLASS.words;
    const classes = this.#classes;
    this.#freeUncarved(sizeClass, block);
    this.#pagePool.assign(page, sizeClass);
    classes[block + CLASS.pages]!++;
    classes[block + CLASS.carveNext] = this.chunkOf(sizeClass, page, 0);
    classes[block + CLASS.carveLeft] = this.chunksPerPage(sizeClass);
  }

  /** Moves the chunks of the previous page that are not carved yet to the free list. */
  #freeUncarved(sizeClass: number, block: number): void {
    while (this.#classes[block + CLASS.carveLeft]! > 0) {
      const chunk = this.#carve(sizeClass);
      this.#words[wordOf(chunk) + ITEM.meta] = 0;
      this.#pushFree(block, chunk);
    }
  }

  #carve(sizeClass: number): ItemId {
    const block = sizeClass * CLASS.words;
    const chunk = this.#classes[block + CLASS.carveNext]! >>> 0;
    this.#classes[block + CLASS.carveNext] = chunk + this.#chunkBytes[sizeClass]! / ID_UNIT_BYTES;
    this.#classes[block + CLASS.carveLeft]!--;
    return chunk;
  }

  #pushFree(block: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    const head = this.#classes[block + CLASS.freeHead]! >>> 0;
    this.#words[at + ITEM.lruPrev] = NO_ITEM;
    this.#words[at + ITEM.lruNext] = head;
    if (head !== NO_ITEM) this.#words[wordOf(head) + ITEM.lruPrev] = chunk;
    this.#classes[block + CLASS.freeHead] = chunk;
    this.#classes[block + CLASS.freeCount]!++;
  }

  #removeFree(block: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    const prev = this.#words[at + ITEM.lruPrev]!;
    const next = this.#words[at + ITEM.lruNext]!;
    if (prev === NO_ITEM) this.#classes[block + CLASS.freeHead] = next;
    else this.#words[wordOf(prev) + ITEM.lruNext] = next;
    if (next !== NO_ITEM) this.#words[wordOf(next) + ITEM.lruPrev] = prev;
    this.#classes[block + CLASS.freeCount]!--;
  }
}
