const BYTES_MIN = 4096;
const NO_BYTES = Buffer.alloc(0);

/** The bytes of an incomplete request, kept for the next read: `bytes[start, end)`. */
export class Carry {
  bytes = NO_BYTES;
  start = 0;
  end = 0;

  get length(): number {
    return this.end - this.start;
  }

  append(from: Buffer, start: number, end: number): void {
    const more = end - start;
    if (this.end + more > this.bytes.length) this.#grow(more);
    from.copy(this.bytes, this.end, start, end);
    this.end += more;
  }

  /** Keeps the rest of the input: `from[start, end)`; `from` may be the carry itself. */
  replace(from: Buffer, start: number, end: number): void {
    if (start === end) {
      this.start = 0;
      this.end = 0;
      if (this.bytes.length > BYTES_MIN) this.bytes = NO_BYTES;
    } else if (from === this.bytes) {
      this.start = start;
    } else {
      this.start = 0;
      this.end = 0;
      this.append(from, start, end);
    }
  }

  clear(): void {
    this.start = 0;
    this.end = 0;
    this.bytes = NO_BYTES;
  }

  #grow(more: number): void {
    const have = this.length;
    const larger = Buffer.allocUnsafe(Math.max(BYTES_MIN, have + more + have));
    this.bytes.copy(larger, 0, this.start, this.end);
    this.bytes = larger;
    this.start = 0;
    this.end = have;
  }
}
