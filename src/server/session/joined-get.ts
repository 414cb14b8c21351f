import { CodedError, equalBytes } from '../../base/index.ts';
import type { Request } from '../../protocol/index.ts';

const VALUE = Buffer.from('VALUE ');
const END = Buffer.from('END\r\n');
const CRLF = Buffer.from('\r\n');
const BLANK = 0x20;
const CR = 0x0d;
const ZERO = 0x30;
const NO_BYTES = Buffer.alloc(0);

/** The reply of one node to its keys of the get. */
interface Part {
  readonly reply: Buffer;
  /** The next block of a value. */
  at: number;
}

/**
 * Keys of one get of the classic protocol whose primaries differ. Each place gets a request for its
 * keys; the values in the replies are put together in the order of the keys.
 */
export class JoinedGet {
  /** The largest block of a value, after `join`. */
  blockBytesMax = 0;
  readonly #places: readonly number[];
  /** The words before the keys, and the keys: copies, because the input does not stay. */
  readonly #words: Buffer;
  readonly #keys: Buffer;
  readonly #bounds: Int32Array;
  readonly #parts = new Map<number, Part>();

  /** The keys from number `from` on, one for each place. */
  constructor(request: Request, from: number, places: readonly number[]) {
    const { input, firstKey } = request;
    const start = request.keyStart(from);
    const end = request.keyEnd(from + places.length - 1);
    this.#places = places;
    this.#words = Buffer.from(input.subarray(request.keyStart(0), request.keyEnd(firstKey - 1)));
    this.#keys = Buffer.from(input.subarray(start, end));
    this.#bounds = new Int32Array(2 * places.length);
    for (let i = 0; i < places.length; i++) {
      this.#bounds[2 * i] = request.keyStart(from + i) - start;
      this.#bounds[2 * i + 1] = request.keyEnd(from + i) - start;
    }
  }

  /** The request for the keys of one place. */
  lineFor(place: number): Buffer {
    const words: Buffer[] = [this.#words];
    const blank = Buffer.of(BLANK);
    for (let i = 0; i < this.#places.length; i++) {
      if (this.#places[i] === place) words.push(blank, this.#keyOf(i));
    }
    return Buffer.concat([...words, CRLF]);
  }

  /** How many of the keys are at one place. */
  countAt(place: number): number {
    return this.#places.reduce((count, each) => (each === place ? count + 1 : count), 0);
  }

  /** A copy of the reply of a place. */
  take(place: number, reply: Buffer): void {
    this.#parts.set(place, { reply: Buffer.from(reply), at: 0 });
  }

  /**
   * The values of all keys, and END if `isLast`; or the error line of a node in place of them.
   * @throws {CodedError} if a node sent something else.
   */
  join(isLast: boolean): { readonly reply: Buffer; readonly isError: boolean } {
    for (const { reply } of this.#parts.values()) {
      if (!startsWith(reply, 0, VALUE) && !startsWith(reply, 0, END)) {
        return { reply, isError: true };
      }
    }
    const blocks = this.#places.map((place, i) => this.#takeBlock(this.#parts.get(place)!, i));
    for (const { reply, at } of this.#parts.values()) {
      if (reply.length - at !== END.length || !startsWith(reply, at, END)) throw unreadable();
    }
    if (isLast) blocks.push(END);
    return { reply: Buffer.concat(blocks), isError: false };
  }

  /** The block of key number `i`, if the reply has it next. */
  #takeBlock(part: Part, i: number): Buffer {
    const { reply, at } = part;
    const key = this.#keyOf(i);
    const keyAt = at + VALUE.length;
    const isHit =
      startsWith(reply, at, VALUE) &&
      startsWith(reply, keyAt, key) &&
      reply[keyAt + key.length] === BLANK;
    if (!isHit) return NO_BYTES;
    part.at = blockEnd(reply, keyAt + key.length + 1);
    this.blockBytesMax = Math.max(this.blockBytesMax, part.at - at);
    return reply.subarray(at, part.at);
  }

  #keyOf(i: number): Buffer {
    return this.#keys.subarray(this.#bounds[2 * i]!, this.#bounds[2 * i + 1]!);
  }
}

/** Where a block ends: `at` is behind the key, at `<flags> <bytes>[ <cas>]\r\n<value>\r\n`. */
function blockEnd(reply: Buffer, at: number): number {
  const lengthAt = reply.indexOf(BLANK, at) + 1;
  const lineEnd = reply.indexOf(CR, at);
  if (lengthAt === 0 || lineEnd < lengthAt) throw unreadable();
  let valueBytes = 0;
  for (let i = lengthAt; i < lineEnd && reply[i] !== BLANK; i++) {
    valueBytes = 10 * valueBytes + reply[i]! - ZERO;
  }
  const end = lineEnd + valueBytes + 2 * CRLF.length;
  if (!(end <= reply.length)) throw unreadable();
  return end;
}

function startsWith(bytes: Buffer, at: number, start: Buffer): boolean {
  return bytes.length - at >= start.length && equalBytes(bytes, at, start, 0, start.length);
}

function unreadable(): CodedError {
  return new CodedError('ERR_PEER_REPLY', 'another node sent a reply to a get that has no values');
}
