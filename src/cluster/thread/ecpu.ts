/** What requests cost in ElastiCache's processing units (ECPU); pure. */

/** A command that moves so much costs 1, and each further kibibyte costs 1 more. */
const ECPU_BYTES = 1024;
const BINARY_HEADER_BYTES = 24;
const BODY_LENGTH_AT = 8;
const LF = 0x0a;
const BLANK = 0x20;
const ZERO = 0x30;
const NINE = 0x39;
const V = 0x56;
const A = 0x41;
const CRLF_BYTES = 2;

const excess = (bytes: number): number => Math.max(0, bytes / ECPU_BYTES - 1);

/**
 * Of requests that leave together.
 * @param ends where each of them ends.
 * @param commands their number; each key of a get of several keys counts.
 */
export function requestEcpu(ends: readonly number[], commands: number): number {
  let ecpu = Math.max(commands, ends.length);
  let start = 0;
  for (const end of ends) {
    ecpu += excess(end - start);
    start = end;
  }
  return ecpu;
}

/** Of their replies, beyond what the requests cost: that of each value above a kibibyte. */
export function replyEcpu(replies: Buffer, isBinary: boolean): number {
  if (replies.length <= ECPU_BYTES) return 0;
  let ecpu = 0;
  for (let at = 0; at < replies.length; ) {
    const end = isBinary ? binaryEnd(replies, at) : textEnd(replies, at);
    ecpu += excess(end - at);
    at = end;
  }
  return ecpu;
}

function binaryEnd(replies: Buffer, at: number): number {
  if (at + BINARY_HEADER_BYTES > replies.length) return replies.length;
  return at + BINARY_HEADER_BYTES + replies.readUInt32BE(at + BODY_LENGTH_AT);
}

/** Where a line ends, with its value: `VALUE <key> <flags> <bytes> …`, `VA <bytes> …`. */
function textEnd(replies: Buffer, at: number): number {
  const lf = replies.indexOf(LF, at);
  if (lf < 0) return replies.length;
  if (replies[at] !== V || replies[at + 1] !== A) return lf + 1;
  const isMeta = replies[at + 2] === BLANK;
  return lf + 1 + numberOfWord(replies, at, isMeta ? 1 : 3) + CRLF_BYTES;
}

/** The number in a word of a line; word 0 is the first. */
function numberOfWord(bytes: Buffer, lineAt: number, nth: number): number {
  let at = lineAt;
  for (let word = 0; word < nth; word++) {
    while (bytes[at] !== BLANK && bytes[at] !== LF) at++;
    at++;
  }
  let number = 0;
  for (; bytes[at]! >= ZERO && bytes[at]! <= NINE; at++) number = 10 * number + bytes[at]! - ZERO;
  return number;
}
