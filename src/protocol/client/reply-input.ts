import { MalformedReply, type Reply } from './reply.ts';

const LF = 0x0a;
const CR = 0x0d;
const CRLF_BYTES = 2;
/** The longest line of a reply. */
const LINE_BYTES_MAX = 4096;
/** The largest value: memcached's largest `-I`. */
const VALUE_BYTES_MAX = 2 ** 30;
/** In a line up to this length, a loop finds the newline faster than `indexOf`. */
const SHORT_LINE_BYTES = 64;
const NO_BYTES = Buffer.alloc(0);

/**
 * The received bytes that are not decoded yet, in pieces of any size.
 *
 *   bytes: ── decoded ── at ── not decoded ── end
 *
 * The caller lends each piece. `releasePiece` copies the rest of it, which is at most a part of a
 * line. An incomplete value collects in a buffer of its own, so each of its bytes is copied once.
 */
export class ReplyInput {
  bytes: Buffer = NO_BYTES;
  at = 0;
  end = 0;
  readonly #valueBytesMax: number;
  /** Collects the incomplete value; undefined if the input skips it. */
  #partialValue: Buffer | undefined;
  /** Bytes that the incomplete value lacks; -1 if there is none. */
  #missingBytes = -1;

  /** @param valueBytesMax the input skips a value that is longer. */
  constructor(valueBytesMax = VALUE_BYTES_MAX) {
    this.#valueBytesMax = valueBytesMax;
  }

  /** Adds `piece[0, length)`. The caller does not change these bytes before `releasePiece`. */
  feed(piece: Buffer, length: number): void {
    const from = this.#missingBytes > 0 ? this.#collect(piece, 0, length) : 0;
    if (this.at === this.end) {
      this.bytes = piece;
      this.at = from;
      this.end = length;
      return;
    }
    const undecoded = this.bytes.subarray(this.at, this.end);
    this.bytes = Buffer.concat([undecoded, piece.subarray(from, length)]);
    this.at = 0;
    this.end = this.bytes.length;
  }

  /** Copies what the piece still holds, so that the caller can reuse the piece. */
  releasePiece(): void {
    this.bytes =
      this.at === this.end ? NO_BYTES : Buffer.from(this.bytes.subarray(this.at, this.end));
    this.at = 0;
    this.end = this.bytes.length;
  }

  /** Whether bytes are left that no reply has consumed. */
  get hasUnreadBytes(): boolean {
    return this.at < this.end || this.#missingBytes >= 0;
  }

  /** Where the CRLF of the line at `at` starts, or -1 while the line is incomplete. */
  lineEnd(): number {
    const newline = this.#newline();
    if (newline < 0) {
      if (this.end - this.at > LINE_BYTES_MAX)
        throw new MalformedReply('a line without an end after 4096 bytes');
      return -1;
    }
    if (newline > this.at && this.bytes[newline - 1] === CR) return newline - 1;
    throw new MalformedReply('a line without CRLF');
  }

  /** Consumes the line that ends at `lineEnd`; returns it as text. */
  takeLine(lineEnd: number): string {
    const line = this.bytes.toString('latin1', this.at, lineEnd);
    this.at = lineEnd + CRLF_BYTES;
    return line;
  }

  /**
   * Consumes a value of `length` bytes and the CRLF after it (binary has none); returns false while
   * it is incomplete. The reply of a value that is too long has only its length.
   * @param headBytes how many of the bytes are not the value itself (binary).
   */
  takeValue(
    length: number,
    reply: Reply,
    trailerBytes: 0 | 2 = CRLF_BYTES,
    headBytes = 0,
  ): boolean {
    if (this.#missingBytes >= 0) return this.#takePartial(length, reply);
    if (length > VALUE_BYTES_MAX) throw new MalformedReply(`a value of ${length} bytes`);
    const totalBytes = length + trailerBytes;
    const isSkipped = length - headBytes > this.#valueBytesMax;
    if (isSkipped || this.end - this.at < totalBytes) {
      this.#partialValue = isSkipped ? undefined : Buffer.allocUnsafeSlow(totalBytes);
      this.#missingBytes = totalBytes;
      this.at += this.#collect(this.bytes, this.at, this.end);
      return this.#takePartial(length, reply);
    }
    const { bytes, at } = this;
    if (trailerBytes > 0) checkCrlf(bytes, at + length);
    reply.setValue(bytes, at, at + length, false);
    this.at = at + totalBytes;
    return true;
  }

  #takePartial(length: number, reply: Reply): boolean {
    if (this.#missingBytes > 0) return false;
    this.#missingBytes = -1;
    const value = this.#partialValue;
    if (value === undefined) {
      reply.skipValue(length);
      return true;
    }
    this.#partialValue = undefined;
    if (value.length > length) checkCrlf(value, length);
    reply.setValue(value, 0, length, true);
    return true;
  }

  /** Takes what the value lacks from `bytes[from, end)`; returns how many bytes. */
  #collect(bytes: Buffer, from: number, end: number): number {
    const count = Math.min(this.#missingBytes, end - from);
    const value = this.#partialValue;
    if (value !== undefined)
      bytes.copy(value, value.length - this.#missingBytes, from, from + count);
    this.#missingBytes -= count;
    return count;
  }

  #newline(): number {
    const { bytes, end } = this;
    const loopEnd = Math.min(end, this.at + SHORT_LINE_BYTES);
    for (let at = this.at; at < loopEnd; at++) if (bytes[at] === LF) return at;
    if (loopEnd === end) return -1;
    const newline = bytes.indexOf(LF, loopEnd);
    return newline < end ? newline : -1;
  }
}

function checkCrlf(bytes: Buffer, at: number): void {
  if (bytes[at] === CR && bytes[at + 1] === LF) return;
  throw new MalformedReply('a value without CRLF after it');
}
