const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const ASCII_END = 0x80;
/** A double holds a number of up to so many digits exactly; a longer CAS id becomes a bigint. */
const EXACT_DIGITS_MAX = 15;

/** Reads a line of a reply word by word, in the input itself: it allocates nothing. */
export class LineReader {
  at = 0;
  /** The number of digits that `takeNumber` read last; 0 if there was no number. */
  digits = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;

  /** Starts at the line `bytes[at, end)`. */
  begin(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** Consumes a blank if one follows; returns whether it did. */
  takeSpace(): boolean {
    if (this.isAtEnd || this.#bytes[this.at] !== SPACE) return false;
    this.at++;
    return true;
  }

  takeByte(): number {
    return this.#bytes[this.at++]!;
  }

  /** Consumes a decimal number, with or without a minus sign. */
  takeNumber(): number {
    const bytes = this.#bytes;
    const negative = this.at < this.#end && bytes[this.at] === MINUS;
    const start = negative ? this.at + 1 : this.at;
    let at = start;
    let value = 0;
    for (; at < this.#end; at++) {
      const digit = bytes[at]!;
      if (digit < ZERO || digit > NINE) break;
      value = value * 10 + (digit - ZERO);
    }
    this.digits = at - start;
    this.at = at;
    return negative ? -value : value;
  }

  /** Consumes a number of up to 64 bits. */
  takeBigInt(): bigint {
    const start = this.at;
    const value = this.takeNumber();
    if (this.digits <= EXACT_DIGITS_MAX) return BigInt(value);
    return BigInt(this.#bytes.toString('latin1', start, this.at));
  }

  /** Consumes `word` if it is the next word; returns whether it did. */
  takeWord(word: string): boolean {
    const bytes = this.#bytes;
    const { at } = this;
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i);
      if (code >= ASCII_END) return this.#takeUtf8(word);
      if (bytes[at + i] !== code) return false;
    }
    return this.#endWordAt(at + word.length);
  }

  /** Skips the rest of a word. */
  skipWord(): void {
    while (this.at < this.#end && this.#bytes[this.at] !== SPACE) this.at++;
  }

  #takeUtf8(word: string): boolean {
    const end = this.at + Buffer.byteLength(word);
    return this.#bytes.toString('utf8', this.at, end) === word && this.#endWordAt(end);
  }

  /** Consumes up to `end`, if a word ends there: at a blank or at the end of the line. */
  #endWordAt(end: number): boolean {
    if (end > this.#end || (end < this.#end && this.#bytes[end] !== SPACE)) return false;
    this.at = end;
    return true;
  }
}
