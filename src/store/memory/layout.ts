/**
 * The byte layout of the one shared memory that holds a node's store.
 *
 *   ┌──────────┬─────────┬─────────┬──────────────┬─────────────┬──────────┐
 *   │ control  │ stripes │ classes │ class totals │ thread      │ tunables │
 *   │ 12 lines │ 4096×4  │ 64×32×4 │ 64×32×8      │ counters    │ 32×8     │ …
 *   │ of words │ locks   │ words   │ float64      │ (N+1)×896×8 │ float64  │
 *   └──────────┴─────────┴─────────┴──────────────┴─────────────┴──────────┘
 *     ┌────────┬─────────┬───────────┬─────────┬────────┬─────────┬────────────┐
 *   … │ pages: │ ghosts  │ size      │ changes │ index  │ regions │ slab pages │
 *     │ class, │ 4 bytes │ histogram │ and     │ bucket │ one for │ 1 MiB each │
 *     │ next   │ a slot  │ 4 bytes a │ copies: │ heads  │ each    │            │
 *     │        │         │ step      │ slots   │        │ thread  │            │
 *     └────────┴─────────┴───────────┴─────────┴────────┴─────────┴────────────┘
 *
 * Words have 32 bits. item-layout.ts draws what is inside the slab pages.
 */
import { assert } from '../../base/index.ts';
import { ID_UNIT_BYTES, ITEM, ITEM_HEADER_BYTES, PAGE_BYTES } from './item-layout.ts';
import { CLASSES_MAX } from './size-classes.ts';

/** The memory that 32-bit ids in units of 8 bytes can address. */
const MEMORY_BYTES_MAX = 2 ** 32 * ID_UNIT_BYTES - PAGE_BYTES;

/** Hot words lie a cache line apart, so that they do not share one. */
const CACHE_LINE_WORDS = 16;

/** Word offsets of the control block. */
export const CONTROL = {
  /** Seconds since the store started (plus CLOCK_START_SECONDS); written by one maintainer. */
  clock: 0,
  /** Unix seconds of clock 0. */
  epoch: 1,
  /** The second of a pending flush_all on the store's clock; 0 is none. */
  flushAt: 2,
  /** The flush hides items with a smaller sequence number (high word, low word). */
  flushSeqHigh: 3,
  flushSeqLow: 4,
  /** 1 after a client requested a crawler pass. */
  crawlNow: 6,
  /** 1 while the crawler makes a pass. */
  crawling: 7,
  /** 1 after a flush: the crawler makes a pass at once, to free the items that it hid. */
  crawlFlushed: 10,
  /** 1 while a pass after a flush has not freed all that it hid. */
  flushPass: 11,
  /** The items that were stored until the last flush, modulo 2^32. */
  storedAtFlush: 12,
  /** The lock of the flush's sequence number; nobody takes another lock while holding it. */
  flushLock: 13,
  /** The size histogram counts items from this sequence number on. */
  sizesSeqHigh: 8,
  sizesSeqLow: 9,
  seqLow: CACHE_LINE_WORDS,
  seqHighEven: 2 * CACHE_LINE_WORDS,
  seqHighOdd: 2 * CACHE_LINE_WORDS + 1,
  /** The bucket count of the index: 2^level + the buckets already split. */
  buckets: 3 * CACHE_LINE_WORDS,
  growLock: 4 * CACHE_LINE_WORDS,
  itemCount: 5 * CACHE_LINE_WORDS,
  /** Pages that belong to a class. */
  pagesUsed: 6 * CACHE_LINE_WORDS,
  /** `-m`, in pages. */
  memoryPages: 7 * CACHE_LINE_WORDS,
  pageLock: 8 * CACHE_LINE_WORDS,
  /** The pages from here on were never in use. */
  pagesTouched: 8 * CACHE_LINE_WORDS + 1,
  /** The free list of pages that were in use before: its first page plus one, and its length. */
  freePageHead: 8 * CACHE_LINE_WORDS + 2,
  freePageCount: 8 * CACHE_LINE_WORDS + 3,
  /** How many first pages of classes exceed the limit. */
  firstPagesOverLimit: 8 * CACHE_LINE_WORDS + 4,
  moverLock: 9 * CACHE_LINE_WORDS,
  bytes: 12 * CACHE_LINE_WORDS * 4,
} as const;

/**
 * The clock starts above the expiries that stand for "never" (0) and "already expired" (1), and so
 * high that restored items keep accesses of up to 194 days before the start.
 */
export const CLOCK_START_SECONDS = 2 ** 24;

export const STRIPES = 4096;
/** In a cluster, keys with the same low bits of their hash share a slot. */
export const KEY_SLOTS = 65_536;

/** Word offsets inside the block of a size class. */
export const CLASS = {
  lock: 0,
  freeHead: 1,
  freeCount: 2,
  /**
   * The next chunk of the newest page that was never allocated, and how many such chunks remain.
   */
  carveNext: 3,
  carveLeft: 4,
  pages: 5,
  /** The page that leaves the class, plus one, and how many of its chunks are free. */
  leavingPage: 6,
  leavingFreeChunks: 7,
  /** Head, tail and count of each LRU segment. */
  lru: 8,
  /**
   * No item in the pages of the class expires before this second of the store's clock; 0 is never.
   */
  soonestExpiry: 20,
  /** Evictions modulo 2^32: the clock of the class's ghosts. */
  ghostClock: 21,
  words: 32,
} as const;

export const SEGMENT_WORDS = 3;
/** Slots of the totals of a class: 64-bit floats, written under the class lock. */
export const TOTAL = {
  /** The bytes of the items; `stats reset` keeps this total and clears the others. */
  memRequested: 0,
  evicted: 1,
  evictedNonzero: 2,
  evictedTime: 3,
  outOfMemory: 4,
  reclaimed: 5,
  expiredUnfetched: 6,
  evictedUnfetched: 7,
  evictedActive: 8,
  directReclaims: 9,
  movesToCold: 10,
  movesToWarm: 11,
  movesWithinLru: 12,
  crawlerReclaimed: 13,
  crawlerItemsChecked: 14,
  /**
   * Candidates that an eviction skipped because their stripe was busy or a reader had pinned them.
   */
  lrutailReflocked: 15,
  /** Items that clients stored again soon after their eviction. */
  ghostHits: 16,
  /** Those of them that one more page would have kept. */
  pageHits: 17,
  slots: 32,
} as const;

/**
 * The counter block of a thread: 128 counters of the thread, then 12 for each size class (the
 * drawing above has the sum). One more block holds the baseline of the last reset.
 */
export const THREAD_COUNTER_SLOTS = 128;
export const CLASS_COUNTER_SLOTS = 12;
export const COUNTER_SLOTS = THREAD_COUNTER_SLOTS + CLASSES_MAX * CLASS_COUNTER_SLOTS;

/** Slots for the tunables. */
export const TUNABLE_SLOTS = 32;
/** The step of `stats sizes` (memcached). */
export const SIZE_STEP_BYTES = 32;
/** There is one ghost for so many bytes of items. */
const BYTES_PER_GHOST = 256;

const INDEX_POWER_MIN = 16;
export const INDEX_LOAD_MAX = 1.5;

/** The offsets and sizes of all parts: plain numbers, sent to each thread beside the buffer. */
export interface StoreLayout {
  readonly threads: number;
  readonly memoryPages: number;
  /** The highest limit that `cache_memlimit` can set. */
  readonly memoryPagesMax: number;
  /** Pages in the buffer: `memoryPagesMax` plus one for each class, as memcached allows. */
  readonly pagesReserved: number;
  readonly bucketsInitial: number;
  readonly bucketsMax: number;
  readonly stripesByte: number;
  readonly classesByte: number;
  readonly totalsByte: number;
  readonly countersByte: number;
  readonly tunablesByte: number;
  readonly pageClassByte: number;
  readonly pageNextByte: number;
  readonly ghostByte: number;
  /** The size histogram, in steps of 32 bytes. */
  readonly sizesByte: number;
  readonly sizeSteps: number;
  /** In a cluster: for each slot of keys, the changes that other holders may lack. */
  readonly openChangesByte: number;
  /** In a cluster: for each slot of keys, the highest read number of a state that was taken. */
  readonly copySlotsByte: number;
  /** A power of 2. */
  readonly ghostSlots: number;
  readonly indexByte: number;
  /** The first byte of the region of thread 0; its user decides what a region holds. */
  readonly regionsByte: number;
  readonly regionBytes: number;
  readonly slabsByte: number;
  readonly bytes: number;
}

/** The first byte of the region of a thread. */
export function regionByte({ regionsByte, regionBytes }: StoreLayout, thread: number): number {
  return regionsByte + thread * regionBytes;
}

/** What the sizes of the parts follow from. */
interface LayoutInput {
  readonly memoryLimitBytes: number;
  /** The factor by which the memory limit may grow. */
  readonly growth: number;
  /** How many threads have a block of counters and a region. */
  readonly threads: number;
  readonly regionBytes: number;
  readonly classes: number;
  readonly chunkBytesMin: number;
  readonly itemBytesMax: number;
}

function countPages({ memoryLimitBytes, growth, classes }: LayoutInput) {
  const memoryPages = Math.max(1, Math.floor(memoryLimitBytes / PAGE_BYTES));
  const pagesMax = Math.floor(MEMORY_BYTES_MAX / PAGE_BYTES) - classes;
  const grownPages = Math.min(Math.round(memoryPages * growth), pagesMax);
  const memoryPagesMax = Math.max(memoryPages, grownPages);
  const pagesReserved = memoryPagesMax + classes;
  assert(pagesReserved * PAGE_BYTES <= MEMORY_BYTES_MAX, 'item ids reach 32 GiB');
  return { memoryPages, memoryPagesMax, pagesReserved };
}

/** Lays out a store. Unused parts take address space, but no memory. */
export function layOut(input: LayoutInput): StoreLayout {
  const { threads, regionBytes, chunkBytesMin, itemBytesMax } = input;
  const pages = countPages(input);
  const { memoryPages, pagesReserved } = pages;
  const itemsMax = (pagesReserved * PAGE_BYTES) / chunkBytesMin;
  const bucketsMax =
    2 ** Math.max(INDEX_POWER_MIN, Math.ceil(Math.log2(itemsMax / INDEX_LOAD_MAX)));
  const ghostSlots = 2 ** Math.ceil(Math.log2((memoryPages * PAGE_BYTES) / BYTES_PER_GHOST));
  const sizeSteps = Math.ceil(itemBytesMax / SIZE_STEP_BYTES) + 2;
  let at: number = CONTROL.bytes;
  const take = (bytes: number, alignBytes: number): number => {
    const start = Math.ceil(at / alignBytes) * alignBytes;
    at = start + bytes;
    return start;
  };
  return {
    threads,
    ...pages,
    ghostSlots,
    bucketsInitial: 2 ** INDEX_POWER_MIN,
    bucketsMax,
    stripesByte: take(STRIPES * 4, 64),
    classesByte: take(CLASSES_MAX * CLASS.words * 4, 64),
    totalsByte: take(CLASSES_MAX * TOTAL.slots * 8, 64),
    countersByte: take((threads + 1) * COUNTER_SLOTS * 8, 64),
    tunablesByte: take(TUNABLE_SLOTS * 8, 64),
    pageClassByte: take(pagesReserved, 64),
    pageNextByte: take(pagesReserved * 4, 64),
    ghostByte: take(ghostSlots * 4, 64),
    sizesByte: take(sizeSteps * 4, 64),
    sizeSteps,
    openChangesByte: take(KEY_SLOTS * 4, 64),
    copySlotsByte: take(KEY_SLOTS * 8, 64),
    indexByte: take(bucketsMax * 4, 64),
    regionsByte: take(threads * regionBytes, 4096),
    regionBytes,
    slabsByte: take(pagesReserved * PAGE_BYTES, 4096),
    bytes: at,
  };
}

assert(ITEM_HEADER_BYTES === (ITEM.size + 1) * 4, 'the item header has exactly eight words');
assert(CLASS.lru + 4 * SEGMENT_WORDS <= CLASS.soonestExpiry, 'four LRU segments fit a class block');
assert(STRIPES <= 2 ** INDEX_POWER_MIN, 'a bucket and the one it splits into share a stripe');
assert(KEY_SLOTS >= STRIPES, 'all keys of a slot share a stripe');
assert((STRIPES & (STRIPES - 1)) === 0, 'a stripe is the low bits of a hash');
