import { copyBytes, copyViewed, type ViewedBytes, viewOf } from './bytes.ts';
import { digitsOf, writeDecimal64 } from './decimal.ts';

const TWO_32 = 0x1_0000_0000;
const newBuffer = (bytes: number): Buffer => Buffer.allocUnsafeSlow(bytes);

/**
 * A growing output buffer. The writer appends to it, and reuses it for the next output.
 *
 * The writer reserves room before it writes: it calls `ensure`, or its caller keeps a known number
 * of bytes free. The put methods do not check for room, because they are the hot path.
 *
 *   0 ─────────── written ─────────── at ─────────── free ─────────── bytes.length
 */
export class ByteSink implements ViewedBytes {
  bytes: Buffer;
  /** A view of the same bytes. */
  view: DataView;
  /** The number of bytes written so far. */
  at = 0;

  readonly #allocate: (bytes: number) => Buffer;

  /**
   * Starts with a new buffer of so many bytes, or with a given one that nothing else uses.
   * `allocate` returns the larger buffers, of at least so many bytes.
   */
  constructor(start: number | Buffer, allocate: (bytes: number) => Buffer = newBuffer) {
    this.#allocate = allocate;
    this.bytes = typeof start === 'number' ? newBuffer(start) : start;
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `more` bytes; moves to a larger buffer if necessary. */
  ensure(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = this.#allocate(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  /** Returns the buffer with the written bytes and continues in `next`, which nothing else uses. */
  swap(next: Buffer): Buffer {
    const full = this.bytes;
    this.bytes = next;
    this.view = viewOf(next);
    this.at = 0;
    return full;
  }

  putByte(byte: number): void {
    this.bytes[this.at++] = byte;
  }

  /** Appends a short constant, such as a reply line. */
  putConstant(constant: Uint8Array): void {
    const { bytes } = this;
    let { at } = this;
    for (let i = 0; i < constant.length; i++) bytes[at++] = constant[i]!;
    this.at = at;
  }

  /** Appends `source[start, end)`. */
  putRange(source: Buffer, start: number, end: number): void {
    copyBytes(source, start, end, this.bytes, this.at);
    this.at += end - start;
  }

  /** Appends `source[start, end)`; chooses the fastest way of copying for that length. */
  putViewed(source: ViewedBytes, start: number, end: number): void {
    copyViewed(source, start, end, this, this.at);
    this.at += end - start;
  }

  /** Reserves room and appends text, which must be Latin-1 (every protocol word is ASCII). */
  putText(text: string): void {
    this.ensure(text.length);
    this.at += this.bytes.write(text, this.at, 'latin1');
  }

  /** Appends a whole number, 0 … 2^53 - 1, in decimal. */
  putDecimal(value: number): void {
    const { bytes } = this;
    if (value < 10) {
      bytes[this.at++] = 48 + value;
      return;
    }
    const digits = value < 100 ? 2 : value < 1000 ? 3 : digitsOf(value);
    let remaining = value;
    for (let i = this.at + digits - 1; i >= this.at; i--) {
      const quotient =
        remaining < TWO_32 ? ((remaining >>> 0) / 10) >>> 0 : Math.floor(remaining / 10);
      bytes[i] = 48 + (remaining - quotient * 10);
      remaining = quotient;
    }
    this.at += digits;
  }

  /** Appends the unsigned 64-bit number `high * 2^32 + low` in decimal. */
  putDecimal64(high: number, low: number): void {
    if (high === 0) this.putDecimal(low);
    else this.at += writeDecimal64(this.bytes, this.at, high, low);
  }
}
