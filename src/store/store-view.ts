import type { StoreParts } from './assemble.ts';
import type { ClassCounterName, ThreadCounterName } from './memory/counters.ts';
import { NO_ITEM, PAGE_BYTES, SEGMENT } from './memory/item-layout.ts';
import { TOTAL } from './memory/layout.ts';

/** A total of a size class (memory/layout.ts). */
export type TotalName = Exclude<keyof typeof TOTAL, 'slots'>;

/** The lists of one size class at one moment. */
interface ClassLists {
  readonly items: number;
  readonly hot: number;
  readonly warm: number;
  readonly cold: number;
  readonly temp: number;
  /** Seconds since the last use of the item at the tail of a list; 0 if the list is empty. */
  readonly hotAge: number;
  readonly warmAge: number;
  readonly coldAge: number;
}

/** The memory of one size class. */
interface ClassMemory {
  readonly chunkBytes: number;
  readonly chunksPerPage: number;
  readonly pages: number;
  readonly freeChunks: number;
}

/** Samples of a store, for statistics and metrics. It changes nothing. */
export class StoreView {
  readonly #parts: StoreParts;
  /** Reused: a thread allocates nothing under a lock. */
  readonly #lists = {
    items: 0,
    hot: 0,
    warm: 0,
    cold: 0,
    temp: 0,
    hotAge: 0,
    warmAge: 0,
    coldAge: 0,
  };

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** The number of size classes plus 1: class ids are 1 … `classIdsEnd` - 1. */
  get classIdsEnd(): number {
    return this.#parts.arena.sizeClasses.chunkBytes.length;
  }

  /** The sum of a counter over all threads. */
  counter(name: ThreadCounterName): number {
    return this.#parts.sums.thread(name);
  }

  /** The counter of one thread since the start of the node; `stats reset` does not change it. */
  threadCounter(name: ThreadCounterName, thread: number): number {
    return this.#parts.sums.ofThread(name, thread);
  }

  /** The sum over all threads of a counter of one class, or of all classes together. */
  classCounter(name: ClassCounterName, sizeClass?: number): number {
    return this.#parts.sums.class(name, sizeClass);
  }

  /** Hits in all segments, of one class or of all classes together. */
  hits(sizeClass?: number): number {
    return this.#parts.sums.hits(sizeClass);
  }

  /** A total of one class, or of all classes together. */
  total(name: TotalName, sizeClass?: number): number {
    const { totals } = this.#parts;
    if (sizeClass !== undefined) return totals.get(sizeClass, TOTAL[name]);
    let sum = 0;
    for (let id = 1; id < this.classIdsEnd; id++) sum += totals.get(id, TOTAL[name]);
    return sum;
  }

  /** The lists of a class; the object is valid until the next call. */
  listsOf(sizeClass: number): ClassLists {
    const { classLocks, lru } = this.#parts;
    const lists = this.#lists;
    classLocks.lock(sizeClass);
    lists.items = lru.classCount(sizeClass);
    lists.hot = lru.count(sizeClass, SEGMENT.hot);
    lists.warm = lru.count(sizeClass, SEGMENT.warm);
    lists.cold = lru.count(sizeClass, SEGMENT.cold);
    lists.temp = lru.count(sizeClass, SEGMENT.temp);
    lists.hotAge = this.#tailAge(sizeClass, SEGMENT.hot);
    lists.warmAge = this.#tailAge(sizeClass, SEGMENT.warm);
    lists.coldAge = this.#tailAge(sizeClass, SEGMENT.cold);
    classLocks.unlock(sizeClass);
    return lists;
  }

  memoryOf(sizeClass: number): ClassMemory {
    const { arena, slabs } = this.#parts;
    return {
      chunkBytes: arena.sizeClasses.chunkBytes[sizeClass]!,
      chunksPerPage: slabs.chunksPerPage(sizeClass),
      pages: slabs.pageCount(sizeClass),
      freeChunks: slabs.freeChunkCount(sizeClass),
    };
  }

  /** How many items are linked, without those that a flush hides. */
  itemCount(): number {
    const { index, clock } = this.#parts;
    const linked = index.count();
    return Math.min(linked, clock.visibleItemsMax() ?? linked);
  }

  /** The CAS id that the store gave last. */
  lastCas(): { readonly high: number; readonly low: number } {
    return this.#parts.clock.lastSeq();
  }

  /** How many buckets the index has: a power of two unless it is growing. */
  bucketCount(): number {
    return this.#parts.index.bucketCount();
  }

  /** `-m`, in bytes. */
  memoryLimitBytes(): number {
    return this.#parts.pagePool.limit() * PAGE_BYTES;
  }

  /** The bytes of all pages that belong to a class. */
  usedBytes(): number {
    return this.#parts.pagePool.usedCount() * PAGE_BYTES;
  }

  /** How many pages in the pool were in use before. */
  freePageCount(): number {
    return this.#parts.pagePool.freeCount();
  }

  /** Whether a page move is in progress. */
  isMovingPage(): boolean {
    return this.#parts.pageMover.isMoving();
  }

  /** Whether the crawler makes a pass, or a client has requested one. */
  isCrawling(): boolean {
    return this.#parts.expiryHints.isCrawling();
  }

  /** Whether items with a short ttl have a list of their own. */
  hasTempList(): boolean {
    return this.#parts.tunables.get('tempLru') === 1;
  }

  /** Whether the size histogram is enabled. */
  countsSizes(): boolean {
    return this.#parts.sizeHistogram.isEnabled();
  }

  /** Each size of the steps `first` … `end` - 1 of the size histogram, with its count of items. */
  sizes(first: number, end: number): Iterable<readonly [bytes: number, items: number]> {
    return this.#parts.sizeHistogram.counts(first, end);
  }

  /** The number of steps of the size histogram. */
  sizesEnd(): number {
    return this.#parts.sizeHistogram.steps;
  }

  /** The caller holds the class lock. */
  #tailAge(sizeClass: number, segment: number): number {
    const { lru, items, clock } = this.#parts;
    const tail = lru.tail(sizeClass, segment);
    return tail === NO_ITEM ? 0 : Math.max(0, clock.now() - items.access(tail));
  }
}
