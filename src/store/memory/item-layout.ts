/**
 * The layout of items and chunks in the slab pages.
 *
 * Words have 32 bits. An item id is the offset of a chunk in the slab pages in units of 8 bytes,
 * plus one: 0 means "none", and 32 bits reach 32 GiB.
 *
 * An item, from its first byte (word offsets in ITEM below):
 *
 *   0       4       8       12      16      20      24         26      27      28          32
 *   ├ next ─┼ prev ─┼ next ─┼ expiry┼ access┼ seq ──┼ seq high ┼ nkey ─┼ flags ┼ size, seg ┤
 *   │ bucket│ LRU   │ LRU   │ s     │ 4+28  │ low   │ 1+15 bits│ bytes │ 8 bits│ 30 + 2    │
 *
 *   then [client flags, 4 bytes, only when not 0]
 *        [CAS id, 8 bytes, low word first, only when a client chose it: FLAG.ownCas] [key] [value]
 *
 * The sequence number orders writes; it is the CAS id of every item without a CAS id of its own.
 * ACCESS holds the second of the last access and, in its top bits, the recent hits (0 … 3).
 *
 * A free chunk is on the free list of its class, linked by PREV and NEXT; its META is 0.
 *
 * An item that does not fit into one chunk is a chained item. Its head has FLAG.chunked and,
 * instead of the value, from the next word on (word offsets in CHAIN):
 *
 *   … key ┼ pins ┼ value chunk 0 ┼ value chunk 1 ┼ …    ids; 0 until the chunk is allocated
 *
 * A value chunk has a header of the same size. Its META is FLAG.chunked alone, without key bytes,
 * which distinguishes it from items and free chunks (word offsets in VALUE_CHUNK):
 *
 *   0       4          8                 24     28        32
 *   ├ head ─┼ ordinal ─┼ ─ not used ─ … ─┼ meta ┼ ─ … ────┤ bytes of the value
 *
 * All value chunks except the last are full and of the largest class. The last is of the class that
 * fits, if that class had a chunk. The first is always of the largest class.
 */

/** An item or chunk: `(byte offset in the slab pages) / 8 + 1`; 0 is no item. */
export type ItemId = number;
export const NO_ITEM: ItemId = 0;

export const PAGE_BYTES = 1 << 20;
export const ID_UNIT_BYTES = 8;
export const ITEM_HEADER_BYTES = 32;
export const CLIENT_FLAGS_BYTES = 4;
export const OWN_CAS_BYTES = 8;
export const VALUE_BYTES_MAX = 2 ** 30 - 1;
/** The longest key. */
export const KEY_BYTES_MAX = 250;
/** The latest second at which an item can expire. */
export const EXPIRY_MAX = 2 ** 32 - 1;
/** Word offsets inside an item. */
export const ITEM = {
  bucketNext: 0,
  lruPrev: 1,
  lruNext: 2,
  expiry: 3,
  access: 4,
  seqLow: 5,
  meta: 6,
  size: 7,
} as const;

/** Where the fields are in the words of an item that hold several. */
export const ITEM_BITS = {
  sizeMask: 0x3fff_ffff,
  segmentShift: 30,
  keyShift: 8,
  keyMask: 0xff,
  seqHighShift: 16,
  seqHighMask: 0x7fff,
  accessMask: 0x0fff_ffff,
  hitsShift: 28,
} as const;

/** The low byte of ITEM.meta, and its highest bit. */
export const FLAG = {
  linked: 1,
  fetched: 2,
  /**
   * The fast path must not answer: another node is the primary of the key, or other holders may
   * lack the last change of the item. A new sequence number clears the flag (`setSeq`).
   */
  copy: 4,
  clientFlags: 8,
  keyBinary: 16,
  stale: 32,
  tokenSent: 64,
  chunked: 128,
  ownCas: 0x8000_0000,
} as const;

/** Word offsets after the key of a chained item. */
export const CHAIN = { pins: 0, chunks: 1 } as const;
/** Word offsets inside a value chunk. */
export const VALUE_CHUNK = { head: 0, ordinal: 1 } as const;

/** The flags of an item that has bytes between its header and its key. */
export const EXTRAS_MASK = FLAG.clientFlags | FLAG.ownCas;

/** LRU segments, in the order of their two bits in ITEM.size. */
export const SEGMENT = { hot: 0, warm: 1, cold: 2, temp: 3 } as const;

const WORDS_PER_UNIT = ID_UNIT_BYTES / 4;
const ID_UNITS_PER_PAGE = PAGE_BYTES / ID_UNIT_BYTES;

/** The word where the item starts. */
export function wordOf(id: ItemId): number {
  return (id - 1) * WORDS_PER_UNIT;
}

/** The byte where the item starts. */
export function byteOf(id: ItemId): number {
  return (id - 1) * ID_UNIT_BYTES;
}

/** The page that holds the item. */
export function pageOf(id: ItemId): number {
  return Math.floor((id - 1) / ID_UNITS_PER_PAGE);
}

/** How many bytes an item takes in its chunk. */
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

/** Bytes between the header and the key of an item. */
export function extraBytes(meta: number): number {
  return (
    ((meta & FLAG.clientFlags) === 0 ? 0 : CLIENT_FLAGS_BYTES) +
    ((meta & FLAG.ownCas) === 0 ? 0 : OWN_CAS_BYTES)
  );
}
