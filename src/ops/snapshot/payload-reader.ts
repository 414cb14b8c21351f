import type { BlockHeader } from './block-header.ts';
import {
  HITS_SHIFT,
  KEY_BYTES_MAX,
  newSnapshotItem,
  PAYLOAD_BYTES_MAX,
  RECORD,
  RECORD_BYTES,
  readInteger,
  type SnapshotItem,
  VALUE_BYTES_MAX,
} from './format.ts';

/** Takes the items of a snapshot. What the calls show is valid only during the call. */
export interface ItemReceiver {
  /** A whole item: its key and its value lie in `bytes`. */
  item(item: SnapshotItem, bytes: Buffer, keyAt: number, valueAt: number): void;
  /** An item whose value follows in pieces, then `commit`, or `drop` if a piece is missing. */
  begin(item: SnapshotItem, bytes: Buffer, keyAt: number): void;
  piece(bytes: Buffer, start: number, end: number): void;
  commit(): void;
  drop(): void;
}

const MARKS_MASK = (1 << HITS_SHIFT) - 1;

/** Reads the records of payloads, and puts large values together. */
export class PayloadReader {
  /** The whole items so far, and the bytes of their keys and values. */
  items = 0;
  bytes = 0;
  readonly #receiver: ItemReceiver;
  readonly #item = newSnapshotItem();
  /** Bytes of a large value that are still to come; 0 if none is open. */
  #bytesLeft = 0;
  /** Bytes of the open large item. */
  #openBytes = 0;

  constructor(receiver: ItemReceiver) {
    this.#receiver = receiver;
  }

  /** Gives up an open large value: a block with a part of it is missing. */
  interrupt(): void {
    if (this.#bytesLeft === 0) return;
    this.#bytesLeft = 0;
    this.#receiver.drop();
  }

  /** Delivers the items of a payload; false, and no item of it, if its records are wrong. */
  read(header: BlockHeader, payload: Buffer): boolean {
    if (!isSound(header, payload)) return false;
    const carried = Math.min(this.#bytesLeft, PAYLOAD_BYTES_MAX);
    if (carried !== header.carriedBytes) this.interrupt();
    else if (carried > 0) this.#addPiece(payload, 0, carried);
    for (let at = header.carriedBytes; at < payload.length; ) at = this.#readRecord(payload, at);
    return true;
  }

  #readRecord(payload: Buffer, at: number): number {
    const item = this.#item;
    readFacts(payload, at, item);
    const keyAt = at + RECORD_BYTES;
    const valueAt = keyAt + item.keyBytes;
    const end = valueAt + item.valueBytes;
    if (end <= payload.length) {
      this.#receiver.item(item, payload, keyAt, valueAt);
      this.items++;
      this.bytes += item.keyBytes + item.valueBytes;
      return end;
    }
    this.#receiver.begin(item, payload, keyAt);
    this.#bytesLeft = item.valueBytes;
    this.#openBytes = item.keyBytes + item.valueBytes;
    if (valueAt < payload.length) this.#addPiece(payload, valueAt, payload.length);
    return payload.length;
  }

  #addPiece(payload: Buffer, start: number, end: number): void {
    this.#receiver.piece(payload, start, end);
    this.#bytesLeft -= end - start;
    if (this.#bytesLeft > 0) return;
    this.#receiver.commit();
    this.items++;
    this.bytes += this.#openBytes;
  }
}

function readFacts(payload: Buffer, at: number, item: SnapshotItem): void {
  const marks = payload[at + RECORD.marks]!;
  item.marks = marks & MARKS_MASK;
  item.hits = marks >>> HITS_SHIFT;
  item.keyBytes = payload[at + RECORD.keyBytes]!;
  item.clientFlags = payload.readUInt32LE(at + RECORD.clientFlags);
  item.valueBytes = payload.readUInt32LE(at + RECORD.valueBytes);
  item.access = payload.readUInt32LE(at + RECORD.access);
  item.expiry = readInteger(payload, at + RECORD.expiry);
  item.casLow = payload.readUInt32LE(at + RECORD.cas);
  item.casHigh = payload.readUInt32LE(at + RECORD.cas + 4);
}

/** Whether the payload is a row of records, as many as the header says. */
function isSound(header: BlockHeader, payload: Buffer): boolean {
  let items = 0;
  let at = header.carriedBytes;
  while (at < payload.length) {
    if (payload.length - at < RECORD_BYTES) return false;
    const keyBytes = payload[at + RECORD.keyBytes]!;
    const valueBytes = payload.readUInt32LE(at + RECORD.valueBytes);
    if (keyBytes === 0 || keyBytes > KEY_BYTES_MAX || valueBytes > VALUE_BYTES_MAX) return false;
    const valueAt = at + RECORD_BYTES + keyBytes;
    if (valueAt > payload.length) return false;
    at = valueAt + valueBytes;
    items++;
  }
  return items === header.items;
}
