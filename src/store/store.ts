import { type ByteSink, copyBytes, lock, unlock } from '../base/index.ts';
import { EvictionEvents } from './eviction/eviction-events.ts';
import { Evictor } from './eviction/evictor.ts';
import { LruLists } from './eviction/lru.ts';
import { type AllocationContext, Allocator, NO_CONTEXT } from './items/allocator.ts';
import { Chains } from './items/chains.ts';
import { IndexTable } from './items/index-table.ts';
import { Items, itemBytes } from './items/items.ts';
import { Linker } from './items/linker.ts';
import { Overwriter } from './items/overwriter.ts';
import { Releaser } from './items/releaser.ts';
import { SizeHistogram } from './items/size-histogram.ts';
import { StoreClock } from './items/store-clock.ts';
import {
  MODE,
  OUTCOME,
  type Outcome,
  type PutOptions,
  StoreCondition,
  type WholeValue,
} from './items/store-condition.ts';
import { Arena, type StoreShare } from './memory/arena.ts';
import { COUNT, CounterSums, ThreadCounters } from './memory/counters.ts';
import {
  CLASS,
  FLAG,
  type ItemId,
  NO_ITEM,
  PAGE_BYTES,
  STRIPES,
  TOTAL,
  VALUE_BYTES_MAX,
} from './memory/layout.ts';
import { PagePool } from './memory/page-pool.ts';
import { classFor } from './memory/size-classes.ts';
import { Slabs } from './memory/slabs.ts';
import { Tunables } from './memory/tunables.ts';
import { ChainMover } from './upkeep/chain-mover.ts';
import { ExpiryHints } from './upkeep/expiry-hints.ts';
import { PageMover } from './upkeep/page-mover.ts';

/** What memcached adds to key and value: header 48, CAS id 8, NUL after the key 1, CRLF 2. */
const MEMCACHED_OVERHEAD_BYTES = 48 + 8 + 1 + 2;
const MEMCACHED_FLAGS_BYTES = 4;
/** Flags that a copy with a CAS id of its own keeps. */
const COPIED_FLAGS = [FLAG.fetched, FLAG.stale, FLAG.tokenSent];

/**
 * The store as one thread sees it. The stores of all threads work directly on the same memory.
 *
 * The life of an item: `allocate` allocates a chunk (by eviction if necessary) for the connection
 * that receives the value; `writeKey` and `writeValue` fill it; `put` links it, or frees it when
 * the condition of its mode does not hold. From then on the stripe of its key protects it, until a
 * delete, an overwrite, its expiry, a flush or an eviction unlinks it and frees its chunk.
 *
 * An item that does not fit into one chunk is a chained item (chains.ts). The store allocates its
 * value chunks as the bytes arrive, so an announced length alone takes no memory. A reader pins the
 * item, so that its value stays intact without a lock until the reader has sent it.
 */
export class Store {
  readonly counters: ThreadCounters;
  readonly sums: CounterSums;
  readonly items: Items;
  readonly chains: Chains;
  readonly pagePool: PagePool;
  readonly slabs: Slabs;
  readonly tunables: Tunables;
  readonly lru: LruLists;
  readonly index: IndexTable;
  /** Its last drawn sequence number is the CAS id of this thread's last change. */
  readonly clock: StoreClock;
  readonly releaser: Releaser;
  readonly evictor: Evictor;
  readonly allocator: Allocator;
  readonly chainMover: ChainMover;
  readonly pageMover: PageMover;
  readonly expiryHints: ExpiryHints;
  readonly sizeHistogram: SizeHistogram;
  readonly arena: Arena;
  readonly pageBytes = PAGE_BYTES;
  readonly chunkBytes: readonly number[];
  /** Evictions that watchers have not received yet. */
  readonly evictionEvents = new EvictionEvents();
  /** The reason of the last miss. */
  missReason: 'not_found' | 'expired' | 'flushed' = 'not_found';
  /** The CAS id and the value size of the item that this thread stored last. */
  storedCasHigh = 0;
  storedCasLow = 0;
  storedBytes = 0;
  /** `-I`: the largest item by memcached's arithmetic, which includes its own header. */
  readonly itemBytesMax: number;

  readonly #stripes: Int32Array;
  readonly #linker: Linker;
  readonly #condition: StoreCondition;
  readonly #overwriter: Overwriter;
  /** The context of allocations between `open` and `close`. Reused: no allocation under a lock. */
  readonly #context: AllocationContext = { ...NO_CONTEXT };

  /**
   * Joins the shared memory as thread number `thread`, from 0. Each thread has its own counters.
   */
  constructor(share: StoreShare, thread: number) {
    this.arena = new Arena(share);
    this.#stripes = this.arena.stripes;
    this.chunkBytes = share.chunkBytes;
    this.itemBytesMax = share.itemBytesMax;
    const largestClass = share.chunkBytes.length - 1;
    this.items = new Items(this.arena, largestClass);
    this.chains = new Chains(this.arena, this.items, share.chunkBytes[largestClass]!);
    this.pagePool = new PagePool(this.arena);
    this.slabs = new Slabs(this.arena, share, this.pagePool);
    this.tunables = new Tunables(this.arena);
    this.clock = new StoreClock(this.arena, this.items);
    this.expiryHints = new ExpiryHints(this.arena);
    this.sizeHistogram = new SizeHistogram(this.arena, this);
    this.lru = new LruLists(this.arena, this.items, this.sizeHistogram);
    this.index = new IndexTable(this.arena, this.items, share);
    this.counters = new ThreadCounters(this.arena, thread);
    this.sums = new CounterSums(this.arena);
    this.releaser = new Releaser(this.arena, this);
    this.evictor = new Evictor(this.arena, this);
    this.allocator = new Allocator(this);
    this.chainMover = new ChainMover(this.arena, this);
    this.pageMover = new PageMover(this.arena, this);
    this.#linker = new Linker(this.arena, this);
    this.#condition = new StoreCondition(this);
    this.#overwriter = new Overwriter(this.arena, {
      items: this.items,
      clock: this.clock,
      linker: this.#linker,
      lru: this.lru,
      evictor: this.evictor,
      sizeHistogram: this.sizeHistogram,
      expiryHints: this.expiryHints,
    });
  }

  hashOf(bytes: Buffer, start: number, end: number): number {
    return this.index.hashOf(bytes, start, end);
  }

  /**
   * Finds a live item and locks its stripe until `close(hash)`, which must follow also after a miss
   * (NO_ITEM). In between no other thread changes the item. The caller only reads and copies.
   */
  open(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    lock(this.#stripes, hash & (STRIPES - 1));
    return this.#findLive(hash, bytes, start, end);
  }

  close(hash: number): void {
    unlock(this.#stripes, hash & (STRIPES - 1));
  }

  /**
   * Marks an opened item as read: one word for hits (at most 3) and access time. No list changes.
   */
  noteHit(id: ItemId): void {
    this.items.noteHit(id, this.clock.now());
  }

  /** The class whose chunks fit such an item; 0 when it is too large for one chunk. */
  classFor(keyBytes: number, clientFlags: number, valueBytes: number): number {
    return classFor(this.chunkBytes, itemBytes(keyBytes, clientFlags, valueBytes, false));
  }

  /** Whether an item of this key and value is within `-I`, by memcached's arithmetic. */
  fits(keyBytes: number, clientFlags: number, valueBytes: number, ownCas = false): boolean {
    const flagsBytes = clientFlags === 0 ? 0 : MEMCACHED_FLAGS_BYTES;
    return (
      valueBytes <= VALUE_BYTES_MAX &&
      MEMCACHED_OVERHEAD_BYTES + keyBytes + flagsBytes + valueBytes <= this.itemBytesMax &&
      this.allocator.canHold(keyBytes, clientFlags, valueBytes, ownCas)
    );
  }

  /**
   * A new item that no other thread sees, or NO_ITEM when its class has no chunk and nothing to
   * evict. The caller has checked `fits`, and must pass the item to `put` or `release`.
   * `writeValue` allocates the chunks of a chained value.
   */
  allocate(
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas = false,
  ): ItemId {
    return this.allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, ownCas, NO_CONTEXT);
  }

  /**
   * As `allocate`, between `open` and `close` of the key with that hash; `pinned` is the item that
   * `open` found, which no eviction may take. It allocates all chunks of a chained value. The
   * caller must `link` the item.
   */
  allocateOpened(
    hash: number,
    pinned: ItemId,
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas: boolean,
  ): ItemId {
    const { allocator } = this;
    const context = this.#contextFor(hash, pinned, false);
    const id = allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, ownCas, context);
    if (id === NO_ITEM || !this.items.isChained(id)) return id;
    if (allocator.reserve(id, 0, valueBytes, context)) return id;
    this.releaser.release(id);
    return NO_ITEM;
  }

  /** Links an item of `allocateOpened` in place of the item that `open` found. */
  link(hash: number, old: ItemId, fresh: ItemId): void {
    this.#linker.link(hash, old, fresh);
  }

  /** As `close`, for an `open` that linked an item: the index may have to grow. */
  closeAfterLink(hash: number): void {
    this.close(hash);
    this.index.growIfFull();
  }

  /** Frees an item that was never linked. */
  release(id: ItemId): void {
    this.releaser.release(id);
  }

  writeKey(id: ItemId, source: Buffer, start: number, end: number): void {
    copyBytes(source, start, end, this.arena.bytes, this.items.keyAt(id));
  }

  /**
   * Writes `source[start, end)` at `offset` of an unlinked item's value. False when there is no
   * memory for it, which happens only to a chained value; the caller must then `release` the item.
   */
  writeValue(id: ItemId, offset: number, source: Buffer, start: number, end: number): boolean {
    if (!this.items.isChained(id)) {
      copyBytes(source, start, end, this.arena.bytes, this.items.valueAt(id) + offset);
      return true;
    }
    if (!this.allocator.reserve(id, offset, offset + end - start, NO_CONTEXT)) return false;
    this.chains.write(id, offset, source, start, end);
    return true;
  }

  /** Keeps the chunks of an opened chained item until `unpin`, even if the item is unlinked. */
  pin(id: ItemId): void {
    this.chains.setPins(id, this.chains.pins(id) + 1);
  }

  /**
   * Ends a `pin` of an item whose key has that hash. The last `unpin` of an unlinked item frees it.
   */
  unpin(hash: number, id: ItemId): void {
    lock(this.#stripes, hash & (STRIPES - 1));
    const pins = this.chains.pins(id) - 1;
    this.chains.setPins(id, pins);
    const isLast = pins === 0 && !this.items.hasFlag(id, FLAG.linked);
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (isLast) this.releaser.release(id);
  }

  /**
   * Appends `length` bytes of a pinned value, from `offset` on, to a sink that has room for them.
   */
  readValue(id: ItemId, offset: number, length: number, sink: ByteSink): void {
    for (let from = offset; from < offset + length; ) {
      const at = this.chains.byteAt(id, from);
      const bytes = Math.min(offset + length - from, this.chains.contiguousBytes(id, from));
      sink.putRange(this.arena.bytes, at, at + bytes);
      from += bytes;
    }
  }

  /**
   * Links a complete item under its key, or frees it if the condition of its mode does not hold.
   */
  put(hash: number, id: ItemId, options: PutOptions): Outcome {
    const { mode } = options;
    lock(this.#stripes, hash & (STRIPES - 1));
    const keyAt = this.items.keyAt(id);
    const keyEnd = keyAt + this.items.keyBytes(id);
    const old = this.#findLive(hash, this.arena.bytes, keyAt, keyEnd);
    let outcome = this.#condition.check(old, id, options);
    let fresh = id;
    const concatenates = (mode === MODE.append || mode === MODE.prepend) && old !== NO_ITEM;
    if (outcome === OUTCOME.stored && concatenates) {
      fresh = this.#concatenate(hash, old, id, options);
      if (fresh === NO_ITEM) outcome = OUTCOME.notStored;
    }
    if (outcome === OUTCOME.stored) {
      this.#linker.link(hash, old, fresh);
      if (options.ownCas) this.items.setOwnCas(fresh, options.ownCasHigh, options.ownCasLow);
      this.#noteStored(fresh);
    }
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (outcome !== OUTCOME.stored || fresh !== id) this.releaser.release(id);
    this.index.growIfFull();
    return outcome;
  }

  /**
   * Stores a complete value under one hold of the stripe: in the chunk of the old value if that is
   * of the right class, else in a new chunk. For `set`, `add`, `replace` and `cas` without `ownCas`
   * and `allowStale`, and for sizes that `fits` and one chunk can hold.
   * @returns undefined when there is no memory for it; then nothing has changed.
   */
  putWhole(value: WholeValue, options: PutOptions): Outcome | undefined {
    const { hash, keySource, keyStart, keyEnd } = value;
    lock(this.#stripes, hash & (STRIPES - 1));
    const old = this.#findLive(hash, keySource, keyStart, keyEnd);
    const outcome = this.#condition.check(old, NO_ITEM, options);
    const stored = outcome !== OUTCOME.stored || this.#storeWhole(old, value);
    if (!stored) this.#condition.uncount(old, options);
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (!stored) return undefined;
    if (old === NO_ITEM) this.index.growIfFull();
    return outcome;
  }

  /**
   * Replaces `old` by the value; false when there is no memory for it. The caller holds the stripe.
   */
  #storeWhole(old: ItemId, value: WholeValue): boolean {
    const { hash, keySource, keyStart, keyEnd, clientFlags, expiry } = value;
    const valueBytes = value.valueEnd - value.valueStart;
    const bytes = itemBytes(keyEnd - keyStart, clientFlags, valueBytes, false);
    const sizeClass = classFor(this.chunkBytes, bytes);
    let id = old;
    const inPlace = old !== NO_ITEM && this.#overwriter.canOverwrite(old, sizeClass, clientFlags);
    if (inPlace) {
      this.#overwriter.overwriteHeader(old, sizeClass, clientFlags, expiry, valueBytes);
    } else {
      const keyBytes = keyEnd - keyStart;
      const context = this.#contextFor(hash, old, true);
      id = this.allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, false, context);
      if (id === NO_ITEM) return false;
      this.writeKey(id, keySource, keyStart, keyEnd);
    }
    if (value.keyBinary) this.items.setFlags(id, FLAG.keyBinary);
    copyBytes(
      value.source,
      value.valueStart,
      value.valueEnd,
      this.arena.bytes,
      this.items.valueAt(id),
    );
    if (!inPlace) this.#linker.link(hash, old, id);
    this.#noteStored(id);
    return true;
  }

  /**
   * Gives an opened item a new CAS id, or the one that the client chose. Returns the item that is
   * now linked, possibly a copy (a CAS id of its own takes room), or NO_ITEM when there is no
   * memory.
   */
  assignCas(hash: number, id: ItemId, ownCas: boolean, high: number, low: number): ItemId {
    let fresh = id;
    if (ownCas && !this.items.hasFlag(id, FLAG.ownCas)) {
      fresh = this.#copyWithOwnCas(hash, id);
      if (fresh === NO_ITEM) return NO_ITEM;
    } else {
      this.#linker.reassignSeq(id);
    }
    if (ownCas) this.items.setOwnCas(fresh, high, low);
    return fresh;
  }

  /** Removes an opened item. */
  removeOpened(hash: number, id: ItemId): void {
    this.#linker.unlink(hash, id);
  }

  /** Removes the key. Returns the size class of its item, or 0 when there was none. */
  remove(hash: number, bytes: Buffer, start: number, end: number): number {
    const id = this.open(hash, bytes, start, end);
    const sizeClass = id === NO_ITEM ? 0 : this.items.lruClassOf(id);
    if (id !== NO_ITEM) this.#linker.unlink(hash, id);
    this.close(hash);
    return sizeClass;
  }

  /**
   * Replaces the value of an opened item by new digits: in its chunk, padded with blanks, when they
   * fit; else in a new item with the same flags and expiry. The caller keeps the stripe. Returns
   * the item that is now linked, or NO_ITEM when there is no memory for it.
   */
  rewriteNumber(hash: number, id: ItemId, digits: Buffer, length: number): ItemId {
    const valueBytes = this.items.valueBytes(id);
    if (length <= valueBytes) {
      const at = this.items.valueAt(id);
      for (let i = 0; i < length; i++) this.arena.bytes[at + i] = digits[i]!;
      for (let i = length; i < valueBytes; i++) this.arena.bytes[at + i] = 0x20;
      this.#linker.reassignSeq(id);
      return id;
    }
    const fresh = this.#allocateLike(hash, id, length, false);
    if (fresh === NO_ITEM) return NO_ITEM;
    digits.copy(this.arena.bytes, this.items.valueAt(fresh), 0, length);
    this.#linker.link(hash, id, fresh);
    return fresh;
  }

  /** `-m`, in bytes. */
  memoryLimitBytes(): number {
    return this.pagePool.limit() * PAGE_BYTES;
  }

  /**
   * Changes `-m`; false if the layout has too little address space, or for less than a page. Pages
   * above a lower limit leave their classes later, one at a time: the maintainer moves them.
   */
  setMemoryLimit(bytes: number): boolean {
    const pages = Math.floor(bytes / PAGE_BYTES);
    if (pages < 1 || pages > this.arena.layout.memoryPagesMax) return false;
    this.pagePool.setLimit(pages);
    return true;
  }

  /** One of the totals of a size class, by its TOTAL slot. */
  total(sizeClass: number, slot: number): number {
    return this.arena.totals[sizeClass * TOTAL.slots + slot]!;
  }

  /** Resets the counters and totals that `stats reset` resets. */
  resetCounters(): void {
    this.sums.reset();
    for (let sizeClass = 1; sizeClass < this.chunkBytes.length; sizeClass++) {
      this.lockClass(sizeClass);
      const at = sizeClass * TOTAL.slots;
      this.arena.totals.fill(0, at + TOTAL.evicted, at + TOTAL.slots);
      this.unlockClass(sizeClass);
    }
  }

  /** Sets the expiry of an opened item; 0 is never. */
  setExpiry(id: ItemId, expiry: number): void {
    this.items.setExpiry(id, expiry);
    this.expiryHints.note(this.items.classOf(id), expiry);
  }

  /** The class with the most pages, except these two; 0 when no class has any. */
  classWithMostPages(except: number, orExcept = except): number {
    let best = 0;
    for (let id = 1; id < this.chunkBytes.length; id++) {
      if (id !== except && id !== orExcept && this.slabs.pageCount(id) > this.slabs.pageCount(best))
        best = id;
    }
    return best;
  }

  lockClass(sizeClass: number): void {
    lock(this.arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }

  unlockClass(sizeClass: number): void {
    unlock(this.arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }

  /** The caller holds the stripe. An expired or flushed item counts as a miss, and is unlinked. */
  #findLive(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    const id = this.index.find(hash, bytes, start, end - start);
    if (id === NO_ITEM) {
      this.missReason = 'not_found';
      return NO_ITEM;
    }
    const flushed = this.clock.isFlushed(id);
    if (!flushed && !this.clock.isExpired(id)) return id;
    this.missReason = flushed ? 'flushed' : 'expired';
    this.counters.add(flushed ? COUNT.get_flushed : COUNT.get_expired);
    this.#linker.unlink(hash, id);
    return NO_ITEM;
  }

  /** A new item with both values, or NO_ITEM when it would be too large or memory is short. */
  #concatenate(hash: number, old: ItemId, added: ItemId, options: PutOptions): ItemId {
    const oldBytes = this.items.valueBytes(old);
    const addedBytes = this.items.valueBytes(added);
    const fresh = this.#allocateLike(hash, old, oldBytes + addedBytes, options.ownCas);
    if (fresh === NO_ITEM) return NO_ITEM;
    const first = options.mode === MODE.append ? old : added;
    const second = options.mode === MODE.append ? added : old;
    this.chains.copy(first, fresh, 0);
    this.chains.copy(second, fresh, this.items.valueBytes(first));
    return fresh;
  }

  /** Replaces an item by a copy with room for a CAS id of its own. The caller holds the stripe. */
  #copyWithOwnCas(hash: number, old: ItemId): ItemId {
    const { items } = this;
    const valueBytes = items.valueBytes(old);
    const fresh = this.#allocateLike(hash, old, valueBytes, true);
    if (fresh === NO_ITEM) return NO_ITEM;
    this.chains.copy(old, fresh, 0);
    for (const flag of COPIED_FLAGS) if (items.hasFlag(old, flag)) items.setFlags(fresh, flag);
    this.#linker.link(hash, old, fresh);
    return fresh;
  }

  #contextFor(hash: number, pinned: ItemId, asksAgain: boolean): AllocationContext {
    const context = this.#context;
    context.heldStripe = hash & (STRIPES - 1);
    context.pinned = pinned;
    context.hasFallback = asksAgain;
    return context;
  }

  /** A new item with the key, flags and expiry of `old`. The caller holds the stripe. */
  #allocateLike(hash: number, old: ItemId, valueBytes: number, ownCas: boolean): ItemId {
    const { items } = this;
    const { bytes } = this.arena;
    const keyBytes = items.keyBytes(old);
    const flags = items.clientFlags(old);
    if (!this.fits(keyBytes, flags, valueBytes, ownCas)) return NO_ITEM;
    const expiry = items.expiry(old);
    const fresh = this.allocateOpened(hash, old, keyBytes, flags, expiry, valueBytes, ownCas);
    if (fresh === NO_ITEM) return NO_ITEM;
    const keyAt = items.keyAt(old);
    bytes.copy(bytes, items.keyAt(fresh), keyAt, keyAt + keyBytes);
    if (items.hasFlag(old, FLAG.keyBinary)) items.setFlags(fresh, FLAG.keyBinary);
    return fresh;
  }

  #noteStored(id: ItemId): void {
    this.storedCasHigh = this.items.casHigh(id);
    this.storedCasLow = this.items.casLow(id);
    this.storedBytes = this.items.valueBytes(id);
  }
}
