import type { ByteSink } from '../base/index.ts';
import type { Request } from './request.ts';

/** The outcomes that every dialect has a fixed reply for. */
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
  notPermitted: 18,
  configClosed: 19,
  configOlder: 20,
  configInvalid: 21,
  moved: 22,
} as const;
export type Status = (typeof STATUS)[keyof typeof STATUS];

/** The fields of an item that a reply shows; one object, refilled for each hit. */
export class ItemView {
  clientFlags = 0;
  valueBytes = 0;
  casHigh = 0;
  casLow = 0;
}

/**
 * The facts of a storage request that its reply needs. The connection holds them while the value
 * arrives, because the next request overwrites the request object.
 */
export class StorageReplyContext {
  /** Whether the client wants no reply on success. */
  quiet = false;
  /** Meta: the encoded return flags, and where the CAS id and the size go in them. */
  returnFlags: Buffer = NO_BYTES;
  returnFlagBytes = 0;
  casAt = NO_POSITION;
  sizeAt = NO_POSITION;
  /** Binary: the opcode, and the opaque: four bytes by which the client finds its request. */
  opcode = 0;
  opaque = 0;
}
export const NO_POSITION = -1;
const NO_BYTES = Buffer.alloc(0);

/** The CAS id of a stored item, and the size of the value that was stored, or was to be stored. */
export interface StoredFacts {
  readonly casHigh: number;
  readonly casLow: number;
  readonly valueBytes: number;
}
/** The facts for the reply to a storage request that the store did not see. */
export const NOTHING_STORED: StoredFacts = { casHigh: 0, casLow: 0, valueBytes: 0 };

/** The new value of a counter and the CAS id of its item, each 64 bits in two words. */
export interface CounterFacts {
  readonly high: number;
  readonly low: number;
  readonly casHigh: number;
  readonly casLow: number;
}

/**
 * Encodes replies in one dialect, directly into the connection's output. The caller reserves room
 * in the sink first: REPLY_FRAME_BYTES_MAX, and the bytes of the value.
 */
export interface ReplyWriter {
  readonly sink: ByteSink;
  /** Writes the reply to a storage request; `item` is the stored item if `status` is `stored`. */
  stored(request: Request, status: Status, item: StoredFacts): void;
  /** Captures the facts of a storage request that its reply needs once the value has arrived. */
  capture(request: Request, context: StorageReplyContext): void;
  /** As `stored`, for a captured request. */
  storageReply(context: StorageReplyContext, status: Status, item: StoredFacts): void;
  /** Writes a fixed reply; a quiet request can suppress it. */
  status(request: Request, status: Status): void;
  /** Writes what precedes the value of a hit on key number `key`; the value's bytes follow. */
  hit(request: Request, key: number, item: ItemView): void;
  /** Writes what follows a value. */
  valueEnd(): void;
  /** Writes the reply to a miss on key number `key`. */
  miss(request: Request, key: number): void;
  /** Writes what follows the last key of a get. */
  keysEnd(request: Request): void;
  /** Writes the new value of a counter; the item has its new CAS id. */
  counter(request: Request, counter: CounterFacts): void;
  /** Writes the error reply to an invalid request. */
  errorReply(request: Request): void;
  /** Writes the reply to `version`. */
  version(request: Request, version: string): void;
  /** Writes one statistic; `statsEnd` follows the last one. */
  stat(request: Request, name: string, value: string): void;
  statsEnd(request: Request): void;
}
