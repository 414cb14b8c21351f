import { KEY_BYTES_MAX } from '../limits.ts';
import { type Request, VERB } from '../request.ts';
import { CLASSIC_LINES, reject } from './classic-lines.ts';
import { endOfText, type LineWords } from './line-words.ts';
import { readI32 } from './numbers.ts';

const LF = 0x0a;
const BLANK = 0x20;
const [LETTER_A, LETTER_B, LETTER_E, LETTER_S, LETTER_T] = [0x61, 0x62, 0x65, 0x73, 0x74];

/**
 * Decodes the line at `input[first]`, which starts with `g`. It may have many words, so they become
 * keys directly. Returns the offset of its newline, or -1 while the line is incomplete.
 */
export function decodeGet(
  input: Buffer,
  start: number,
  first: number,
  end: number,
  request: Request,
): number {
  request.endKey = 0;
  let isFreeOfNul = true;
  let longest = 0;
  let wordStart = first;
  let at = first;
  for (; at < end; at++) {
    const byte = input[at]!;
    if (byte > BLANK) continue;
    if (byte === LF) break;
    if (byte === 0) isFreeOfNul = false;
    if (byte !== BLANK) continue;
    if (at > wordStart) {
      request.addKey(wordStart, at);
      if (at - wordStart > longest) longest = at - wordStart;
    }
    wordStart = at + 1;
  }
  if (at === end) return -1;
  const textEnd = endOfText(input, start, at);
  if (textEnd > wordStart) {
    request.addKey(wordStart, textEnd);
    longest = Math.max(longest, textEnd - wordStart);
  }
  finishGet(input, request, isFreeOfNul, longest);
  return at;
}

/** Decodes `bget` like a line that starts with `g`: its words become the keys. */
export function decodeBget(words: LineWords, input: Buffer, request: Request): void {
  request.endKey = 0;
  let longest = 0;
  for (let i = 0; i < words.count; i++) {
    const start = words.start(i);
    const end = words.end(i);
    request.addKey(start, end);
    longest = Math.max(longest, end - start);
  }
  finishGet(input, request, true, longest);
}

/** Makes a get of the words of a line, which are in `request` as keys. */
function finishGet(input: Buffer, request: Request, isFreeOfNul: boolean, longest: number): void {
  const start = request.keyStart(0);
  const length = request.keyEnd(0) - start;
  const touches = input[start + 1] === LETTER_A;
  const isGetName =
    input[start] === LETTER_B
      ? length === 4
      : (touches || input[start + 1] === LETTER_E) &&
        input[start + 2] === LETTER_T &&
        (length === 3 || (length === 4 && input[start + 3] === LETTER_S));
  if (request.endKey < 2 || !isGetName) {
    reject(request, CLASSIC_LINES.unknownCommand);
    return;
  }
  request.verb = touches ? VERB.getAndTouch : VERB.get;
  request.wantsValue = true;
  request.withCas = length === 4 && input[start] !== LETTER_B;
  request.firstKey = touches ? 2 : 1;
  if (touches) request.exptime = readI32(input, request.keyStart(1), request.keyEnd(1));
  if (touches && Number.isNaN(request.exptime)) reject(request, CLASSIC_LINES.badExptime);
  else if (!isFreeOfNul || longest > KEY_BYTES_MAX) reject(request, CLASSIC_LINES.badFormat);
}
