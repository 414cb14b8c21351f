import type { ByteSink } from '../base/index.ts';
import type { Request } from './request.ts';

/** The short answers that every dialect has words for. */
export const STATUS = {
  stored: 0,
  notStored: 1,
  exists: 2,
  notFound: 3,
  deleted: 4,
  touched: 5,
  ok: 6,
  reset: 7,
  tooLarge: 8,
  outOfMemoryStoring: 9,
  outOfMemory: 10,
  badDataChunk: 11,
  nonNumeric: 12,
  badFormat: 13,
  badExptime: 14,
  flushNotAllowed: 15,
  unknownCommand: 16,
  outOfMemoryCreating: 17,
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** What a reply shows of an item; one object, filled again for each hit. */
export class ItemView {
  clientFlags = 0;
  valueBytes = 0;
  casHigh = 0;
  casLow = 0;
}

/**
 * What the reply to a storage request will show, kept by the connection while the value arrives:
 * the request itself is gone by then.
 */
export class StorageEcho {
  /** Whether success is not worth a reply. */
  quiet = false;
  /** Meta: what the reply repeats, already written out, and where in it the CAS id and the size go. */
  text: Buffer = NOTHING;
  textBytes = 0;
  casAt = NOWHERE;
  sizeAt = NOWHERE;
  /** Binary: the opcode, and the four bytes that the client knows its request by. */
  opcode = 0;
  opaque = 0;
}
export const NOWHERE = -1;
const NOTHING = Buffer.alloc(0);

/** What became of a stored item, for a reply that shows it. */
export interface StoredFacts {
  readonly storedCasHigh: number;
  readonly storedCasLow: number;
  readonly storedBytes: number;
}

/**
 * One dialect's way to answer, straight into the connection's output. Whoever answers asks the sink
 * for room first: REPLY_FRAME_BYTES_MAX, and the value's bytes beside it.
 */
export interface ReplyWriter {
  readonly sink: ByteSink;
  /** Notes what the reply to a storage request will need of it. */
  remember(request: Request, echo: StorageEcho): void;
  /** The answer to a storage request whose value has come; `item` is what was stored, if it was. */
  stored(echo: StorageEcho, status: Status, item: StoredFacts): void;
  /** A short answer; nothing when the request wants no reply. */
  status(request: Request, status: Status): void;
  /** What stands before the value of a hit on key number `key`; the value's bytes follow. */
  hit(request: Request, key: number, item: ItemView): void;
  /** What stands after a value. */
  valueEnd(): void;
  /** Key number `key` was not found. */
  miss(request: Request, key: number): void;
  /** After the last key of a get. */
  keysEnd(request: Request): void;
  /** The new value of a counter, as 64 bits in two words. */
  counter(request: Request, high: number, low: number): void;
  /** The line that answers a refused request. */
  refusal(request: Request): void;
  version(request: Request, version: string): void;
  /** One statistic; `statsEnd` ends them. */
  stat(request: Request, name: string, value: string): void;
  statsEnd(request: Request): void;
}
