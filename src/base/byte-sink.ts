import { copyBytes, copyViewed, type ViewedBytes } from './bytes.ts';
import { digitsOf, writeDecimal64 } from './decimal.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * One growing reply, written front to back into one buffer that is used again and again.
 *
 * The writer reserves room before it writes (`ensure`, or a known bound kept free by the caller);
 * the put methods themselves do not check, they are the hot path.
 *
 *   0 ─────────── written ─────────── at ─────────── free ─────────── bytes.length
 */
export class ByteSink implements ViewedBytes {
  bytes: Buffer;
  /** The same bytes. */
  view: DataView;
  /** How many bytes are written. */
  at = 0;

  constructor(capacityBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacityBytes);
    this.view = viewOf(this.bytes);
  }

  /** Makes room for `more` bytes, moving to a larger buffer if it must. */
  ensure(more: number): void {
    if (this.at + more <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.bytes.length * 2, this.at + more));
    this.bytes.copy(larger, 0, 0, this.at);
    this.bytes = larger;
    this.view = viewOf(larger);
  }

  /** Hands out what is written and goes on in `next`, a buffer nobody else holds. */
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

  /** Appends `source[start, end)` by whichever way of copying is the fastest for that length. */
  putViewed(source: ViewedBytes, start: number, end: number): void {
    copyViewed(source, start, end, this, this.at);
    this.at += end - start;
  }

  /** Appends text that is known to be Latin-1 (every protocol word is ASCII). */
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
    let rest = value;
    for (let i = this.at + digits - 1; i >= this.at; i--) {
      const tenth = rest < TWO_32 ? ((rest >>> 0) / 10) >>> 0 : Math.floor(rest / 10);
      bytes[i] = 48 + (rest - tenth * 10);
      rest = tenth;
    }
    this.at += digits;
  }

  /** Appends the unsigned 64-bit number `high * 2^32 + low` in decimal. */
  putDecimal64(high: number, low: number): void {
    if (high === 0) this.putDecimal(low);
    else this.at += writeDecimal64(this.bytes, this.at, high, low);
  }
}

function viewOf(bytes: Buffer): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}
