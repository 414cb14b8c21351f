import { randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';
import {
  BLOCK,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  COMPRESSIONS,
  type Compression,
  compress,
  FACTS_BYTES_MAX,
  FORMAT_VERSION,
  HEADER,
  HITS_SHIFT,
  ID_BYTES,
  KIND,
  MAGIC,
  PAYLOAD_BYTES_MAX,
  RECORD,
  RECORD_BYTES,
  type SectionName,
  type SnapshotFacts,
  type SnapshotItem,
  writeInteger,
} from './format.ts';

/** Takes the next bytes of a snapshot. They are valid only during the call. */
type WriteBytes = (bytes: Buffer) => void;

/**
 * Writes a snapshot from front to back. Items collect in one block of fixed size; `addItem` only
 * copies into it, so the caller may hold a lock. The other calls write full blocks.
 */
export class SnapshotEncoder {
  /** The items that are in the snapshot so far. */
  items = 0;
  /** Their keys and values, in bytes. */
  itemBytes = 0;
  readonly #write: WriteBytes;
  readonly #compression: Compression;
  readonly #name: SectionName;
  readonly #block = Buffer.alloc(BLOCK_HEADER_BYTES + PAYLOAD_BYTES_MAX);
  /** The position behind the payload so far. */
  #at = BLOCK_HEADER_BYTES;
  #number = 0;
  #itemsBefore = 0;
  #carriedBytes = 0;
  /** Bytes of a large value that are still to come. */
  #largeBytesLeft = 0;

  constructor(
    write: WriteBytes,
    facts: SnapshotFacts,
    compression: Compression,
    name: SectionName = { id: randomBytes(ID_BYTES), section: 0 },
  ) {
    this.#write = write;
    this.#compression = compression;
    this.#name = name;
    write(headerOf(facts, name));
  }

  /** Bytes of records that the block has room for. */
  get room(): number {
    return this.#block.length - this.#at;
  }

  /** Adds an item whose whole record is at most `room`. */
  addItem(item: SnapshotItem, source: Buffer, keyAt: number, valueAt: number): void {
    this.#putRecord(item, source, keyAt);
    source.copy(this.#block, this.#at, valueAt, valueAt + item.valueBytes);
    this.#at += item.valueBytes;
  }

  /** Begins an item of any size; `addPiece` adds its value, which must follow completely. */
  beginItem(item: SnapshotItem, source: Buffer, keyAt: number): void {
    if (this.room < RECORD_BYTES + item.keyBytes) this.flush();
    this.#putRecord(item, source, keyAt);
    this.#largeBytesLeft = item.valueBytes;
  }

  addPiece(source: Buffer, start: number, end: number): void {
    for (let from = start; from < end; ) {
      if (this.room === 0) this.flush();
      const to = Math.min(end, from + this.room);
      source.copy(this.#block, this.#at, from, to);
      this.#at += to - from;
      this.#largeBytesLeft -= to - from;
      from = to;
    }
  }

  /** Gives up the begun item: its value does not follow, and readers count it as missing. */
  dropItem(): void {
    this.#largeBytesLeft = 0;
    this.flush();
  }

  /** Writes the block, unless it is empty. */
  flush(): void {
    if (this.#at === BLOCK_HEADER_BYTES) return;
    this.#writeBlock(KIND.items);
    this.#carriedBytes = Math.min(this.#largeBytesLeft, PAYLOAD_BYTES_MAX);
  }

  /** Writes the rest and the end: a snapshot without its end is not complete. */
  finish(): void {
    this.flush();
    this.#writeBlock(KIND.end);
  }

  #putRecord(item: SnapshotItem, source: Buffer, keyAt: number): void {
    const block = this.#block;
    const at = this.#at;
    block[at + RECORD.marks] = item.marks | (item.hits << HITS_SHIFT);
    block[at + RECORD.keyBytes] = item.keyBytes;
    block[at + RECORD.keyBytes + 1] = 0;
    block[at + RECORD.keyBytes + 2] = 0;
    block.writeUInt32LE(item.clientFlags, at + RECORD.clientFlags);
    block.writeUInt32LE(item.valueBytes, at + RECORD.valueBytes);
    block.writeUInt32LE(item.access, at + RECORD.access);
    writeInteger(block, item.expiry, at + RECORD.expiry);
    block.writeUInt32LE(item.casLow, at + RECORD.cas);
    block.writeUInt32LE(item.casHigh, at + RECORD.cas + 4);
    source.copy(block, at + RECORD_BYTES, keyAt, keyAt + item.keyBytes);
    this.#at = at + RECORD_BYTES + item.keyBytes;
    this.items++;
    this.itemBytes += item.keyBytes + item.valueBytes;
  }

  #writeBlock(kind: number): void {
    const block = this.#block;
    const payload = block.subarray(BLOCK_HEADER_BYTES, this.#at);
    const packed = payload.length === 0 ? payload : compress(payload, this.#compression);
    const isSmaller = packed.length < payload.length;
    const stored = isSmaller ? packed : payload;
    BLOCK_MAGIC.copy(block, BLOCK.magic);
    block[BLOCK.kind] = kind;
    block[BLOCK.compression] = isSmaller ? COMPRESSIONS.indexOf(this.#compression) : 0;
    block.writeUInt16LE(this.items - this.#itemsBefore, BLOCK.items);
    this.#name.id.copy(block, BLOCK.id);
    block.writeUInt32LE(this.#number++, BLOCK.number);
    block.writeUInt32LE(stored.length, BLOCK.storedBytes);
    block.writeUInt32LE(payload.length, BLOCK.payloadBytes);
    block.writeUInt32LE(crc32(stored), BLOCK.payloadCrc);
    writeInteger(block, this.#itemsBefore, BLOCK.itemsBefore);
    writeInteger(block, this.itemBytes, BLOCK.bytesAfter);
    block.writeUInt32LE(this.#carriedBytes, BLOCK.carriedBytes);
    block.writeUInt32LE(this.#name.section, BLOCK.section);
    block.writeUInt32LE(crc32(block.subarray(0, BLOCK.crc)), BLOCK.crc);
    if (isSmaller) {
      this.#write(block.subarray(0, BLOCK_HEADER_BYTES));
      this.#write(stored);
    } else {
      this.#write(block.subarray(0, this.#at));
    }
    this.#at = BLOCK_HEADER_BYTES;
    this.#itemsBefore = this.items;
  }
}

function headerOf(facts: SnapshotFacts, { id, section }: SectionName): Buffer {
  const text = Buffer.from(JSON.stringify(facts));
  if (text.length > FACTS_BYTES_MAX) throw new RangeError('the facts of a snapshot are too long');
  const header = Buffer.alloc(HEADER.facts + text.length);
  MAGIC.copy(header);
  header.writeUInt16LE(FORMAT_VERSION, HEADER.version);
  header.writeUInt16LE(section, HEADER.section);
  header.writeUInt32LE(text.length, HEADER.factsBytes);
  id.copy(header, HEADER.id);
  text.copy(header, HEADER.facts);
  header.writeUInt32LE(headerCrc(header), HEADER.crc);
  return header;
}

/** The CRC of a whole header, without the field of the CRC. */
export function headerCrc(header: Buffer): number {
  return crc32(header.subarray(HEADER.facts), crc32(header.subarray(0, HEADER.crc)));
}
