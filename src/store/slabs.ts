import type { Arena, StoreShare } from './arena.ts';
import { wordOf } from './items.ts';
import { CLASS, CONTROL, ID_UNIT_BYTES, ITEM, type ItemId, NO_ITEM, PAGE_BYTES } from './layout.ts';

/**
 * Hands out and takes back chunks; pages go from the common pool to a class and are carved into
 * chunks as these are asked for, so that untouched memory stays untouched. The caller holds the
 * class lock.
 */
export class Slabs {
  readonly #control: Int32Array;
  readonly #classes: Int32Array;
  readonly #words: Uint32Array;
  readonly #pageClass: Uint8Array;
  readonly #pagesReserved: number;
  readonly #chunkBytes: readonly number[];

  constructor(arena: Arena, share: StoreShare) {
    this.#control = arena.control;
    this.#classes = arena.classes;
    this.#words = arena.words;
    this.#pageClass = arena.pageClass;
    this.#pagesReserved = arena.layout.pagesReserved;
    this.#chunkBytes = share.chunkBytes;
  }

  /** A chunk of the class, or NO_ITEM when it has none free and no page is to be had. */
  take(sizeClass: number): ItemId {
    const block = sizeClass * CLASS.words;
    const free = this.#classes[block + CLASS.freeHead]! >>> 0;
    if (free !== NO_ITEM) {
      this.#classes[block + CLASS.freeHead] = this.#words[wordOf(free) + ITEM.lruPrev]!;
      this.#classes[block + CLASS.freeCount]!--;
      return free;
    }
    if (this.#classes[block + CLASS.carveLeft] === 0 && !this.#addPage(sizeClass)) return NO_ITEM;
    const chunk = this.#classes[block + CLASS.carveNext]! >>> 0;
    this.#classes[block + CLASS.carveNext] = chunk + this.#chunkBytes[sizeClass]! / ID_UNIT_BYTES;
    this.#classes[block + CLASS.carveLeft]!--;
    return chunk;
  }

  give(sizeClass: number, chunk: ItemId): void {
    const block = sizeClass * CLASS.words;
    const at = wordOf(chunk);
    this.#words[at + ITEM.meta] = 0;
    this.#words[at + ITEM.lruPrev] = this.#classes[block + CLASS.freeHead]!;
    this.#classes[block + CLASS.freeHead] = chunk;
    this.#classes[block + CLASS.freeCount]!++;
  }

  chunksPerPage(sizeClass: number): number {
    return Math.floor(PAGE_BYTES / this.#chunkBytes[sizeClass]!);
  }

  pages(sizeClass: number): number {
    return this.#classes[sizeClass * CLASS.words + CLASS.pages]!;
  }

  /** Chunks not in use: given back or not yet carved. */
  freeChunks(sizeClass: number): number {
    const block = sizeClass * CLASS.words;
    return this.#classes[block + CLASS.freeCount]! + this.#classes[block + CLASS.carveLeft]!;
  }

  /** Pages of all classes together. */
  pagesUsed(): number {
    return Atomics.load(this.#control, CONTROL.pagesUsed);
  }

  /** Gives the class the next page; its first page may exceed the limit, as in memcached. */
  #addPage(sizeClass: number): boolean {
    const block = sizeClass * CLASS.words;
    const first = this.#classes[block + CLASS.pages] === 0;
    const limit = first ? this.#pagesReserved : Atomics.load(this.#control, CONTROL.memoryPages);
    let page = Atomics.load(this.#control, CONTROL.pagesUsed);
    for (;;) {
      if (page >= limit) return false;
      const seen = Atomics.compareExchange(this.#control, CONTROL.pagesUsed, page, page + 1);
      if (seen === page) break;
      page = seen;
    }
    this.#pageClass[page] = sizeClass;
    this.#classes[block + CLASS.pages]!++;
    this.#classes[block + CLASS.carveNext] = (page * PAGE_BYTES) / ID_UNIT_BYTES + 1;
    this.#classes[block + CLASS.carveLeft] = this.chunksPerPage(sizeClass);
    return true;
  }
}
