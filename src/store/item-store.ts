import { type ByteSink, copyBytes, type ViewedBytes } from '../base/index.ts';
import type { StoreParts } from './assemble.ts';
import type { EvictionListener } from './eviction/eviction-events.ts';
import { NO_CONTEXT } from './items/allocator.ts';
import type { Items } from './items/items.ts';
import type { LookAhead } from './items/look-ahead.ts';
import type { MissReason } from './items/lookup.ts';
import type { NewItem, Placement } from './items/new-item.ts';
import type { StoreTime } from './items/store-clock.ts';
import type { PutOptions, StoreResult, WholeItem } from './items/store-condition.ts';
import type { ThreadCounters } from './memory/counters.ts';
import { FLAG, type ItemId, NO_ITEM } from './memory/item-layout.ts';

/** The facts of an opened item, by its id. */
type ItemReader = Pick<
  Items,
  | 'read'
  | 'keyAt'
  | 'keyBytes'
  | 'valueAt'
  | 'valueBytes'
  | 'bytes'
  | 'clientFlags'
  | 'expiry'
  | 'access'
  | 'casHigh'
  | 'casLow'
  | 'lruClassOf'
  | 'isChained'
  | 'isFetched'
  | 'isStale'
  | 'isLeased'
  | 'hasBinaryKey'
>;

/**
 * Reads and changes the items of a store, for the commands of clients.
 *
 * The life of an item: `allocate` allocates a chunk (by eviction if necessary) for the connection
 * that receives the value; `writeKey` and `writeValue` fill it; `put` links it, or frees it when
 * the condition of its mode does not hold. From then on the stripe of its key protects it, until a
 * delete, an overwrite, its expiry, a flush or an eviction unlinks it and frees its chunk.
 *
 * An item that does not fit into one chunk is a chained item (chains.ts). The store allocates its
 * value chunks as the bytes arrive, so an announced length alone takes no memory. A reader pins the
 * item, so that its value stays intact without a lock until the reader has sent it.
 *
 * An *opened* item is one that `open` found and whose key is not closed yet.
 */
export class ItemStore {
  /** The facts of opened items. */
  readonly items: ItemReader;
  /** The bytes of all items; `items` gives the positions of keys and values. */
  readonly bytes: ViewedBytes;
  readonly clock: StoreTime;
  readonly counters: ThreadCounters;
  /** Brings the items of the next keys near, before their `open`. */
  readonly lookAhead: LookAhead;
  readonly #parts: StoreParts;
  /** The parts that every get uses, one step nearer than `#parts`. */
  readonly #stripes: StoreParts['stripes'];
  readonly #index: StoreParts['index'];
  readonly #lookup: StoreParts['lookup'];
  readonly #items: StoreParts['items'];

  constructor(parts: StoreParts) {
    this.items = parts.items;
    this.bytes = parts.arena;
    this.clock = parts.clock;
    this.counters = parts.counters;
    this.lookAhead = parts.lookAhead;
    this.#parts = parts;
    this.#stripes = parts.stripes;
    this.#index = parts.index;
    this.#lookup = parts.lookup;
    this.#items = parts.items;
  }

  hashOf(bytes: Buffer, start: number, end: number): number {
    return this.#index.hashOf(bytes, start, end);
  }

  /**
   * Finds a live item and locks its stripe until `close(hash)`, which must follow also after a miss
   * (NO_ITEM). In between no other thread changes the item. The caller only reads and copies.
   */
  open(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    this.#stripes.lock(hash);
    return this.#lookup.findLive(hash, bytes, start, end);
  }

  close(hash: number): void {
    this.#stripes.unlock(hash);
  }

  /** As `close`, for an `open` after which the caller may have created or replaced an item. */
  closeAfterLink(hash: number): void {
    const { stripes, index, evictionEvents } = this.#parts;
    stripes.unlock(hash);
    index.growIfFull();
    evictionEvents.publish();
  }

  /** Why the last `open` of this thread found nothing. */
  missReason(): MissReason {
    return this.#parts.lookup.missReason;
  }

  /**
   * Marks an opened item as read: one word for hits (at most 3) and access time. No list changes.
   */
  noteHit(id: ItemId): void {
    this.#items.noteHit(id, this.clock.now());
  }

  /** Sets the expiry of an opened item; 0 is never. */
  setExpiry(id: ItemId, expiry: number): void {
    const { items, linker, expiryHints } = this.#parts;
    items.setExpiry(id, expiry);
    linker.markChanged(id);
    expiryHints.note(items.classOf(id), expiry);
  }

  /** Marks an opened item as stale: the next client that fetches it gets the lease. */
  markStale(id: ItemId): void {
    const { items, linker } = this.#parts;
    items.setFlags(id, FLAG.stale);
    items.clearFlags(id, FLAG.tokenSent);
    linker.markChanged(id);
  }

  /** Grants the lease to load an opened item to one client. */
  grantLease(id: ItemId): void {
    const { items, linker } = this.#parts;
    items.setFlags(id, FLAG.tokenSent);
    linker.markChanged(id);
  }

  /**
   * Gives an opened item a new CAS id, or the one that the client chose. Returns the item that is
   * now linked, possibly a copy (a CAS id of its own takes room), or NO_ITEM when there is no
   * memory.
   */
  assignCas(hash: number, id: ItemId, ownCas: boolean, high: number, low: number): ItemId {
    const { items, linker, copier } = this.#parts;
    let fresh = id;
    if (ownCas && !items.hasFlag(id, FLAG.ownCas)) {
      fresh = copier.replaceWithOwnCas(hash, id);
      if (fresh === NO_ITEM) return NO_ITEM;
    } else {
      linker.reassignSeq(id);
    }
    if (ownCas) items.setOwnCas(fresh, high, low);
    return fresh;
  }

  /**
   * Replaces the value of an opened item by new digits, padded with blanks to the old length.
   * Returns the item that is now linked, or NO_ITEM when there is no memory for it.
   */
  rewriteNumber(hash: number, id: ItemId, digits: Buffer, length: number): ItemId {
    return this.#parts.copier.rewriteNumber(hash, id, digits, length);
  }

  /** Removes an opened item. */
  removeOpened(hash: number, id: ItemId): void {
    this.#parts.linker.unlink(hash, id);
  }

  /** The placement of an item with these sizes, or TOO_LARGE. */
  placementFor(
    keyBytes: number,
    clientFlags: number,
    valueBytes: number,
    ownCas: boolean,
  ): Placement {
    return this.#parts.placer.placementFor(keyBytes, clientFlags, valueBytes, ownCas);
  }

  /**
   * A new item that no other thread sees, or NO_ITEM when its class has no chunk and nothing to
   * evict. The caller must pass it to `put` or `release`. `writeValue` allocates the chunks of a
   * chained value.
   */
  allocate(item: NewItem): ItemId {
    const { allocator, evictionEvents } = this.#parts;
    const id = allocator.allocate(item, NO_CONTEXT);
    evictionEvents.publish();
    return id;
  }

  /** Frees an item that was never linked. */
  release(id: ItemId): void {
    this.#parts.releaser.release(id);
  }

  writeKey(id: ItemId, source: Buffer, start: number, end: number, isBinary: boolean): void {
    const { arena, items } = this.#parts;
    copyBytes(source, start, end, arena.bytes, items.keyAt(id));
    if (isBinary) items.setFlags(id, FLAG.keyBinary);
  }

  /**
   * Writes `source[start, end)` at `offset` of an unlinked item's value. False when there is no
   * memory for it, which happens only to a chained value; the caller must then `release` the item.
   */
  writeValue(id: ItemId, offset: number, source: Buffer, start: number, end: number): boolean {
    const { arena, items, chains, allocator, evictionEvents } = this.#parts;
    if (!items.isChained(id)) {
      copyBytes(source, start, end, arena.bytes, items.valueAt(id) + offset);
      return true;
    }
    const hasMemory = allocator.reserve(id, offset, offset + end - start, NO_CONTEXT);
    if (hasMemory) chains.write(id, offset, source, start, end);
    evictionEvents.publish();
    return hasMemory;
  }

  /**
   * Links a complete item under its key, or frees it if the condition of its mode does not hold.
   */
  put(hash: number, id: ItemId, options: PutOptions): StoreResult {
    const { putter, evictionEvents } = this.#parts;
    const result = putter.put(hash, id, options);
    evictionEvents.publish();
    return result;
  }

  /**
   * Stores a complete item in one step: for `set`, `add`, `replace` and `cas` without a chosen CAS
   * id and `allowStale`, and for items of one chunk.
   * @returns undefined when there is no memory for it; then nothing has changed.
   */
  putWhole(item: WholeItem): StoreResult | undefined {
    const { putter, evictionEvents } = this.#parts;
    const result = putter.putWhole(item);
    evictionEvents.publish();
    return result;
  }

  /**
   * Links a new item under an opened key, in place of `old` unless that is NO_ITEM. Returns the new
   * item, or NO_ITEM when it would be too large or memory is short.
   */
  create(item: WholeItem, old: ItemId): ItemId {
    return this.#parts.putter.create(item, old);
  }

  /** Keeps the chunks of an opened chained item until `unpin`, even if the item is unlinked. */
  pin(id: ItemId): void {
    this.#parts.pins.pin(id);
  }

  /**
   * Ends a `pin` of an item whose key has that hash. The last `unpin` of an unlinked item frees it.
   */
  unpin(hash: number, id: ItemId): void {
    this.#parts.pins.unpin(hash, id);
  }

  /**
   * Appends `length` bytes of a pinned value, from `offset` on, to a sink that has room for them.
   */
  readValue(id: ItemId, offset: number, length: number, sink: ByteSink): void {
    this.#parts.pins.read(id, offset, length, sink);
  }

  /** Hides every item stored before now. */
  flushNow(): void {
    this.#parts.clock.flushNow();
  }

  /** Schedules a flush for the second `at` of the store's clock, in place of a pending one. */
  flushAt(at: number): void {
    this.#parts.clock.flushAt(at);
  }

  /** Sends the evictions that this thread causes to the listener. */
  onEvictions(listener: EvictionListener): void {
    this.#parts.evictionEvents.listener = listener;
  }
}
