import { GET_LINE_BYTES_MAX, LINE_BYTES_MAX } from '../../protocol/index.ts';

import { freeMemory } from './free-memory.ts';

const LF = 0x0a;
const BYTES_MIN = 4096;
/** A line of this length is long: its buffer grows only within the node's budget. */
const LONG_BYTES = 64 * 1024;
/** No line needs a larger buffer, with the read that completes it. */
const BYTES_MAX = GET_LINE_BYTES_MAX + LONG_BYTES;
const NO_BYTES = Buffer.alloc(0);

/** The bytes of an incomplete request, kept for the next read: `bytes[start, end)`. */
export class Carry {
  bytes: Buffer = NO_BYTES;
  start = 0;
  end = 0;
  /** Without a newline, the session sees the line again only once it is this long. */
  #retryAtBytes = 0;

  get length(): number {
    return this.end - this.start;
  }

  append(from: Buffer, start: number, end: number): void {
    const more = end - start;
    if (this.end + more > this.bytes.length) this.grow(more);
    from.copy(this.bytes, this.end, start, end);
    this.end += more;
  }

  /**
   * Keeps the rest of the input: `from[start, end)`; `from` may be the carry itself. Returns
   * whether a long line is complete.
   */
  replace(from: Buffer, start: number, end: number): boolean {
    const wasLong = this.bytes.length >= LONG_BYTES;
    if (start === end) {
      this.start = 0;
      this.end = 0;
      if (this.bytes.length > BYTES_MIN) this.#free();
    } else if (from === this.bytes) {
      this.start = start;
    } else {
      this.start = 0;
      this.end = 0;
      this.append(from, start, end);
    }
    const { length } = this;
    this.#retryAtBytes = length <= LINE_BYTES_MAX ? LINE_BYTES_MAX + 1 : 2 * length;
    return wasLong && this.bytes.length < LONG_BYTES;
  }

  /** Whether it is useful to parse the line again after these bytes were appended. */
  mayBeComplete(bytes: Buffer, length: number): boolean {
    if (this.length >= this.#retryAtBytes) return true;
    for (let i = 0; i < length; i++) if (bytes[i] === LF) return true;
    return false;
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
    this.#free();
  }

  /** The bytes by which a long line, or value, has to grow for more bytes; 0 if it has room. */
  growthFor(moreBytes: number): number {
    const isLong = this.length >= LONG_BYTES || moreBytes > LONG_BYTES;
    return isLong && this.end + moreBytes > this.bytes.length
      ? this.#capacityFor(moreBytes) - this.bytes.length
      : 0;
  }

  /** Moves to a buffer that has room for more bytes. */
  grow(more: number): void {
    const have = this.length;
    const larger = Buffer.allocUnsafeSlow(this.#capacityFor(more));
    this.bytes.copy(larger, 0, this.start, this.end);
    this.#free();
    this.bytes = larger;
    this.start = 0;
    this.end = have;
  }

  #free(): void {
    if (this.bytes !== NO_BYTES) freeMemory(this.bytes);
    this.bytes = NO_BYTES;
  }

  #capacityFor(more: number): number {
    const need = this.length + more;
    return Math.max(BYTES_MIN, need, Math.min(BYTES_MAX, need + this.length));
  }
}
