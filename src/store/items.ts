import type { Arena } from './arena.ts';
import {
  CHAIN,
  CLIENT_FLAGS_BYTES,
  EXTRAS_MASK,
  FLAG,
  ID_UNIT_BYTES,
  ITEM,
  ITEM_HEADER_BYTES,
  type ItemId,
  OWN_CAS_BYTES,
  PAGE_BYTES,
} from './layout.ts';

const SIZE_MASK = 0x3fff_ffff;
const SEGMENT_SHIFT = 30;
const KEY_SHIFT = 8;
const KEY_MASK = 0xff00;
const SEQ_HIGH_SHIFT = 16;
const SEQ_HIGH_MASK = 0x7fff;
const ACCESS_MASK = 0x0fff_ffff;
const HITS_SHIFT = 28;
/** How many hits an item remembers. */
export const HITS_MAX = 3;
const WORDS_PER_UNIT = ID_UNIT_BYTES / 4;
const ID_UNITS_PER_PAGE = PAGE_BYTES / ID_UNIT_BYTES;

/** The word at which the item `id` starts. */
export function wordOf(id: ItemId): number {
  return (id - 1) * WORDS_PER_UNIT;
}

/** Which page holds the item. */
export function pageOf(id: ItemId): number {
  return Math.floor((id - 1) / ID_UNITS_PER_PAGE);
}

/** How many bytes an item takes of its chunk. */
export function itemBytes(
  keyBytes: number,
  clientFlags: number,
  valueBytes: number,
  ownCas: boolean,
): number {
  return (
    ITEM_HEADER_BYTES +
    (clientFlags === 0 ? 0 : CLIENT_FLAGS_BYTES) +
    (ownCas ? OWN_CAS_BYTES : 0) +
    keyBytes +
    valueBytes
  );
}

/** Bytes between an item's header and its key. */
function extraBytes(meta: number): number {
  return (
    ((meta & FLAG.clientFlags) === 0 ? 0 : CLIENT_FLAGS_BYTES) +
    ((meta & FLAG.ownCas) === 0 ? 0 : OWN_CAS_BYTES)
  );
}

/** What `Items.read` tells of an item. */
export interface ItemFacts {
  clientFlags: number;
  valueBytes: number;
  /** Of the LRU. */
  segment: number;
  casHigh: number;
  casLow: number;
  /** The byte, in the slab pages, at which the value starts; nowhere when it is chained. */
  valueAt: number;
  isChained: boolean;
}

/**
 * Reads and writes the fields of items. Who may: an item that is not linked belongs to the one
 * connection that allocated it; a linked one to the holder of its key's stripe, except its LRU
 * links, which belong to the holder of its class.
 */
export class Items {
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #pageClass: Uint8Array;
  readonly #largestClass: number;

  constructor(arena: Arena, largestClass: number) {
    this.#largestClass = largestClass;
    this.#words = arena.words;
    this.#bytes = arena.bytes;
    this.#pageClass = arena.pageClass;
  }

  /** Writes the header of a fresh, unlinked item, and its client flags. */
  format(
    id: ItemId,
    keyBytes: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
    ownCas: boolean,
  ): void {
    const words = this.#words;
    const at = wordOf(id);
    words[at + ITEM.chainNext] = 0;
    words[at + ITEM.lruPrev] = 0;
    words[at + ITEM.lruNext] = 0;
    words[at + ITEM.expiry] = expiry;
    words[at + ITEM.access] = 0;
    words[at + ITEM.seqLow] = 0;
    words[at + ITEM.meta] =
      (keyBytes << KEY_SHIFT) |
      (clientFlags === 0 ? 0 : FLAG.clientFlags) |
      (ownCas ? FLAG.ownCas : 0);
    words[at + ITEM.size] = valueBytes;
    if (clientFlags !== 0) words[at + ITEM_HEADER_BYTES / 4] = clientFlags;
  }

  /**
   * Writes the header of a linked item for a new value with client flags where there were some, or
   * none as before.
   */
  renew(
    id: ItemId,
    cleared: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
  ): void {
    const words = this.#words;
    const at = wordOf(id);
    words[at + ITEM.expiry] = expiry;
    words[at + ITEM.meta]! &= ~cleared;
    words[at + ITEM.size] = (words[at + ITEM.size]! & ~SIZE_MASK) | valueBytes;
    if (clientFlags !== 0) words[at + ITEM_HEADER_BYTES / 4] = clientFlags;
  }

  /** The class of the chunk: where it goes when it is free. */
  classOf(id: ItemId): number {
    return this.#pageClass[pageOf(id)]!;
  }

  /**
   * The class on whose LRU lists the item is, and by which it is counted: that of its chunk, but a
   * chained item is with the largest, so that whoever needs large chunks evicts large items.
   */
  lruClassOf(id: ItemId): number {
    return this.has(id, FLAG.chunked) ? this.#largestClass : this.classOf(id);
  }

  /**
   * Whether this is an item whose value is in chunks of its own; not whether it is one of those.
   */
  isChained(id: ItemId): boolean {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    return (meta & FLAG.chunked) !== 0 && (meta & KEY_MASK) !== 0;
  }

  /** The word at which the chain of a chained item starts. */
  chainAt(id: ItemId): number {
    const extra = extraBytes(this.#words[wordOf(id) + ITEM.meta]!);
    return wordOf(id) + Math.ceil((ITEM_HEADER_BYTES + extra + this.keyBytes(id)) / 4);
  }

  /** Whether somebody is reading the item's chain without holding its stripe. */
  isPinned(id: ItemId): boolean {
    return this.isChained(id) && this.#words[this.chainAt(id) + CHAIN.pins] !== 0;
  }

  chainNext(id: ItemId): ItemId {
    return this.#words[wordOf(id) + ITEM.chainNext]!;
  }
  setChainNext(id: ItemId, next: ItemId): void {
    this.#words[wordOf(id) + ITEM.chainNext] = next;
  }

  lruPrev(id: ItemId): ItemId {
    return this.#words[wordOf(id) + ITEM.lruPrev]!;
  }
  setLruPrev(id: ItemId, prev: ItemId): void {
    this.#words[wordOf(id) + ITEM.lruPrev] = prev;
  }
  lruNext(id: ItemId): ItemId {
    return this.#words[wordOf(id) + ITEM.lruNext]!;
  }
  setLruNext(id: ItemId, next: ItemId): void {
    this.#words[wordOf(id) + ITEM.lruNext] = next;
  }

  /** When the item expires on the store's clock; 0 is never. */
  expiry(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.expiry]!;
  }
  setExpiry(id: ItemId, seconds: number): void {
    this.#words[wordOf(id) + ITEM.expiry] = seconds;
  }

  /** When the item was last read or written, on the store's clock. */
  access(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.access]! & ACCESS_MASK;
  }
  /** How often it was read of late, up to HITS_MAX: what the LRU goes by, and takes from. */
  hits(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.access]! >>> HITS_SHIFT;
  }
  /**
   * The LRU's side sets it without the stripe: a hit at that very moment may be lost with it, which
   * costs nothing but that.
   */
  setHits(id: ItemId, hits: number): void {
    const at = wordOf(id) + ITEM.access;
    this.#words[at] = (this.#words[at]! & ACCESS_MASK) | (hits << HITS_SHIFT);
  }
  setAccess(id: ItemId, seconds: number, hits: number): void {
    this.#words[wordOf(id) + ITEM.access] = (seconds & ACCESS_MASK) | (hits << HITS_SHIFT);
  }

  seqLow(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.seqLow]!;
  }
  seqHigh(id: ItemId): number {
    return (this.#words[wordOf(id) + ITEM.meta]! >>> SEQ_HIGH_SHIFT) & SEQ_HIGH_MASK;
  }
  setSeq(id: ItemId, high: number, low: number): void {
    const at = wordOf(id);
    const words = this.#words;
    words[at + ITEM.seqLow] = low;
    words[at + ITEM.meta] =
      (words[at + ITEM.meta]! & ~(SEQ_HIGH_MASK << SEQ_HIGH_SHIFT)) | (high << SEQ_HIGH_SHIFT);
  }

  casHigh(id: ItemId): number {
    return this.has(id, FLAG.ownCas) ? this.#words[this.#ownCasAt(id) + 1]! : this.seqHigh(id);
  }
  casLow(id: ItemId): number {
    return this.has(id, FLAG.ownCas) ? this.#words[this.#ownCasAt(id)]! : this.seqLow(id);
  }
  /** Only of an item with FLAG.ownCas. */
  setOwnCas(id: ItemId, high: number, low: number): void {
    const at = this.#ownCasAt(id);
    this.#words[at] = low;
    this.#words[at + 1] = high;
  }
  #ownCasAt(id: ItemId): number {
    const flagsBytes = this.has(id, FLAG.clientFlags) ? CLIENT_FLAGS_BYTES : 0;
    return wordOf(id) + (ITEM_HEADER_BYTES + flagsBytes) / 4;
  }

  keyBytes(id: ItemId): number {
    return (this.#words[wordOf(id) + ITEM.meta]! >>> KEY_SHIFT) & 0xff;
  }
  has(id: ItemId, flag: number): boolean {
    return (this.#words[wordOf(id) + ITEM.meta]! & flag) !== 0;
  }
  setFlags(id: ItemId, flags: number): void {
    this.#words[wordOf(id) + ITEM.meta]! |= flags;
  }
  clearFlags(id: ItemId, flags: number): void {
    this.#words[wordOf(id) + ITEM.meta]! &= ~flags;
  }

  /** Marks a linked item as read: nothing is written for one that is read all the time. */
  noteHit(id: ItemId, now: number): void {
    const at = wordOf(id);
    const words = this.#words;
    const meta = words[at + ITEM.meta]!;
    if ((meta & FLAG.fetched) === 0) words[at + ITEM.meta] = meta | FLAG.fetched;
    const access = words[at + ITEM.access]!;
    const hits = access >>> HITS_SHIFT;
    const noted = ((hits === HITS_MAX ? HITS_MAX : hits + 1) << HITS_SHIFT) | now;
    if (access !== noted >>> 0) words[at + ITEM.access] = noted;
  }

  valueBytes(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.size]! & SIZE_MASK;
  }
  segment(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.size]! >>> SEGMENT_SHIFT;
  }
  setSegment(id: ItemId, segment: number): void {
    const at = wordOf(id) + ITEM.size;
    this.#words[at] = (this.#words[at]! & SIZE_MASK) | (segment << SEGMENT_SHIFT);
  }

  clientFlags(id: ItemId): number {
    if (!this.has(id, FLAG.clientFlags)) return 0;
    return this.#words[wordOf(id) + ITEM_HEADER_BYTES / 4]!;
  }

  /** The byte, in the slab pages, at which the key starts. */
  keyAt(id: ItemId): number {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    return (id - 1) * ID_UNIT_BYTES + ITEM_HEADER_BYTES + extraBytes(meta);
  }
  /** The byte, in the slab pages, at which a value starts that is not chained. */
  valueAt(id: ItemId): number {
    return this.keyAt(id) + this.keyBytes(id);
  }
  /** Header, key and value together. */
  bytes(id: ItemId): number {
    const extra = extraBytes(this.#words[wordOf(id) + ITEM.meta]!);
    return ITEM_HEADER_BYTES + extra + this.keyBytes(id) + this.valueBytes(id);
  }

  /** All that a reply shows of an opened item, in one look at its header. */
  read(id: ItemId, into: ItemFacts): void {
    const words = this.#words;
    const at = wordOf(id);
    const meta = words[at + ITEM.meta]!;
    into.clientFlags = (meta & FLAG.clientFlags) === 0 ? 0 : words[at + ITEM_HEADER_BYTES / 4]!;
    const size = words[at + ITEM.size]!;
    into.valueBytes = size & SIZE_MASK;
    into.segment = size >>> SEGMENT_SHIFT;
    into.isChained = (meta & FLAG.chunked) !== 0;
    const ownCas = (meta & FLAG.ownCas) !== 0;
    into.casHigh = ownCas ? this.casHigh(id) : (meta >>> SEQ_HIGH_SHIFT) & SEQ_HIGH_MASK;
    into.casLow = ownCas ? this.casLow(id) : words[at + ITEM.seqLow]!;
    into.valueAt =
      (id - 1) * ID_UNIT_BYTES +
      ITEM_HEADER_BYTES +
      ((meta & EXTRAS_MASK) === 0 ? 0 : extraBytes(meta)) +
      ((meta >>> KEY_SHIFT) & 0xff);
  }

  /** Whether the item's key is `bytes[start, start + length)`; from the end, where keys differ. */
  keyEquals(id: ItemId, bytes: Buffer, start: number, length: number): boolean {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    if (((meta >>> KEY_SHIFT) & 0xff) !== length) return false;
    const arena = this.#bytes;
    const extra = (meta & EXTRAS_MASK) === 0 ? 0 : extraBytes(meta);
    const at = (id - 1) * ID_UNIT_BYTES + ITEM_HEADER_BYTES + extra;
    for (let i = length - 1; i >= 0; i--) if (arena[at + i] !== bytes[start + i]) return false;
    return true;
  }
}
