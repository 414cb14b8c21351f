import type { Arena } from '../memory/arena.ts';
import {
  byteOf,
  CHAIN,
  CLIENT_FLAGS_BYTES,
  EXTRAS_MASK,
  extraBytes,
  FLAG,
  ITEM,
  ITEM_BITS,
  ITEM_HEADER_BYTES,
  type ItemId,
  pageOf,
  wordOf,
} from '../memory/item-layout.ts';
import type { ItemFacts } from './item-facts.ts';
import type { NewItem } from './new-item.ts';

const { sizeMask: SIZE_MASK, segmentShift: SEGMENT_SHIFT } = ITEM_BITS;
const KEY_SHIFT = ITEM_BITS.keyShift;
const KEY_MASK = 0xff00;
const SEQ_HIGH_SHIFT = ITEM_BITS.seqHighShift;
const SEQ_HIGH_MASK = ITEM_BITS.seqHighMask;
const SEQ_BITS = (SEQ_HIGH_MASK << SEQ_HIGH_SHIFT) | FLAG.copy;
const { accessMask: ACCESS_MASK, hitsShift: HITS_SHIFT } = ITEM_BITS;
/** The largest hit count of an item. */
export const HITS_MAX = 3;

/**
 * Reads and writes the fields of items. An item that is not linked belongs to the connection that
 * allocated it; a linked item belongs to the holder of its key's stripe, except its LRU links,
 * which belong to the holder of its class lock.
 */
export class Items {
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #pageClass: Uint8Array;
  readonly #largestClass: number;

  constructor(arena: Arena) {
    this.#largestClass = arena.sizeClasses.largest;
    this.#words = arena.words;
    this.#bytes = arena.bytes;
    this.#pageClass = arena.pageClass;
  }

  /** Writes the header and the client flags of a new, unlinked item. */
  format(id: ItemId, item: NewItem): void {
    const { keyBytes, clientFlags, ownCas } = item;
    const words = this.#words;
    const at = wordOf(id);
    words[at + ITEM.bucketNext] = 0;
    words[at + ITEM.lruPrev] = 0;
    words[at + ITEM.lruNext] = 0;
    words[at + ITEM.expiry] = item.expiry;
    words[at + ITEM.access] = 0;
    words[at + ITEM.seqLow] = 0;
    words[at + ITEM.meta] =
      (keyBytes << KEY_SHIFT) |
      (clientFlags === 0 ? 0 : FLAG.clientFlags) |
      (ownCas ? FLAG.ownCas : 0);
    words[at + ITEM.size] = item.valueBytes;
    if (clientFlags !== 0) words[at + ITEM_HEADER_BYTES / 4] = clientFlags;
  }

  /**
   * Writes the header of a linked item for a new value, except its size. The new value has client
   * flags exactly if the old one had them, so the key stays where it is.
   */
  overwriteHeader(id: ItemId, cleared: number, { clientFlags, expiry }: NewItem): void {
    const words = this.#words;
    const at = wordOf(id);
    words[at + ITEM.expiry] = expiry;
    words[at + ITEM.meta]! &= ~cleared;
    if (clientFlags !== 0) words[at + ITEM_HEADER_BYTES / 4] = clientFlags;
  }

  /** The class of the item's chunk, which gets the chunk back. */
  classOf(id: ItemId): number {
    return this.#pageClass[pageOf(id)]!;
  }

  /**
   * The class that lists and counts the item: the class of its chunk, or for a chained item the
   * largest class, so that a class short of large chunks evicts large items.
   */
  lruClassOf(id: ItemId): number {
    return this.hasFlag(id, FLAG.chunked) ? this.#largestClass : this.classOf(id);
  }

  /** Whether this is the head of a chained item. It is false for a value chunk. */
  isChained(id: ItemId): boolean {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    return (meta & FLAG.chunked) !== 0 && (meta & KEY_MASK) !== 0;
  }

  /** The word where the pins and the chunk ids of a chained item start. */
  chainWord(id: ItemId): number {
    const extra = extraBytes(this.#words[wordOf(id) + ITEM.meta]!);
    return wordOf(id) + Math.ceil((ITEM_HEADER_BYTES + extra + this.keyBytes(id)) / 4);
  }

  /** Whether a reader has pinned the item, to read its chunks without the stripe. */
  isPinned(id: ItemId): boolean {
    return this.isChained(id) && this.#words[this.chainWord(id) + CHAIN.pins] !== 0;
  }

  bucketNext(id: ItemId): ItemId {
    return this.#words[wordOf(id) + ITEM.bucketNext]!;
  }
  setBucketNext(id: ItemId, next: ItemId): void {
    this.#words[wordOf(id) + ITEM.bucketNext] = next;
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

  /** The second at which the item expires, on the store's clock; 0 is never. */
  expiry(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.expiry]!;
  }
  setExpiry(id: ItemId, seconds: number): void {
    this.#words[wordOf(id) + ITEM.expiry] = seconds;
  }

  /** The second of the last read or write, on the store's clock. */
  access(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.access]! & ACCESS_MASK;
  }
  /** Recent hits, at most HITS_MAX. The eviction policy reads the count and lowers it. */
  hits(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.access]! >>> HITS_SHIFT;
  }
  /** LRU code sets it without the stripe, so a hit at the same moment may not be counted. */
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
  /** Sets the sequence number, and clears FLAG.copy: this node has written the item. */
  setSeq(id: ItemId, high: number, low: number): void {
    const at = wordOf(id);
    const words = this.#words;
    words[at + ITEM.seqLow] = low;
    words[at + ITEM.meta] = (words[at + ITEM.meta]! & ~SEQ_BITS) | (high << SEQ_HIGH_SHIFT);
  }

  casHigh(id: ItemId): number {
    if (!this.hasFlag(id, FLAG.ownCas)) return this.seqHigh(id);
    return this.#words[this.#ownCasWord(id) + 1]!;
  }
  casLow(id: ItemId): number {
    return this.hasFlag(id, FLAG.ownCas) ? this.#words[this.#ownCasWord(id)]! : this.seqLow(id);
  }
  /** Only for an item with FLAG.ownCas. */
  setOwnCas(id: ItemId, high: number, low: number): void {
    const at = this.#ownCasWord(id);
    this.#words[at] = low;
    this.#words[at + 1] = high;
  }
  #ownCasWord(id: ItemId): number {
    const hasFlags = this.hasFlag(id, FLAG.clientFlags);
    return wordOf(id) + (ITEM_HEADER_BYTES + (hasFlags ? CLIENT_FLAGS_BYTES : 0)) / 4;
  }

  keyBytes(id: ItemId): number {
    return (this.#words[wordOf(id) + ITEM.meta]! >>> KEY_SHIFT) & ITEM_BITS.keyMask;
  }
  flags(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.meta]!;
  }
  hasFlag(id: ItemId, flag: number): boolean {
    return (this.#words[wordOf(id) + ITEM.meta]! & flag) !== 0;
  }
  setFlags(id: ItemId, flags: number): void {
    this.#words[wordOf(id) + ITEM.meta]! |= flags;
  }
  clearFlags(id: ItemId, flags: number): void {
    this.#words[wordOf(id) + ITEM.meta]! &= ~flags;
  }

  /** Whether a client has fetched the value. */
  isFetched(id: ItemId): boolean {
    return this.hasFlag(id, FLAG.fetched);
  }
  /** Whether the value was invalidated, or replaced by an older one. */
  isStale(id: ItemId): boolean {
    return this.hasFlag(id, FLAG.stale);
  }
  /** Whether a client has the lease to load the value. */
  isLeased(id: ItemId): boolean {
    return this.hasFlag(id, FLAG.tokenSent);
  }
  /** Whether the client sent the key in base64. */
  hasBinaryKey(id: ItemId): boolean {
    return this.hasFlag(id, FLAG.keyBinary);
  }

  /** Marks a linked item as read. For an item that is read all the time it writes nothing. */
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
  /** The word also has the segment, which LRU code changes: the caller holds the class lock. */
  setValueBytes(id: ItemId, valueBytes: number): void {
    const at = wordOf(id) + ITEM.size;
    this.#words[at] = (this.#words[at]! & ~SIZE_MASK) | valueBytes;
  }
  segment(id: ItemId): number {
    return this.#words[wordOf(id) + ITEM.size]! >>> SEGMENT_SHIFT;
  }
  setSegment(id: ItemId, segment: number): void {
    const at = wordOf(id) + ITEM.size;
    this.#words[at] = (this.#words[at]! & SIZE_MASK) | (segment << SEGMENT_SHIFT);
  }

  clientFlags(id: ItemId): number {
    if (!this.hasFlag(id, FLAG.clientFlags)) return 0;
    return this.#words[wordOf(id) + ITEM_HEADER_BYTES / 4]!;
  }

  /** The byte in the slab pages where the key starts. */
  keyAt(id: ItemId): number {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    return byteOf(id) + ITEM_HEADER_BYTES + extraBytes(meta);
  }
  /** The byte in the slab pages where the value starts. Not for a chained item. */
  valueAt(id: ItemId): number {
    return this.keyAt(id) + this.keyBytes(id);
  }
  /** Bytes of header, key and value together. */
  bytes(id: ItemId): number {
    const extra = extraBytes(this.#words[wordOf(id) + ITEM.meta]!);
    return ITEM_HEADER_BYTES + extra + this.keyBytes(id) + this.valueBytes(id);
  }

  /** Reads all facts that a reply shows of an opened item, in one pass over its header. */
  read(id: ItemId, into: ItemFacts): void {
    const words = this.#words;
    const at = wordOf(id);
    const meta = words[at + ITEM.meta]!;
    into.clientFlags = (meta & FLAG.clientFlags) === 0 ? 0 : words[at + ITEM_HEADER_BYTES / 4]!;
    const size = words[at + ITEM.size]!;
    into.valueBytes = size & SIZE_MASK;
    into.segment = size >>> SEGMENT_SHIFT;
    const isChained = (meta & FLAG.chunked) !== 0;
    into.isChained = isChained;
    into.sizeClass = isChained ? this.#largestClass : this.#pageClass[pageOf(id)]!;
    const ownCas = (meta & FLAG.ownCas) !== 0;
    into.casHigh = ownCas ? this.casHigh(id) : (meta >>> SEQ_HIGH_SHIFT) & SEQ_HIGH_MASK;
    into.casLow = ownCas ? this.casLow(id) : words[at + ITEM.seqLow]!;
    into.valueAt =
      byteOf(id) +
      ITEM_HEADER_BYTES +
      ((meta & EXTRAS_MASK) === 0 ? 0 : extraBytes(meta)) +
      ((meta >>> KEY_SHIFT) & 0xff);
  }

  /**
   * Whether the key is `bytes[start, start + length)`. Compares backwards: keys differ at the end.
   */
  keyEquals(id: ItemId, bytes: Buffer, start: number, length: number): boolean {
    const meta = this.#words[wordOf(id) + ITEM.meta]!;
    if (((meta >>> KEY_SHIFT) & 0xff) !== length) return false;
    const arena = this.#bytes;
    const extra = (meta & EXTRAS_MASK) === 0 ? 0 : extraBytes(meta);
    const at = byteOf(id) + ITEM_HEADER_BYTES + extra;
    for (let i = length - 1; i >= 0; i--) if (arena[at + i] !== bytes[start + i]) return false;
    return true;
  }
}
