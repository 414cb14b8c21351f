import { MalformedReply, type Reply } from './reply.ts';

const LF = 0x0a;
const CR = 0x0d;
const CRLF_BYTES = 2;
/** No line of a reply is longer. */
const LINE_BYTES_MAX = 4096;
/** memcached's largest `-I`. */
const VALUE_BYTES_MAX = 2 ** 30;
/** Up to here a loop finds the end of a line sooner than a call of `indexOf`. */
const SHORT_LINE_BYTES = 64;
const NO_BYTES = Buffer.alloc(0);

/**
 * The bytes that arrived and are not decoded yet, in pieces of any size.
 *
 *   bytes: ── decoded ── at ── not yet ── end
 *
 * A piece is only borrowed: `keep` copies what is left of it (a part of a line, at the most), and a
 * value that is not all here is collected in a buffer of its own, so each of its bytes is copied once.
 */
export class ReplyInput {
  bytes: Buffer = NO_BYTES;
  at = 0;
  end = 0;
  #value: Buffer | undefined;
  #filled = 0;

  /** Takes `piece[0, length)`, which stays untouched until `keep`. */
  feed(piece: Buffer, length: number): void {
    const from = this.#value === undefined ? 0 : this.#fill(this.#value, piece, 0, length);
    if (this.at === this.end) {
      this.bytes = piece;
      this.at = from;
      this.end = length;
      return;
    }
    const left = this.bytes.subarray(this.at, this.end);
    this.bytes = Buffer.concat([left, piece.subarray(from, length)]);
    this.at = 0;
    this.end = this.bytes.length;
  }

  /** The piece goes back to its owner. */
  keep(): void {
    this.bytes =
      this.at === this.end ? NO_BYTES : Buffer.from(this.bytes.subarray(this.at, this.end));
    this.at = 0;
    this.end = this.bytes.length;
  }

  /** Whether there are bytes that nobody has asked for. */
  get hasLeft(): boolean {
    return this.at < this.end || this.#value !== undefined;
  }

  /** Where the CRLF of the line at `at` starts, or -1 when the line is not all here. */
  lineEnd(): number {
    const newline = this.#newline();
    if (newline < 0) {
      if (this.end - this.at > LINE_BYTES_MAX) throw new MalformedReply('a line without an end');
      return -1;
    }
    if (newline > this.at && this.bytes[newline - 1] === CR) return newline - 1;
    throw new MalformedReply('a line without CRLF');
  }

  /** The line that ends at `lineEnd`, as text; the next one follows. */
  takeLine(lineEnd: number): string {
    const line = this.bytes.toString('latin1', this.at, lineEnd);
    this.at = lineEnd + CRLF_BYTES;
    return line;
  }

  /** Takes a value of `length` bytes and the CRLF behind it (in binary: nothing); false when it is not all here. */
  takeValue(length: number, reply: Reply, trailerBytes: 0 | 2 = CRLF_BYTES): boolean {
    const whole = length + trailerBytes;
    if (this.#value !== undefined) return this.#takeCollected(this.#value, length, reply);
    if (length > VALUE_BYTES_MAX) throw new MalformedReply(`a value of ${length} bytes`);
    if (this.end - this.at < whole) {
      this.#value = Buffer.allocUnsafeSlow(whole);
      this.#filled = 0;
      this.at += this.#fill(this.#value, this.bytes, this.at, this.end);
      return false;
    }
    const { bytes, at } = this;
    if (trailerBytes > 0) checkCrlf(bytes, at + length);
    reply.setValue(bytes, at, at + length, false);
    this.at = at + whole;
    return true;
  }

  #takeCollected(value: Buffer, length: number, reply: Reply): boolean {
    if (this.#filled < value.length) return false;
    if (value.length > length) checkCrlf(value, length);
    reply.setValue(value, 0, length, true);
    this.#value = undefined;
    return true;
  }

  /** Copies what the value wants of `bytes[from, end)`; returns how much. */
  #fill(value: Buffer, bytes: Buffer, from: number, end: number): number {
    const copied = bytes.copy(value, this.#filled, from, end);
    this.#filled += copied;
    return copied;
  }

  #newline(): number {
    const { bytes, end } = this;
    const near = Math.min(end, this.at + SHORT_LINE_BYTES);
    for (let at = this.at; at < near; at++) if (bytes[at] === LF) return at;
    if (near === end) return -1;
    const newline = bytes.indexOf(LF, near);
    return newline < end ? newline : -1;
  }
}

function checkCrlf(bytes: Buffer, at: number): void {
  if (bytes[at] === CR && bytes[at + 1] === LF) return;
  throw new MalformedReply('a value that is not followed by CRLF');
}
