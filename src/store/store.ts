import { type ByteSink, copyBytes } from '../base/index.ts';
import { Allocator, type Asker, NOBODY } from './allocator.ts';
import { Arena, type StoreShare } from './arena.ts';
import { ChainMover } from './chain-mover.ts';
import { Chains } from './chains.ts';
import { COUNT, CounterSums, ThreadCounters } from './counters.ts';
import { EvictionNotes } from './eviction-notes.ts';
import { Evictor } from './evictor.ts';
import { Expiries } from './expiries.ts';
import { IndexTable } from './index-table.ts';
import { Items, itemBytes } from './items.ts';
import {
  CLASS,
  FLAG,
  type ItemId,
  NO_ITEM,
  PAGE_BYTES,
  STRIPES,
  TOTAL,
  VALUE_BYTES_MAX,
} from './layout.ts';
import { Lifetimes } from './lifetimes.ts';
import { Linker } from './linker.ts';
import { lock, unlock } from './locks.ts';
import { LruLists } from './lru.ts';
import { Overwriter } from './overwriter.ts';
import { PageMover } from './page-mover.ts';
import { Pages } from './pages.ts';
import {
  MODE,
  OUTCOME,
  type Outcome,
  PutJudge,
  type PutTerms,
  type WholeValue,
} from './put-terms.ts';
import { Releaser } from './releaser.ts';
import { classFor } from './size-classes.ts';
import { SizeHistogram } from './size-histogram.ts';
import { Slabs } from './slabs.ts';
import { Tunables } from './tunables.ts';

/** memcached's bookkeeping beside key and value: 48 header, 8 CAS, NUL after the key, CRLF. */
const REFERENCE_OVERHEAD_BYTES = 48 + 8 + 1 + 2;
const REFERENCE_FLAGS_BYTES = 4;
/** What an item keeps when it is copied for a CAS id of its own. */
const KEPT_BY_COPY = [FLAG.fetched, FLAG.stale, FLAG.tokenSent];

/**
 * The store as one thread sees it. All threads' stores work on the same memory, directly.
 *
 * The life of an item: `allocate` takes a chunk (evicting if it must) for the connection that
 * receives the value; `writeKey` and `writeValue` fill it; `put` links it, or frees it when the
 * mode's condition does not hold; from then on its key's stripe protects it, until it is deleted,
 * replaced, expired, flushed or evicted and its chunk goes back.
 *
 * A value that no chunk holds is a chain of them (chains.ts). Its chunks are taken as its bytes
 * arrive, so that an announcement alone takes no memory; and who sends it out pins it, so that it
 * stays whole without a lock for as long as that takes, whatever becomes of its key.
 */
export class Store {
  readonly counters: ThreadCounters;
  readonly sums: CounterSums;
  readonly items: Items;
  readonly chains: Chains;
  readonly pages: Pages;
  readonly slabs: Slabs;
  readonly tunables: Tunables;
  readonly lru: LruLists;
  readonly index: IndexTable;
  /** The clock, the sequence numbers (the last drawn is the CAS id of the last change), flushes. */
  readonly lifetimes: Lifetimes;
  readonly releaser: Releaser;
  readonly evictor: Evictor;
  readonly allocator: Allocator;
  readonly chainMover: ChainMover;
  readonly mover: PageMover;
  readonly expiries: Expiries;
  readonly sizes: SizeHistogram;
  readonly arena: Arena;
  readonly pageBytes = PAGE_BYTES;
  readonly chunkBytes: readonly number[];
  /** What was evicted, for those who watch. */
  readonly evicted = new EvictionNotes();
  /** Why `open` found nothing the last time it did. */
  missedBy: 'not_found' | 'expired' | 'flushed' = 'not_found';
  /** The CAS id and the size of what this thread stored last, while it is still worth a look. */
  storedCasHigh = 0;
  storedCasLow = 0;
  storedBytes = 0;
  /** `-I`: what memcached would let an item take, its own bookkeeping included. */
  readonly itemBytesMax: number;

  readonly #stripes: Int32Array;
  readonly #linker: Linker;
  readonly #judge: PutJudge;
  readonly #overwriter: Overwriter;
  /** Whoever is in `open` now; used again and again, for nothing is allocated under a lock. */
  readonly #asker: Asker = { ...NOBODY };

  /** Joins the shared memory as its `thread`-th thread (from 0): each has its own counters. */
  constructor(share: StoreShare, thread: number) {
    this.arena = new Arena(share);
    this.#stripes = this.arena.stripes;
    this.chunkBytes = share.chunkBytes;
    this.itemBytesMax = share.itemBytesMax;
    const largestClass = share.chunkBytes.length - 1;
    this.items = new Items(this.arena, largestClass);
    this.chains = new Chains(this.arena, this.items, share.chunkBytes[largestClass]!);
    this.pages = new Pages(this.arena);
    this.slabs = new Slabs(this.arena, share, this.pages);
    this.tunables = new Tunables(this.arena);
    this.lifetimes = new Lifetimes(this.arena, this.items);
    this.expiries = new Expiries(this.arena);
    this.sizes = new SizeHistogram(this.arena, this);
    this.lru = new LruLists(this.arena, this.items, this.sizes);
    this.index = new IndexTable(this.arena, this.items, share);
    this.counters = new ThreadCounters(this.arena, thread);
    this.sums = new CounterSums(this.arena);
    this.releaser = new Releaser(this.arena, this);
    this.evictor = new Evictor(this.arena, this);
    this.allocator = new Allocator(this);
    this.chainMover = new ChainMover(this.arena, this);
    this.mover = new PageMover(this.arena, this);
    this.#linker = new Linker(this.arena, this);
    this.#judge = new PutJudge(this);
    this.#overwriter = new Overwriter(this.arena, {
      items: this.items,
      lifetimes: this.lifetimes,
      linker: this.#linker,
      lru: this.lru,
      evictor: this.evictor,
      sizes: this.sizes,
      expiries: this.expiries,
    });
  }

  hashOf(bytes: Buffer, start: number, end: number): number {
    return this.index.hashOf(bytes, start, end);
  }

  /**
   * Finds a live item and keeps its stripe locked until `close(hash)`, which must follow also after
   * a miss (NO_ITEM). In between the item stands still: read it, copy from it, nothing else.
   */
  open(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    lock(this.#stripes, hash & (STRIPES - 1));
    return this.#findLive(hash, bytes, start, end);
  }

  close(hash: number): void {
    unlock(this.#stripes, hash & (STRIPES - 1));
  }

  /**
   * Marks an opened item as read: a count up to 3 and the access time, one word; the LRU is not
   * touched.
   */
  noteHit(id: ItemId): void {
    this.items.noteHit(id, this.lifetimes.now());
  }

  /** The class whose chunks hold such an item; 0 when it is too large for one chunk. */
  classFor(keyBytes: number, clientFlags: number, valueBytes: number): number {
    return classFor(this.chunkBytes, itemBytes(keyBytes, clientFlags, valueBytes, false));
  }

  /** Whether an item of this key and value is within `-I`, by memcached's own arithmetic. */
  fits(keyBytes: number, clientFlags: number, valueBytes: number, ownCas = false): boolean {
    const flagsBytes = clientFlags === 0 ? 0 : REFERENCE_FLAGS_BYTES;
    return (
      valueBytes <= VALUE_BYTES_MAX &&
      REFERENCE_OVERHEAD_BYTES + keyBytes + flagsBytes + valueBytes <= this.itemBytesMax &&
      this.allocator.canHold(keyBytes, clientFlags, valueBytes, ownCas)
    );
  }

  /**
   * A fresh item that nobody else sees, or NO_ITEM when its class has no chunk and nothing to
   * evict. It must `fits`, and must end in `put` or `release`. The chunks of a chained value are
   * taken by `writeValue`.
   */
  allocate(
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas = false,
  ): ItemId {
    return this.allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, ownCas, NOBODY);
  }

  /**
   * As `allocate`, between `open` and `close` of the key with that hash; `keep` is the item that
   * was found there and must not be evicted for it. It must end in `link`. All chunks of a chained
   * value are taken.
   */
  allocateOpened(
    hash: number,
    keep: ItemId,
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas: boolean,
  ): ItemId {
    const { allocator } = this;
    const asker = this.#askerAt(hash, keep, false);
    const id = allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, ownCas, asker);
    if (id === NO_ITEM || !this.items.isChained(id)) return id;
    if (allocator.reserve(id, 0, valueBytes, asker)) return id;
    this.releaser.release(id);
    return NO_ITEM;
  }

  /** Links an item of `allocateOpened` in place of what `open` found. */
  link(hash: number, old: ItemId, fresh: ItemId): void {
    this.#linker.replace(hash, old, fresh);
  }

  /** Ends an `open` that has linked an item: the index may have to grow. */
  closeGrown(hash: number): void {
    this.close(hash);
    this.index.growIfFull();
  }

  /** Gives back an item that was never linked. */
  release(id: ItemId): void {
    this.releaser.release(id);
  }

  writeKey(id: ItemId, source: Buffer, start: number, end: number): void {
    copyBytes(source, start, end, this.arena.bytes, this.items.keyAt(id));
  }

  /**
   * Writes `source[start, end)` at `offset` of an unlinked item's value. False when there is no
   * memory for it, which only happens to a chained value: it must then end in `release`.
   */
  writeValue(id: ItemId, offset: number, source: Buffer, start: number, end: number): boolean {
    if (!this.items.isChained(id)) {
      copyBytes(source, start, end, this.arena.bytes, this.items.valueAt(id) + offset);
      return true;
    }
    if (!this.allocator.reserve(id, offset, offset + end - start, NOBODY)) return false;
    this.chains.write(id, offset, source, start, end);
    return true;
  }

  /** Keeps an opened chained item whole, whatever becomes of its key, until `unpin`. */
  pin(id: ItemId): void {
    this.chains.setPins(id, this.chains.pins(id) + 1);
  }

  /** Ends a `pin` of an item whose key has that hash. The last one of an unlinked item frees it. */
  unpin(hash: number, id: ItemId): void {
    lock(this.#stripes, hash & (STRIPES - 1));
    const pins = this.chains.pins(id) - 1;
    this.chains.setPins(id, pins);
    const isLast = pins === 0 && !this.items.has(id, FLAG.linked);
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (isLast) this.releaser.release(id);
  }

  /** Appends bytes of a pinned value, from `offset` on, to a sink that has room for them. */
  readValue(id: ItemId, offset: number, length: number, sink: ByteSink): void {
    for (let from = offset; from < offset + length; ) {
      const at = this.chains.at(id, from);
      const bytes = Math.min(offset + length - from, this.chains.run(id, from));
      sink.putRange(this.arena.bytes, at, at + bytes);
      from += bytes;
    }
  }

  /** Links a complete item under its key, or frees it if the terms are not met. */
  put(hash: number, id: ItemId, terms: PutTerms): Outcome {
    const { mode } = terms;
    lock(this.#stripes, hash & (STRIPES - 1));
    const keyAt = this.items.keyAt(id);
    const keyEnd = keyAt + this.items.keyBytes(id);
    const old = this.#findLive(hash, this.arena.bytes, keyAt, keyEnd);
    let outcome = this.#judge.judge(old, id, terms);
    let fresh = id;
    const joins = (mode === MODE.append || mode === MODE.prepend) && old !== NO_ITEM;
    if (outcome === OUTCOME.stored && joins) {
      fresh = this.#join(hash, old, id, terms);
      if (fresh === NO_ITEM) outcome = OUTCOME.notStored;
    }
    if (outcome === OUTCOME.stored) {
      this.#linker.replace(hash, old, fresh);
      if (terms.ownCas) this.items.setOwnCas(fresh, terms.ownCasHigh, terms.ownCasLow);
      this.#noteStored(fresh);
    }
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (outcome !== OUTCOME.stored || fresh !== id) this.releaser.release(id);
    this.index.growIfFull();
    return outcome;
  }

  /**
   * Stores a value that is here as a whole, holding the stripe once: over the old one where its chunk will do, else in
   * a chunk of its own. For `set`, `add`, `replace` and `cas`, with no CAS id of the client's and none stale, and
   * for sizes that `fits` and one chunk can hold.
   * @returns undefined when there is no memory for it: nothing has happened.
   */
  putWhole(value: WholeValue, terms: PutTerms): Outcome | undefined {
    const { hash, keySource, keyStart, keyEnd } = value;
    lock(this.#stripes, hash & (STRIPES - 1));
    const old = this.#findLive(hash, keySource, keyStart, keyEnd);
    const outcome = this.#judge.judge(old, NO_ITEM, terms);
    const stored = outcome !== OUTCOME.stored || this.#writeWhole(old, value);
    if (!stored) this.#judge.takeBack(old, terms);
    unlock(this.#stripes, hash & (STRIPES - 1));
    if (!stored) return undefined;
    if (old === NO_ITEM) this.index.growIfFull();
    return outcome;
  }

  /** Puts the value in place of `old`; false when there is no memory for it. The stripe is held. */
  #writeWhole(old: ItemId, value: WholeValue): boolean {
    const { hash, keySource, keyStart, keyEnd, clientFlags, expiry } = value;
    const valueBytes = value.valueEnd - value.valueStart;
    const bytes = itemBytes(keyEnd - keyStart, clientFlags, valueBytes, false);
    const sizeClass = classFor(this.chunkBytes, bytes);
    let id = old;
    const inPlace = old !== NO_ITEM && this.#overwriter.fits(old, sizeClass, clientFlags);
    if (inPlace) {
      this.#overwriter.begin(old, sizeClass, clientFlags, expiry, valueBytes);
    } else {
      const keyBytes = keyEnd - keyStart;
      const asker = this.#askerAt(hash, old, true);
      id = this.allocator.allocate(keyBytes, clientFlags, expiry, valueBytes, false, asker);
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
    if (!inPlace) this.#linker.replace(hash, old, id);
    this.#noteStored(id);
    return true;
  }

  /**
   * Gives an opened item a new CAS id, or the one the client chose. Returns the item now in place,
   * which may be another (its own CAS id takes room), or NO_ITEM when there is no memory.
   */
  restamp(hash: number, id: ItemId, ownCas: boolean, high: number, low: number): ItemId {
    let fresh = id;
    if (ownCas && !this.items.has(id, FLAG.ownCas)) {
      fresh = this.#copyWithOwnCas(hash, id);
      if (fresh === NO_ITEM) return NO_ITEM;
    } else {
      this.#linker.stampAgain(id);
    }
    if (ownCas) this.items.setOwnCas(fresh, high, low);
    return fresh;
  }

  /** Removes an opened item. */
  removeOpened(hash: number, id: ItemId): void {
    this.#linker.unlink(hash, id);
  }

  /** Removes the key. Returns the size class its item was in, or 0 when there was none. */
  remove(hash: number, bytes: Buffer, start: number, end: number): number {
    const id = this.open(hash, bytes, start, end);
    const sizeClass = id === NO_ITEM ? 0 : this.items.lruClassOf(id);
    if (id !== NO_ITEM) this.#linker.unlink(hash, id);
    this.close(hash);
    return sizeClass;
  }

  /**
   * Puts new digits in place of an opened item's value: in place, padded with blanks, when they
   * fit; else as a new item with the same flags and expiry. The stripe stays the caller's. Returns
   * the item now in place, or NO_ITEM when there is no memory for it.
   */
  rewriteNumber(hash: number, id: ItemId, digits: Buffer, length: number): ItemId {
    const valueBytes = this.items.valueBytes(id);
    if (length <= valueBytes) {
      const at = this.items.valueAt(id);
      for (let i = 0; i < length; i++) this.arena.bytes[at + i] = digits[i]!;
      for (let i = length; i < valueBytes; i++) this.arena.bytes[at + i] = 0x20;
      this.#linker.stampAgain(id);
      return id;
    }
    const fresh = this.#allocateLike(hash, id, length, false);
    if (fresh === NO_ITEM) return NO_ITEM;
    digits.copy(this.arena.bytes, this.items.valueAt(fresh), 0, length);
    this.#linker.replace(hash, id, fresh);
    return fresh;
  }

  /** `-m`, in bytes. */
  memoryLimitBytes(): number {
    return this.pages.limit() * PAGE_BYTES;
  }

  /**
   * Changes `-m`, up to what was laid out at the start; false when it cannot. Pages over a lower
   * limit leave their classes by and by, which is the maintainer's work.
   */
  limitMemory(bytes: number): boolean {
    const pages = Math.floor(bytes / PAGE_BYTES);
    if (pages < 1 || pages > this.arena.layout.memoryPagesMax) return false;
    this.pages.setLimit(pages);
    return true;
  }

  /** One of a size class's totals, by its TOTAL slot. */
  total(sizeClass: number, slot: number): number {
    return this.arena.totals[sizeClass * TOTAL.slots + slot]!;
  }

  /** Zeroes what `stats reset` zeroes. */
  resetCounters(): void {
    this.sums.reset();
    for (let sizeClass = 1; sizeClass < this.chunkBytes.length; sizeClass++) {
      this.lockClass(sizeClass);
      const at = sizeClass * TOTAL.slots;
      this.arena.totals.fill(0, at + TOTAL.evicted, at + TOTAL.slots);
      this.unlockClass(sizeClass);
    }
  }

  /** Gives an opened item another expiry; 0 is never. */
  setExpiry(id: ItemId, expiry: number): void {
    this.items.setExpiry(id, expiry);
    this.expiries.note(this.items.classOf(id), expiry);
  }

  /** The class that has most pages, but for these; 0 when no class has any. */
  classOfMostPages(besides: number, nor = besides): number {
    let most = 0;
    for (let id = 1; id < this.chunkBytes.length; id++) {
      if (id !== besides && id !== nor && this.slabs.pages(id) > this.slabs.pages(most)) most = id;
    }
    return most;
  }

  lockClass(sizeClass: number): void {
    lock(this.arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }

  unlockClass(sizeClass: number): void {
    unlock(this.arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }

  /** The stripe is held. An expired or flushed item is unlinked on the way: it was a miss. */
  #findLive(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    const id = this.index.find(hash, bytes, start, end - start);
    if (id === NO_ITEM) {
      this.missedBy = 'not_found';
      return NO_ITEM;
    }
    const flushed = this.lifetimes.isFlushed(id);
    if (!flushed && !this.lifetimes.isExpired(id)) return id;
    this.missedBy = flushed ? 'flushed' : 'expired';
    this.counters.add(flushed ? COUNT.get_flushed : COUNT.get_expired);
    this.#linker.unlink(hash, id);
    return NO_ITEM;
  }

  /** A new item of both values, or NO_ITEM when it would be too large or there is no room. */
  #join(hash: number, old: ItemId, added: ItemId, terms: PutTerms): ItemId {
    const oldBytes = this.items.valueBytes(old);
    const addedBytes = this.items.valueBytes(added);
    const fresh = this.#allocateLike(hash, old, oldBytes + addedBytes, terms.ownCas);
    if (fresh === NO_ITEM) return NO_ITEM;
    const first = terms.mode === MODE.append ? old : added;
    const second = terms.mode === MODE.append ? added : old;
    this.chains.copy(first, fresh, 0);
    this.chains.copy(second, fresh, this.items.valueBytes(first));
    return fresh;
  }

  /** The same item with room for a CAS id of its own, in its place. The stripe is held. */
  #copyWithOwnCas(hash: number, old: ItemId): ItemId {
    const { items } = this;
    const valueBytes = items.valueBytes(old);
    const fresh = this.#allocateLike(hash, old, valueBytes, true);
    if (fresh === NO_ITEM) return NO_ITEM;
    this.chains.copy(old, fresh, 0);
    for (const flag of KEPT_BY_COPY) if (items.has(old, flag)) items.setFlags(fresh, flag);
    this.#linker.replace(hash, old, fresh);
    return fresh;
  }

  #askerAt(hash: number, keep: ItemId, asksAgain: boolean): Asker {
    const asker = this.#asker;
    asker.stripe = hash & (STRIPES - 1);
    asker.keep = keep;
    asker.asksAgain = asksAgain;
    return asker;
  }

  /** An item with the key, flags and expiry of `old`, whose stripe is held. */
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
    if (items.has(old, FLAG.keyBinary)) items.setFlags(fresh, FLAG.keyBinary);
    return fresh;
  }

  #noteStored(id: ItemId): void {
    this.storedCasHigh = this.items.casHigh(id);
    this.storedCasLow = this.items.casLow(id);
    this.storedBytes = this.items.valueBytes(id);
  }
}
