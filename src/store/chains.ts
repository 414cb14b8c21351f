import type { Arena } from './arena.ts';
import { type Items, itemBytes, wordOf } from './items.ts';
import {
  CHAIN,
  FLAG,
  ID_UNIT_BYTES,
  ITEM,
  ITEM_HEADER_BYTES,
  type ItemId,
  NO_ITEM,
  VALUE_CHUNK,
} from './layout.ts';

const WORD_BYTES = 4;
const KEY_BYTES_MAX = 250;

/** What a chain of such chunks surely holds: its ids must fit into one of them, with the longest key. */
export function chainedItemBytesMax(chunkBytesMax: number): number {
  const headBytes = itemBytes(KEY_BYTES_MAX, 1, 0, true) + (1 + CHAIN.chunks) * WORD_BYTES;
  const chunks = Math.floor((chunkBytesMax - headBytes) / WORD_BYTES);
  return chunks * (chunkBytesMax - ITEM_HEADER_BYTES);
}

/**
 * Where the bytes of a value lie: behind the key, or in a chain of value chunks (both drawn in
 * layout.ts). Who may look: whoever may read the item, and whoever has pinned it.
 */
export class Chains {
  /** What a full value chunk holds. */
  readonly payloadBytes: number;
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  readonly #items: Items;

  constructor(arena: Arena, items: Items, chunkBytesMax: number) {
    this.#words = arena.words;
    this.#bytes = arena.bytes;
    this.#items = items;
    this.payloadBytes = chunkBytesMax - ITEM_HEADER_BYTES;
  }

  /** What the head of a chained item takes of its chunk. */
  headBytes(keyBytes: number, clientFlags: number, valueBytes: number, ownCas: boolean): number {
    const before = itemBytes(keyBytes, clientFlags, 0, ownCas);
    const words = Math.ceil(before / WORD_BYTES) + CHAIN.chunks + this.chunksFor(valueBytes);
    return words * WORD_BYTES;
  }

  /** How many value chunks so many bytes take. */
  chunksFor(valueBytes: number): number {
    return Math.ceil(valueBytes / this.payloadBytes);
  }

  /** How many value chunks a chained item has once it is complete. */
  chunksOf(head: ItemId): number {
    return this.chunksFor(this.#items.valueBytes(head));
  }

  /** Makes a fresh item a chained one, without a chunk yet. */
  begin(head: ItemId): void {
    this.#items.setFlags(head, FLAG.chunked);
    const at = this.#items.chainAt(head);
    this.#words.fill(0, at, this.endOf(head));
  }

  /** The word after the last of a chained item's own chunk. */
  endOf(head: ItemId): number {
    return this.#items.chainAt(head) + CHAIN.chunks + this.chunksOf(head);
  }

  /** Value chunk number `ordinal`, or NO_ITEM when it has not been needed yet. */
  chunk(head: ItemId, ordinal: number): ItemId {
    return this.#words[this.#items.chainAt(head) + CHAIN.chunks + ordinal]!;
  }

  /** Marks a chunk as taken, in whose hands ever: neither free nor an item nor in a chain. */
  claim(chunk: ItemId): void {
    const at = wordOf(chunk);
    this.#words[at + VALUE_CHUNK.head] = NO_ITEM;
    this.#words[at + ITEM.meta] = FLAG.chunked;
  }

  /** Makes `chunk` the value chunk number `ordinal`. */
  join(head: ItemId, ordinal: number, chunk: ItemId): void {
    const at = wordOf(chunk);
    this.#words[at + VALUE_CHUNK.head] = head;
    this.#words[at + VALUE_CHUNK.ordinal] = ordinal;
    this.#words[at + ITEM.meta] = FLAG.chunked;
    this.#words[this.#items.chainAt(head) + CHAIN.chunks + ordinal] = chunk;
  }

  /** The item that a value chunk belongs to. */
  headOf(chunk: ItemId): ItemId {
    return this.#words[wordOf(chunk) + VALUE_CHUNK.head]!;
  }

  ordinalOf(chunk: ItemId): number {
    return this.#words[wordOf(chunk) + VALUE_CHUNK.ordinal]!;
  }

  /** Whether a chunk is a value chunk, or in the hands of somebody who has just taken it. */
  isValueChunk(chunk: ItemId): boolean {
    return this.#words[wordOf(chunk) + ITEM.meta] === FLAG.chunked;
  }

  /** How many readers need the item to stay as it is. The stripe of its key is held. */
  pins(head: ItemId): number {
    return this.#words[this.#items.chainAt(head) + CHAIN.pins]!;
  }

  setPins(head: ItemId, pins: number): void {
    this.#words[this.#items.chainAt(head) + CHAIN.pins] = pins;
  }

  /** The byte, in the slab pages, at which byte `offset` of a value lies. */
  at(id: ItemId, offset: number): number {
    if (!this.#items.isChained(id)) return this.#items.valueAt(id) + offset;
    const chunk = this.chunk(id, Math.floor(offset / this.payloadBytes));
    return (chunk - 1) * ID_UNIT_BYTES + ITEM_HEADER_BYTES + (offset % this.payloadBytes);
  }

  /** How many bytes of the value lie together from byte `offset` on. */
  run(id: ItemId, offset: number): number {
    const rest = this.#items.valueBytes(id) - offset;
    if (!this.#items.isChained(id)) return rest;
    return Math.min(rest, this.payloadBytes - (offset % this.payloadBytes));
  }

  /** Writes `source[start, end)` at byte `offset` of a value whose chunks are all there. */
  write(id: ItemId, offset: number, source: Buffer, start: number, end: number): void {
    for (let from = start, to = offset; from < end; ) {
      const bytes = Math.min(end - from, this.run(id, to));
      source.copy(this.#bytes, this.at(id, to), from, from + bytes);
      from += bytes;
      to += bytes;
    }
  }

  /** Copies the whole value of `source` into that of `target`, from its byte `offset` on. */
  copy(source: ItemId, target: ItemId, offset: number): void {
    const valueBytes = this.#items.valueBytes(source);
    for (let from = 0; from < valueBytes; ) {
      const at = this.at(source, from);
      const bytes = this.run(source, from);
      this.write(target, offset + from, this.#bytes, at, at + bytes);
      from += bytes;
    }
  }
}
