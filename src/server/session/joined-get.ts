import { CodedError, copyBytes, equalBytes } from '../../base/index.ts';
import type { Request } from '../../protocol/index.ts';

const VALUE = Buffer.from('VALUE ');
const END = Buffer.from('END\r\n');
const CRLF = Buffer.from('\r\n');
const BLANK = 0x20;
const CR = 0x0d;
const ZERO = 0x30;

/** The keys of the get at one place, and the reply to them. */
interface Part {
  keys: number;
  keyBytes: number;
  reply: Buffer;
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
  /** Where each key begins and ends. */
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
      const [keyStart, keyEnd] = [request.keyStart(from + i), request.keyEnd(from + i)];
      this.#bounds[2 * i] = keyStart - start;
      this.#bounds[2 * i + 1] = keyEnd - start;
      const part = this.#parts.get(places[i]!);
      if (part === undefined) this.#begin(places[i]!, keyEnd - keyStart);
      else {
        part.keys++;
        part.keyBytes += keyEnd - keyStart;
      }
    }
  }

  #begin(place: number, keyBytes: number): void {
    this.#parts.set(place, { keys: 1, keyBytes, reply: END, at: 0 });
  }

  /** The places of the keys, each once. */
  places(): IterableIterator<number> {
    return this.#parts.keys();
  }

  get placeCount(): number {
    return this.#parts.size;
  }

  has(place: number): boolean {
    return this.#parts.has(place);
  }

  /** How many of the keys are at one place. */
  countAt(place: number): number {
    return this.#parts.get(place)!.keys;
  }

  /** The request for the keys of one place. */
  lineFor(place: number): Buffer {
    const { keys, keyBytes } = this.#parts.get(place)!;
    const line = Buffer.allocUnsafe(this.#words.length + keys + keyBytes + CRLF.length);
    let at = this.#words.copy(line);
    for (let i = 0; i < this.#places.length; i++) {
      if (this.#places[i] !== place) continue;
      const [start, end] = [this.#bounds[2 * i]!, this.#bounds[2 * i + 1]!];
      line[at++] = BLANK;
      copyBytes(this.#keys, start, end, line, at);
      at += end - start;
    }
    CRLF.copy(line, at);
    return line;
  }

  /** A copy of the reply of a place. */
  take(place: number, reply: Buffer): void {
    this.#parts.get(place)!.reply = Buffer.from(reply);
  }

  /**
   * The values of all keys, and END if `isLast`; or the error line of a node in place of them.
   * @throws {CodedError} if a node sent something else.
   */
  join(isLast: boolean): { readonly reply: Buffer; readonly isError: boolean } {
    let bytes = END.length;
    for (const { reply } of this.#parts.values()) {
      if (!startsWith(reply, 0, VALUE) && !startsWith(reply, 0, END)) {
        return { reply, isError: true };
      }
      bytes += reply.length - END.length;
    }
    const joined = Buffer.allocUnsafe(bytes);
    const at = this.#joinValues(joined);
    for (const { reply, at: left } of this.#parts.values()) {
      if (reply.length - left !== END.length || !startsWith(reply, left, END)) throw unreadable();
    }
    if (isLast) END.copy(joined, at);
    return { reply: isLast ? joined : joined.subarray(0, at), isError: false };
  }

  /** Copies the values in the order of the keys; returns where they end. */
  #joinValues(joined: Buffer): number {
    let to = 0;
    for (let i = 0; i < this.#places.length; i++) {
      const part = this.#parts.get(this.#places[i]!)!;
      const { reply, at } = part;
      const end = this.#blockEnd(reply, at, i);
      if (end - at > joined.length - to) throw unreadable();
      copyBytes(reply, at, end, joined, to);
      to += end - at;
      part.at = end;
      this.blockBytesMax = Math.max(this.blockBytesMax, end - at);
    }
    return to;
  }

  /** Where the block of key number `i` ends, or `at` if the reply does not have it next. */
  #blockEnd(reply: Buffer, at: number, i: number): number {
    const start = this.#bounds[2 * i]!;
    const keyBytes = this.#bounds[2 * i + 1]! - start;
    const keyAt = at + VALUE.length;
    const isHit =
      keyAt + keyBytes < reply.length &&
      reply[keyAt + keyBytes] === BLANK &&
      reply[at] === VALUE[0] &&
      equalBytes(reply, keyAt, this.#keys, start, keyBytes);
    return isHit ? blockEnd(reply, keyAt + keyBytes + 1) : at;
  }
}

/** Where a block ends: `at` is behind the key, at `<flags> <bytes>[ <cas>]\r\n<value>\r\n`. */
function blockEnd(reply: Buffer, at: number): number {
  let i = at;
  while (reply[i] !== BLANK) if (i++ >= reply.length) throw unreadable();
  let valueBytes = 0;
  for (i++; reply[i] !== CR && reply[i] !== BLANK; i++) {
    if (i >= reply.length) throw unreadable();
    valueBytes = 10 * valueBytes + reply[i]! - ZERO;
  }
  while (reply[i] !== CR) if (i++ >= reply.length) throw unreadable();
  const end = i + valueBytes + 2 * CRLF.length;
  if (!(end <= reply.length)) throw unreadable();
  return end;
}

function startsWith(bytes: Buffer, at: number, start: Buffer): boolean {
  return bytes.length - at >= start.length && equalBytes(bytes, at, start, 0, start.length);
}

function unreadable(): CodedError {
  return new CodedError('ERR_PEER_REPLY', 'another node sent a reply to a get that has no values');
}
