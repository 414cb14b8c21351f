const SPACE = 0x20;
const MINUS = 0x2d;
const ZERO = 0x30;
const NINE = 0x39;
const ASCII_END = 0x80;
/** Numbers of so many digits are exact as they are; longer ones (CAS ids) become bigints. */
const EXACT_DIGITS = 15;

/** Reads a line of a reply word by word, where it lies: nothing is allocated for it. */
export class LineReader {
  at = 0;
  /** How many digits the number read last had; 0 when there was none. */
  digits = 0;
  #bytes: Buffer = Buffer.alloc(0);
  #end = 0;

  /** Begins the line `bytes[at, end)`. */
  begin(bytes: Buffer, at: number, end: number): void {
    this.#bytes = bytes;
    this.at = at;
    this.#end = end;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#end;
  }

  /** Takes a blank, if there is one. */
  takeSpace(): boolean {
    if (this.isAtEnd || this.#bytes[this.at] !== SPACE) return false;
    this.at++;
    return true;
  }

  takeByte(): number {
    return this.#bytes[this.at++]!;
  }

  /** A decimal number, with a minus or not. */
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

  /** A number of up to 64 bits. */
  takeLong(): bigint {
    const start = this.at;
    const value = this.takeNumber();
    if (this.digits <= EXACT_DIGITS) return BigInt(value);
    return BigInt(this.#bytes.toString('latin1', start, this.at));
  }

  /** Takes the word if it is this one. */
  takeWord(word: string): boolean {
    const bytes = this.#bytes;
    const { at } = this;
    for (let i = 0; i < word.length; i++) {
      const code = word.charCodeAt(i);
      if (code >= ASCII_END) return this.#takeUtf8(word);
      if (bytes[at + i] !== code) return false;
    }
    return this.#takeTo(at + word.length);
  }

  /** The rest of a word that nobody reads. */
  skipWord(): void {
    while (this.at < this.#end && this.#bytes[this.at] !== SPACE) this.at++;
  }

  #takeUtf8(word: string): boolean {
    const end = this.at + Buffer.byteLength(word);
    return this.#bytes.toString('utf8', this.at, end) === word && this.#takeTo(end);
  }

  /** A word ends with a blank or with the line. */
  #takeTo(end: number): boolean {
    if (end > this.#end || (end < this.#end && this.#bytes[end] !== SPACE)) return false;
    this.at = end;
    return true;
  }
}
