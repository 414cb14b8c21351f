/**
 * The layout of a snapshot: docs/snapshot-format.md shows it. All numbers are little-endian.
 *
 *   header: magic 8 │ version 2 │ section 2 │ bytes of the facts 4 │ id 8 │ CRC 4 │ facts (JSON)
 *   block:  header of BLOCK_HEADER_BYTES │ payload, which may be compressed
 *   …       the last block has the kind `end` and no payload
 */
import { deflateRawSync, inflateRawSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';

export const MAGIC = Buffer.from('SLABSNAP', 'latin1');
export const FORMAT_VERSION = 1;

/** Byte offsets inside the header of a snapshot. */
export const HEADER = {
  version: 8,
  section: 10,
  factsBytes: 12,
  id: 16,
  crc: 24,
  facts: 28,
} as const;
export const ID_BYTES = 8;
/** The most bytes that the facts of a header may have. */
export const FACTS_BYTES_MAX = 64 * 1024;

export const BLOCK_MAGIC = Buffer.from('SLBK', 'latin1');
/** The most bytes of a payload before its compression. */
export const PAYLOAD_BYTES_MAX = 256 * 1024;
export const BLOCK_HEADER_BYTES = 60;
/** Byte offsets inside the header of a block. */
export const BLOCK = {
  magic: 0,
  kind: 4,
  compression: 5,
  items: 6,
  id: 8,
  number: 16,
  storedBytes: 20,
  payloadBytes: 24,
  payloadCrc: 28,
  itemsBefore: 32,
  bytesAfter: 40,
  carriedBytes: 48,
  section: 52,
  crc: 56,
} as const;
export const KIND = { items: 1, end: 2 } as const;

/** Bytes of a record before its key. */
export const RECORD_BYTES = 32;
/** Byte offsets inside a record. */
export const RECORD = {
  marks: 0,
  keyBytes: 1,
  clientFlags: 4,
  valueBytes: 8,
  access: 12,
  expiry: 16,
  cas: 24,
} as const;
/** Bits of RECORD.marks; the two highest bits count the recent hits. */
export const MARK = {
  binaryKey: 1,
  fetched: 2,
  stale: 4,
  leased: 8,
  ownCas: 16,
  kept: 32,
} as const;
export const HITS_SHIFT = 6;
export const KEY_BYTES_MAX = 250;
export const VALUE_BYTES_MAX = 2 ** 30 - 1;
const WORD = 2 ** 32;

/** The ways to store a payload, by their numbers in the header of a block. */
export const COMPRESSIONS = ['none', 'deflate', 'zstd'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Compresses a payload; the levels are the fastest ones. */
export function compress(payload: Buffer, compression: Compression): Buffer {
  switch (compression) {
    case 'none':
      return payload;
    case 'deflate':
      return deflateRawSync(payload, { level: 1 });
    case 'zstd':
      return zstdCompressSync(payload);
  }
}

/** The payload; undefined if the bytes are not a payload of exactly that size. */
export function decompress(stored: Buffer, method: number, bytes: number): Buffer | undefined {
  try {
    const payload = decompressed(stored, method);
    return payload?.length === bytes ? payload : undefined;
  } catch {
    return undefined;
  }
}

function decompressed(stored: Buffer, method: number): Buffer | undefined {
  const limit = { maxOutputLength: PAYLOAD_BYTES_MAX };
  switch (COMPRESSIONS[method]) {
    case 'none':
      return stored;
    case 'deflate':
      return inflateRawSync(stored, limit);
    case 'zstd':
      return zstdDecompressSync(stored, limit);
    default:
      return undefined;
  }
}

/** An integer below 2^53 in 8 bytes. */
export function writeInteger(bytes: Buffer, value: number, at: number): void {
  bytes.writeUInt32LE(value % WORD, at);
  bytes.writeUInt32LE(Math.floor(value / WORD), at + 4);
}

export function readInteger(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 4) * WORD + bytes.readUInt32LE(at);
}

/** Which file, and which snapshot in it: the file of a cluster has one section for each node. */
export interface SectionName {
  /** ID_BYTES random bytes, which no value of the snapshot can contain. */
  readonly id: Buffer;
  readonly section: number;
}

/** What a snapshot says of itself. Readers ignore fields that they do not know. */
export interface SnapshotFacts {
  /** Unix time of the start, in seconds. */
  readonly created: number;
  /** The version of slabring that wrote it. */
  readonly program: string;
  /** The node, as its writer names it. */
  readonly node: string;
  /** The items of the node at the start; the snapshot may hold more or fewer. */
  readonly items: number;
  /** The CAS id that the node gave last before the start; 0 if the writer does not know it. */
  readonly lastCas: number;
  /** Options of the node, for people. */
  readonly options: Readonly<Record<string, string>>;
}

/** The facts of one item. */
export interface SnapshotItem {
  keyBytes: number;
  valueBytes: number;
  clientFlags: number;
  /** Unix time in seconds; 0 is never. */
  expiry: number;
  /** Unix time of the last read or write, in seconds. */
  access: number;
  /** The CAS id; 0 if the writer does not know it. */
  casHigh: number;
  casLow: number;
  /** Recent hits, 0 … 3. */
  hits: number;
  /** Bits of MARK. */
  marks: number;
}

/** A new, empty object for facts; writers and readers reuse one. */
export function newSnapshotItem(): SnapshotItem {
  return {
    keyBytes: 0,
    valueBytes: 0,
    clientFlags: 0,
    expiry: 0,
    access: 0,
    casHigh: 0,
    casLow: 0,
    hits: 0,
    marks: 0,
  };
}
