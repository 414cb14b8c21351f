/**
 * Parses numbers like memcached, which uses strtoul and similar functions: leading blanks and a
 * sign are allowed, and a blank ends the number early. Unlike memcached, these functions reject a
 * number that does not fit and never truncate it.
 */

/** The last number that `readU64` has read, in two words. */
export const u64 = { high: 0, low: 0 };

/** The result for a text that is no number, or a number that does not fit. */
const NOT_A_NUMBER = Number.NaN;

const DIGITS_EXACT_MAX = 15;
/** So many digits fit into a small integer. */
const PLAIN_DIGITS_MAX = 9;
const NOT_PLAIN = -1;
const TWO_32 = 0x1_0000_0000;

/** Reads an unsigned 32-bit number, or returns NaN. */
export function readU32(bytes: Uint8Array, start: number, end: number): number {
  const value = readInteger(bytes, start, end);
  return value >= 0 && value < TWO_32 ? value + 0 : NOT_A_NUMBER;
}

/** Reads a signed 32-bit number, or returns NaN. */
export function readI32(bytes: Uint8Array, start: number, end: number): number {
  const value = readInteger(bytes, start, end);
  return value >= -0x8000_0000 && value <= 0x7fff_ffff ? value : NOT_A_NUMBER;
}

/** Reads an unsigned 64-bit number into `u64`; returns false if there is none. */
export function readU64(bytes: Uint8Array, start: number, end: number): boolean {
  const first = skipBlanks(bytes, start, end);
  const negative = first < end && bytes[first] === 0x2d;
  const digits = first < end && isSign(bytes[first]!) ? first + 1 : first;
  const stop = digitsEnd(bytes, digits, end);
  if (stop === digits || !isNumberEnd(bytes, stop, end)) return false;
  let high = 0;
  let low = 0;
  for (let at = digits; at < stop; at++) {
    const carried = low * 10 + (bytes[at]! - 0x30);
    low = carried % TWO_32;
    high = high * 10 + Math.floor(carried / TWO_32);
    if (high >= TWO_32) return false;
  }
  u64.high = high;
  u64.low = low;
  return !negative || (high === 0 && low === 0);
}

/** Reads a whole number of at most 15 digits, which a double holds exactly, or returns NaN. */
function readInteger(bytes: Uint8Array, start: number, end: number): number {
  const plain = end - start <= PLAIN_DIGITS_MAX ? readPlain(bytes, start, end) : NOT_PLAIN;
  return plain === NOT_PLAIN ? readAny(bytes, start, end) : plain;
}

/** Reads a text of digits only, which almost every number is, or returns NOT_PLAIN. */
function readPlain(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NOT_PLAIN;
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 0x30;
    if (digit < 0 || digit > 9) return NOT_PLAIN;
    value = value * 10 + digit;
  }
  return value;
}

function readAny(bytes: Uint8Array, start: number, end: number): number {
  const first = skipBlanks(bytes, start, end);
  const negative = first < end && bytes[first] === 0x2d;
  let digits = first < end && isSign(bytes[first]!) ? first + 1 : first;
  const stop = digitsEnd(bytes, digits, end);
  if (stop === digits || !isNumberEnd(bytes, stop, end)) return NOT_A_NUMBER;
  while (digits < stop - 1 && bytes[digits] === 0x30) digits++;
  if (stop - digits > DIGITS_EXACT_MAX) return NOT_A_NUMBER;
  const value = decimal(bytes, digits, stop);
  return negative && value !== 0 ? -value : value;
}

function decimal(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + (bytes[at]! - 0x30);
  return value;
}

function digitsEnd(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && bytes[at]! >= 0x30 && bytes[at]! <= 0x39) at++;
  return at;
}

function skipBlanks(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end && isBlank(bytes[at]!)) at++;
  return at;
}

function isNumberEnd(bytes: Uint8Array, at: number, end: number): boolean {
  return at === end || isBlank(bytes[at]!);
}

function isSign(byte: number): boolean {
  return byte === 0x2d || byte === 0x2b;
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);
}
