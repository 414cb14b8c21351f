import { crc32 } from 'node:zlib';
import {
  BLOCK,
  BLOCK_HEADER_BYTES,
  BLOCK_MAGIC,
  COMPRESSIONS,
  ID_BYTES,
  KIND,
  PAYLOAD_BYTES_MAX,
  readInteger,
} from './format.ts';

/** The header of a block, after its checks. */
export interface BlockHeader {
  readonly isEnd: boolean;
  readonly compression: number;
  readonly id: Buffer;
  readonly section: number;
  readonly number: number;
  readonly items: number;
  readonly storedBytes: number;
  readonly payloadBytes: number;
  readonly payloadCrc: number;
  /** Items of the snapshot that begin before this block. */
  readonly itemsBefore: number;
  /** Keys and values of all items that begin up to the end of this block. */
  readonly bytesAfter: number;
  /** Bytes at the start of the payload that continue the value of an earlier block. */
  readonly carriedBytes: number;
}

/** The header at `at`, where BLOCK_HEADER_BYTES are present; undefined if there is none. */
export function readBlockHeader(bytes: Buffer, at: number): BlockHeader | undefined {
  const header = bytes.subarray(at, at + BLOCK_HEADER_BYTES);
  if (header.compare(BLOCK_MAGIC, 0, BLOCK_MAGIC.length, 0, BLOCK_MAGIC.length) !== 0) {
    return undefined;
  }
  if (crc32(header.subarray(0, BLOCK.crc)) !== header.readUInt32LE(BLOCK.crc)) return undefined;
  const kind = header[BLOCK.kind]!;
  const payloadBytes = header.readUInt32LE(BLOCK.payloadBytes);
  const storedBytes = header.readUInt32LE(BLOCK.storedBytes);
  const carriedBytes = header.readUInt32LE(BLOCK.carriedBytes);
  const compression = header[BLOCK.compression]!;
  const isValid =
    (kind === KIND.items || kind === KIND.end) &&
    compression < COMPRESSIONS.length &&
    payloadBytes <= PAYLOAD_BYTES_MAX &&
    storedBytes <= payloadBytes &&
    carriedBytes <= payloadBytes;
  if (!isValid) return undefined;
  return {
    isEnd: kind === KIND.end,
    compression,
    id: Buffer.from(header.subarray(BLOCK.id, BLOCK.id + ID_BYTES)),
    section: header.readUInt32LE(BLOCK.section),
    number: header.readUInt32LE(BLOCK.number),
    items: header.readUInt16LE(BLOCK.items),
    storedBytes,
    payloadBytes,
    payloadCrc: header.readUInt32LE(BLOCK.payloadCrc),
    itemsBefore: readInteger(header, BLOCK.itemsBefore),
    bytesAfter: readInteger(header, BLOCK.bytesAfter),
    carriedBytes,
  };
}
