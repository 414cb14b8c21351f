import { copyBytes } from '../../base/index.ts';
import type { Arena } from '../memory/arena.ts';
import {
  byteOf,
  CHAIN,
  FLAG,
  ITEM,
  ITEM_HEADER_BYTES,
  type ItemId,
  itemBytes,
  KEY_BYTES_MAX,
  NO_ITEM,
  VALUE_CHUNK,
  wordOf,
} from '../memory/item-layout.ts';
import type { Items } from './items.ts';

const WORD_BYTES = 4;

/**
 * The value bytes that a chained item can hold for certain: the ids of its value chunks must fit
 * into one chunk beside the longest key.
 */
export function chainedItemBytesMax(chunkBytesMax: number): number {
  const headBytes = itemBytes(KEY_BYTES_MAX, 1, 0, true) + (1 + CHAIN.chunks) * WORD_BYTES;
  const chunks = Math.floor((chunkBytesMax - headBytes) / WORD_BYTES);
  return chunks * (chunkBytesMax - ITEM_HEADER_BYTES);
}

/**
 * Finds the bytes of a value: behind the key, or in a chain of value chunks (layout.ts draws both).
 * A thread may use it while it holds the stripe of the item's key, or has pinned the item.
 */
export class Chains {
  /** How many value bytes a full value chunk holds. */
  readonly payloadBytes: number;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #items: Items;

  constructor({ arena, items }: { readonly arena: Arena; readonly items: Items }) {
    this.#words = arena.words;
    this.#bytes = arena.bytes;
    this.#items = items;
    this.payloadBytes = arena.sizeClasses.chunkBytesMax - ITEM_HEADER_BYTES;
  }

  /** How many bytes the head of a chained item takes in its chunk. */
  headBytes(keyBytes: number, clientFlags: number, valueBytes: number, ownCas: boolean): number {
    const before = itemBytes(keyBytes, clientFlags, 0, ownCas);
    const words = Math.ceil(before / WORD_BYTES) + CHAIN.chunks + this.chunkCountFor(valueBytes);
    return words * WORD_BYTES;
  }

  /** How many value chunks a value of so many bytes takes. */
  chunkCountFor(valueBytes: number): number {
    return Math.ceil(valueBytes / this.payloadBytes);
  }

  /** How many value chunks a chained item has once it is complete. */
  chunkCount(head: ItemId): number {
    return this.chunkCountFor(this.#items.valueBytes(head));
  }

  /** Makes a new item a chained one that has no value chunk yet. */
  beginChain(head: ItemId): void {
    this.#items.setFlags(head, FLAG.chunked);
    const at = this.#items.chainWord(head);
    this.#words.fill(0, at, this.endWord(head));
  }

  /** The word after the last word that the head uses in its chunk. */
  endWord(head: ItemId): number {
    return this.#items.chainWord(head) + CHAIN.chunks + this.chunkCount(head);
  }

  /** The value chunk at `ordinal`, or NO_ITEM while it is not allocated. */
  chunk(head: ItemId, ordinal: number): ItemId {
    return this.#words[this.#items.chainWord(head) + CHAIN.chunks + ordinal]!;
  }

  /** Marks a chunk as allocated: it is neither free nor an item nor part of a chain. */
  claim(chunk: ItemId): void {
    const at = wordOf(chunk);
    this.#words[at + VALUE_CHUNK.head] = NO_ITEM;
    this.#words[at + ITEM.meta] = FLAG.chunked;
  }

  /** Makes `chunk` the value chunk at `ordinal`. */
  attach(head: ItemId, ordinal: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    this.#words[at + VALUE_CHUNK.head] = head;
    this.#words[at + VALUE_CHUNK.ordinal] = ordinal;
    this.#words[at + ITEM.meta] = FLAG.chunked;
    this.#words[this.#items.chainWord(head) + CHAIN.chunks + ordinal] = chunk;
  }

  /** The item that a value chunk belongs to. */
  headOf(chunk: ItemId): ItemId {
    return this.#words[wordOf(chunk) + VALUE_CHUNK.head]!;
  }

  ordinalOf(chunk: ItemId): number {
    return this.#words[wordOf(chunk) + VALUE_CHUNK.ordinal]!;
  }

  /** Whether a chunk is a value chunk, or allocated but not in use yet (`claim`). */
  isValueChunk(chunk: ItemId): boolean {
    return this.#words[wordOf(chunk) + ITEM.meta] === FLAG.chunked;
  }

  /** How many readers have pinned the item. The caller holds the stripe of its key. */
  pins(head: ItemId): number {
    return this.#words[this.#items.chainWord(head) + CHAIN.pins]!;
  }

  setPins(head: ItemId, pins: number): void {
    this.#words[this.#items.chainWord(head) + CHAIN.pins] = pins;
  }

  /** The byte in the slab pages where byte `offset` of a value is. */
  byteAt(id: ItemId, offset: number): number {
    if (!this.#items.isChained(id)) return this.#items.valueAt(id) + offset;
    const chunk = this.chunk(id, Math.floor(offset / this.payloadBytes));
    return byteOf(chunk) + ITEM_HEADER_BYTES + (offset % this.payloadBytes);
  }

  /** How many bytes of the value are contiguous from byte `offset` on. */
  contiguousBytes(id: ItemId, offset: number): number {
    const rest = this.#items.valueBytes(id) - offset;
    if (!this.#items.isChained(id)) return rest;
    return Math.min(rest, this.payloadBytes - (offset % this.payloadBytes));
  }

  /** Writes `source[start, end)` at byte `offset` of a value whose chunks are all allocated. */
  write(id: ItemId, offset: number, source: Buffer, start: number, end: number): void {
    for (let from = start, to = offset; from < end; ) {
      const bytes = Math.min(end - from, this.contiguousBytes(id, to));
      copyBytes(source, from, from + bytes, this.#bytes, this.byteAt(id, to));
      from += bytes;
      to += bytes;
    }
  }

  /** Copies the whole value of `source` into the value of `target`, from byte `offset` on. */
  copy(source: ItemId, target: ItemId, offset: number): void {
    const valueBytes = this.#items.valueBytes(source);
    for (let from = 0; from < valueBytes; ) {
      const at = this.byteAt(source, from);
      const bytes = this.contiguousBytes(source, from);
      this.write(target, offset + from, this.#bytes, at, at + bytes);
      from += bytes;
    }
  }
}
