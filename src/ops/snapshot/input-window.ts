/** More than a block or a header needs, so that the rest of one is seldom moved. */
const WINDOW_BYTES = 1 << 20;

/** The bytes of an input that its reader has not used yet: one buffer, which it reuses. */
export class InputWindow {
  readonly #buffer = Buffer.allocUnsafeSlow(WINDOW_BYTES);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  /** The unused bytes; valid until `add`. */
  get rest(): Buffer {
    return this.#buffer.subarray(this.#start, this.#end);
  }

  /** Copies bytes from this position on, as many as fit; returns how many. */
  add(bytes: Buffer, from: number): number {
    if (this.#end + bytes.length - from > WINDOW_BYTES) this.#moveToFront();
    const copied = bytes.copy(this.#buffer, this.#end, from);
    this.#end += copied;
    return copied;
  }

  /** The reader has used these bytes. */
  skip(bytes: number): void {
    this.#start += bytes;
  }

  #moveToFront(): void {
    this.#buffer.copyWithin(0, this.#start, this.#end);
    this.#end -= this.#start;
    this.#start = 0;
  }
}
