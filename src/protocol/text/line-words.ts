import { equalBytes } from '../../base/index.ts';

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
/** The most words of a line that any command uses (memcached, MAX_TOKENS). */
const WORDS_MAX = 23;
const NOREPLY = Buffer.from('noreply');

/** The words of one line, as offsets into the input; refilled for each line. */
export class LineWords {
  count = 0;
  /** Whether the line contains no NUL byte. */
  isFreeOfNul = true;
  readonly #bounds = new Int32Array(2 * WORDS_MAX);

  start(word: number): number {
    return this.#bounds[2 * word]!;
  }

  end(word: number): number {
    return this.#bounds[2 * word + 1]!;
  }

  text(input: Buffer, word: number): string {
    return input.toString('latin1', this.start(word), this.end(word));
  }

  /** Whether word number `word` equals `known`. */
  equals(input: Buffer, word: number, known: Uint8Array): boolean {
    const start = this.start(word);
    if (this.end(word) - start !== known.length) return false;
    return equalBytes(input, start, known, 0, known.length);
  }

  /** Whether the last word is `noreply`. */
  isNoreply(input: Buffer): boolean {
    return this.equals(input, this.count - 1, NOREPLY);
  }

  /**
   * Splits the line at `start`, from `first` on, at blanks; returns the offset of its newline, or
   * -1 while the line is incomplete.
   */
  split(input: Buffer, start: number, first: number, end: number): number {
    let wordStart = first;
    let at = first;
    this.count = 0;
    this.isFreeOfNul = true;
    for (; at < end; at++) {
      const byte = input[at]!;
      if (byte > BLANK) continue;
      if (byte === LF) break;
      if (byte === 0) this.isFreeOfNul = false;
      if (byte !== BLANK) continue;
      this.#add(wordStart, at);
      wordStart = at + 1;
    }
    if (at === end) return -1;
    this.#add(wordStart, endOfText(input, start, at));
    return at;
  }

  #add(start: number, end: number): void {
    if (end <= start || this.count === WORDS_MAX) return;
    this.#bounds[2 * this.count] = start;
    this.#bounds[2 * this.count + 1] = end;
    this.count++;
  }
}

/** Where the text of a line ends: before its LF or CRLF. */
export function endOfText(input: Buffer, start: number, newline: number): number {
  return newline - start > 1 && input[newline - 1] === CR ? newline - 1 : newline;
}
