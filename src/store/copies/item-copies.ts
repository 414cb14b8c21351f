import { type ByteSink, copyBytes, copyViewed } from '../../base/index.ts';
import type { StoreParts } from '../assemble.ts';
import { NO_CONTEXT } from '../items/allocator.ts';
import { LookAhead } from '../items/look-ahead.ts';
import { isChainedPlacement, TOO_LARGE } from '../items/new-item.ts';
import { FLAG, type ItemId, NO_ITEM, SEGMENT } from '../memory/item-layout.ts';
import { CopySlots } from './copy-slots.ts';
import { FillPlaces } from './fill-places.ts';
import { expiryOf, flagsOf, type ItemState, readHeader } from './item-state.ts';
import { OpenChanges } from './open-changes.ts';
import { newWholeItem, type WritableItem } from './writable-item.ts';

/**
 * What became of a state: the store has it now; it is older than one that the node took for a key
 * of the same slot; or there is no memory for its item, so the key has no item now.
 */
export type Taken = 'done' | 'refused' | 'noMemory';

/** Values up to this size are copied under the stripe, as `putWhole` of a session does. */
const COPIED_BYTES_MAX = 16 * 1024;
/**
 * How many sequence numbers a new primary skips: more than the old one can have drawn since the
 * last state that this node took.
 */
const SKIPPED_NUMBERS = 2 ** 24;
const WORD = 2 ** 32;

/**
 * Reads the states of keys at their primary, and takes them at the other nodes that hold them as
 * items with FLAG.copy. Any thread may read and take: the slots and the stripes order the states of
 * a key, whichever comes first.
 */
export class ItemCopies {
  /** The changes of this node that other holders may lack. */
  readonly changes: OpenChanges;
  /** For the keys of the states that come next. */
  readonly lookAhead: LookAhead;
  readonly #parts: StoreParts;
  readonly #slots: CopySlots;
  /** The item of the state that is being taken. Reused: a thread allocates nothing under a lock. */
  readonly #item: WritableItem;
  readonly #fillPlaces: FillPlaces;
  /** While a state of a fill is taken. */
  #fill: FillPlaces | undefined;
  /** When the item of the state was used last, on this node's clock. */
  #access = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#slots = new CopySlots(parts.arena);
    this.changes = new OpenChanges(parts);
    this.lookAhead = new LookAhead(parts);
    this.#item = newWholeItem(parts);
    this.#fillPlaces = new FillPlaces(parts);
  }

  /**
   * Reads the state of the key `bytes[start, end)` and draws its read number. It appends the value
   * to the sink. The state names `bytes` and the sink, so it is valid until either changes.
   */
  read(bytes: Buffer, start: number, end: number, into: ItemState, sink: ByteSink): void {
    const { index } = this.#parts;
    into.keySource = bytes;
    into.keyStart = start;
    into.keyBytes = end - start;
    into.value = sink;
    const hash = index.hashOf(bytes, start, end);
    // Each round at least doubles the sink, so there are a few at most.
    for (let missing = 0; ; ) {
      sink.ensure(missing);
      into.valueStart = sink.at;
      missing = this.#readOnce(hash, into, sink);
      if (missing === 0) return;
    }
  }

  /** Draws a new read number for a state that was read before. */
  drawReadNumber(state: ItemState): void {
    const { clock } = this.#parts;
    clock.drawSeq();
    state.readHigh = clock.seqHigh;
    state.readLow = clock.seqLow;
  }

  /** Replaces what the store has by a state, unless that is older. `isFill`: see FillPlaces. */
  take(state: ItemState, isFill = false): Taken {
    const { index, clock, stripes, releaser, evictionEvents } = this.#parts;
    const { keySource, keyStart, keyBytes } = state;
    const hash = index.hashOf(keySource, keyStart, keyStart + keyBytes);
    clock.raiseSeq(state.readHigh, state.readLow);
    this.#fill = isFill ? this.#fillPlaces.begin() : undefined;
    if (state.exists) this.#prepare(hash, state);
    const filled = state.exists ? this.#fillLarge() : NO_ITEM;
    stripes.lock(hash);
    const isTaken = this.#slots.raise(hash, state);
    const taken = isTaken ? this.#takeOpened(hash, state, filled) : 'refused';
    stripes.unlock(hash);
    if (!isTaken && filled !== NO_ITEM) releaser.release(filled);
    index.growIfFull();
    evictionEvents.publish();
    this.#fill?.makeRoom();
    return taken;
  }

  readonly endFill = (): void => this.#fillPlaces.end();

  /** The sequence number that this node has drawn last. */
  sequence(): { readonly high: number; readonly low: number } {
    return this.#parts.clock.lastSeq();
  }

  /**
   * Hides all items with this sequence number or a lower one, and all states of such items that
   * this node still takes. It draws only higher numbers from now on.
   */
  flushUpTo(high: number, low: number): void {
    this.#parts.clock.flushUpTo(high, low);
  }

  /** Makes all sequence numbers that this node draws from now on larger than this one. */
  raiseSequence(high: number, low: number): void {
    this.#parts.clock.raiseSeq(high, low);
  }

  /**
   * Skips sequence numbers, before this node becomes the primary of more keys: what it draws then
   * is above all that the old primary has drawn.
   */
  skipSequence(): void {
    const { high, low } = this.#parts.clock.lastSeq();
    const next = low + SKIPPED_NUMBERS;
    this.#parts.clock.raiseSeq(high + (next < WORD ? 0 : 1), next >>> 0);
  }

  /** Reads the state, unless the sink lacks room: then it returns for how many bytes. */
  #readOnce(hash: number, into: ItemState, sink: ByteSink): number {
    const { stripes, arena, items, clock, pins } = this.#parts;
    stripes.lock(hash);
    const id = this.#findLive(hash, into);
    into.exists = id !== NO_ITEM;
    const isChained = into.exists && items.isChained(id);
    let missing = 0;
    if (into.exists) {
      readHeader(this.#parts, id, into);
      if (isChained) pins.pin(id);
      else if (sink.at + into.valueBytes > sink.bytes.length) missing = into.valueBytes;
      else sink.putViewed(arena, items.valueAt(id), items.valueAt(id) + into.valueBytes);
    }
    if (missing === 0) clock.drawSeq();
    into.readHigh = clock.seqHigh;
    into.readLow = clock.seqLow;
    stripes.unlock(hash);
    if (isChained) this.#copyPinned(hash, id, into, sink);
    return missing;
  }

  #copyPinned(hash: number, id: ItemId, { valueBytes }: ItemState, sink: ByteSink): void {
    const { pins } = this.#parts;
    try {
      sink.ensure(valueBytes);
      pins.read(id, 0, valueBytes, sink);
    } finally {
      pins.unpin(hash, id);
    }
  }

  /** The live item of the key of a state, or NO_ITEM. It counts nothing: no client asks. */
  #findLive(hash: number, { keySource, keyStart, keyBytes }: ItemState): ItemId {
    const { index, clock } = this.#parts;
    const id = index.find(hash, keySource, keyStart, keyBytes);
    return id === NO_ITEM || clock.isExpired(id) || clock.isFlushed(id) ? NO_ITEM : id;
  }

  /**
   * Prepares the item of a state. It has the sequence number that it has at the primary, so a flush
   * of the cluster hides it at both or at none.
   */
  #prepare(hash: number, state: ItemState): void {
    const { clock, placer } = this.#parts;
    const { keyBytes, clientFlags, valueBytes } = state;
    const item = this.#item;
    item.hash = hash;
    item.keySource = state.keySource;
    item.keyStart = state.keyStart;
    item.keyBytes = keyBytes;
    item.valueSource = state.value;
    item.valueStart = state.valueStart;
    item.valueBytes = valueBytes;
    item.clientFlags = clientFlags;
    this.#access = Math.max(0, clock.now() - state.idleSeconds);
    item.expiry = expiryOf(state, clock);
    item.ownCas = state.ownCas;
    item.ownCasHigh = state.ownCasHigh;
    item.ownCasLow = state.ownCasLow;
    item.placement = placer.placementFor(keyBytes, clientFlags, valueBytes, item.ownCas);
  }

  /** Whether the item is allocated and filled before its stripe is locked. */
  #isLarge(): boolean {
    const { placement, valueBytes } = this.#item;
    return isChainedPlacement(placement) || valueBytes > COPIED_BYTES_MAX;
  }

  /** Whether a new item would evict another one that was used after it, in a fill. */
  #isFull(): boolean {
    return this.#fill?.mayAllocate(this.#item.placement, this.#access) === false;
  }

  /** A large item that is filled, but not linked; NO_ITEM if it is small or memory is short. */
  #fillLarge(): ItemId {
    const { arena, items, chains, allocator, releaser } = this.#parts;
    const item = this.#item;
    if (!this.#isLarge() || item.placement === TOO_LARGE || this.#isFull()) return NO_ITEM;
    const id = allocator.allocate(item, NO_CONTEXT);
    if (id === NO_ITEM) return NO_ITEM;
    const { keySource, keyStart, keyBytes, valueSource, valueStart, valueBytes } = item;
    copyBytes(keySource, keyStart, keyStart + keyBytes, arena.bytes, items.keyAt(id));
    if (isChainedPlacement(item.placement) && !allocator.reserve(id, 0, valueBytes, NO_CONTEXT)) {
      releaser.release(id);
      return NO_ITEM;
    }
    chains.write(id, 0, valueSource.bytes, valueStart, valueStart + valueBytes);
    return id;
  }

  /** Takes a state that is new. The caller holds the stripe. */
  #takeOpened(hash: number, state: ItemState, filled: ItemId): Taken {
    const { index, linker } = this.#parts;
    const old = index.find(hash, state.keySource, state.keyStart, state.keyBytes);
    const id = state.exists ? this.#replace(hash, old, filled) : NO_ITEM;
    if (id !== NO_ITEM) this.#applyState(id, state);
    else if (old !== NO_ITEM) linker.unlink(hash, old);
    return state.exists && id === NO_ITEM ? 'noMemory' : 'done';
  }

  /** Links the item of a state in place of the old one, which may be dead; or NO_ITEM. */
  #replace(hash: number, old: ItemId, filled: ItemId): ItemId {
    return this.#isLarge() ? this.#linkLarge(hash, old, filled) : this.#store(old);
  }

  #linkLarge(hash: number, old: ItemId, filled: ItemId): ItemId {
    const { items, linker } = this.#parts;
    if (filled === NO_ITEM) return NO_ITEM;
    linker.link(hash, old, filled);
    const { ownCas, ownCasHigh, ownCasLow } = this.#item;
    if (ownCas) items.setOwnCas(filled, ownCasHigh, ownCasLow);
    return filled;
  }

  /** Stores a small item in the chunk of the old one, or in a new chunk; NO_ITEM without memory. */
  #store(old: ItemId): ItemId {
    const { arena, items, overwriter, putter } = this.#parts;
    const item = this.#item;
    const isNew = old === NO_ITEM || item.ownCas || !overwriter.canOverwrite(old, item);
    if (isNew) return this.#isFull() ? NO_ITEM : putter.create(item, old);
    overwriter.overwriteHeader(old, item);
    const { valueSource, valueStart, valueBytes } = item;
    copyViewed(valueSource, valueStart, valueStart + valueBytes, arena, items.valueAt(old));
    return old;
  }

  /** Gives a linked item what else the state says. */
  #applyState(id: ItemId, state: ItemState): void {
    const { items, sizeHistogram } = this.#parts;
    sizeHistogram.remove(id);
    items.setSeq(id, state.casHigh, state.casLow);
    sizeHistogram.add(id);
    items.setFlags(id, flagsOf(state) | FLAG.copy);
    items.setAccess(id, this.#access, state.hits);
    if (this.#fill !== undefined) this.#fill.place(id, state.isKept);
    else if (state.isKept) this.#keep(id);
  }

  /** Moves an item to the list of those that clients request again, if the policy has one. */
  #keep(id: ItemId): void {
    const { items, classLocks, evictor, lru } = this.#parts;
    const segment = evictor.segmentForRestored(true);
    const isInPlace = items.segment(id) === segment || items.segment(id) === SEGMENT.temp;
    if (isInPlace) return;
    const sizeClass = items.lruClassOf(id);
    classLocks.lock(sizeClass);
    lru.moveToHead(sizeClass, id, segment);
    classLocks.unlock(sizeClass);
  }
}
