import { KEY_BYTES_MAX } from '../limits.ts';

const LF = 0x0a;
const BLANK = 0x20;
const [LETTER_E, LETTER_G, LETTER_M, LETTER_T] = [0x65, 0x67, 0x6d, 0x74];
/** The longest rest of a line after its first key; a longer one is not worth a search. */
const REST_BYTES_MAX = 64;
/** `mg k` and a newline. */
const LINE_BYTES_MIN = 5;

/**
 * The first key of a line, found without decoding the line: only a guess of what the request is,
 * for a look-ahead. One object, refilled for each line.
 */
export class LineKey {
  start = 0;
  end = 0;
  /** The offset after the line. */
  lineEnd = 0;

  /** Finds the key of a `get` or an `mg` that starts at `at`; false for any other line. */
  find(input: Buffer, at: number, end: number): boolean {
    const start = end - at < LINE_BYTES_MIN ? -1 : keyStartOf(input, at);
    if (start === -1) return false;
    const keyLimit = Math.min(end, start + KEY_BYTES_MAX + 1);
    let keyEnd = start;
    while (keyEnd < keyLimit && input[keyEnd]! > BLANK) keyEnd++;
    const limit = Math.min(end, keyEnd + REST_BYTES_MAX);
    let newline = keyEnd;
    while (newline < limit && input[newline] !== LF) newline++;
    if (keyEnd === start || keyEnd === keyLimit || newline === limit) return false;
    this.start = start;
    this.end = keyEnd;
    this.lineEnd = newline + 1;
    return true;
  }
}

function keyStartOf(input: Buffer, at: number): number {
  if (input[at] === LETTER_G) {
    const isGet =
      input[at + 1] === LETTER_E && input[at + 2] === LETTER_T && input[at + 3] === BLANK;
    return isGet ? at + 4 : -1;
  }
  const isMg = input[at] === LETTER_M && input[at + 1] === LETTER_G && input[at + 2] === BLANK;
  return isMg ? at + 3 : -1;
}
