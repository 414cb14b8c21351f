/** Copies, comparisons and decimal numbers. Ranges may end anywhere: nothing is read past them. */

const LANES: u32 = 16;
const BLANKS: v128 = i8x16.splat(0x20);

/** Copies `length` bytes; the ranges do not overlap. */
export function copy(to: usize, from: usize, length: u32): void {
  if (length >= LANES) {
    copyLong(to, from, length);
  } else if (length >= 8) {
    store<u64>(to, load<u64>(from));
    store<u64>(to + length - 8, load<u64>(from + length - 8));
  } else if (length >= 4) {
    store<u32>(to, load<u32>(from));
    store<u32>(to + length - 4, load<u32>(from + length - 4));
  } else {
    for (let at: u32 = 0; at < length; at++) store<u8>(to + at, load<u8>(from + at));
  }
}

function copyLong(to: usize, from: usize, length: u32): void {
  const end = from + length - LANES;
  const last = to + length - LANES;
  const tail = v128.load(end);
  while (from + 4 * LANES <= end) {
    const a = v128.load(from);
    const b = v128.load(from, 16);
    const c = v128.load(from, 32);
    const d = v128.load(from, 48);
    v128.store(to, a);
    v128.store(to, b, 16);
    v128.store(to, c, 32);
    v128.store(to, d, 48);
    from += 4 * LANES;
    to += 4 * LANES;
  }
  while (from < end) {
    v128.store(to, v128.load(from));
    from += LANES;
    to += LANES;
  }
  v128.store(last, tail);
}

export function equal(a: usize, b: usize, length: u32): bool {
  if (length >= LANES) return equalLong(a, b, length);
  if (length >= 8) {
    const end: usize = length - 8;
    return load<u64>(a) === load<u64>(b) && load<u64>(a + end) === load<u64>(b + end);
  }
  if (length >= 4) {
    const end: usize = length - 4;
    return load<u32>(a) === load<u32>(b) && load<u32>(a + end) === load<u32>(b + end);
  }
  for (let at: u32 = 0; at < length; at++) if (load<u8>(a + at) !== load<u8>(b + at)) return false;
  return true;
}

/** From the end, because keys with a common prefix differ there. */
function equalLong(a: usize, b: usize, length: u32): bool {
  const end: usize = length - LANES;
  if (v128.any_true(v128.xor(v128.load(a + end), v128.load(b + end)))) return false;
  for (let at: usize = 0; at < end; at += LANES) {
    if (v128.any_true(v128.xor(v128.load(a + at), v128.load(b + at)))) return false;
  }
  return true;
}

/**
 * The first blank or control character from `at` on, or `end`. It reads up to 15 bytes past the
 * end, which lie in the region of the thread.
 */
export function wordEnd(at: usize, end: usize): usize {
  while (at < end) {
    const found = i8x16.bitmask(i8x16.le_u(v128.load(at), BLANKS));
    if (found !== 0) {
      const place = at + <usize>ctz(found);
      return place < end ? place : end;
    }
    at += LANES;
  }
  return end;
}

/** Writes a number in decimal; returns where it ends. */
export function putDecimal(to: usize, value: u32): usize {
  if (value < 10) {
    store<u8>(to, 48 + value);
    return to + 1;
  }
  const end = to + digitsOf(value);
  let at = end;
  let rest = value;
  do {
    const quotient = rest / 10;
    at--;
    store<u8>(at, 48 + rest - quotient * 10);
    rest = quotient;
  } while (rest !== 0);
  return end;
}

function digitsOf(value: u32): u32 {
  if (value < 100) return 2;
  if (value < 1000) return 3;
  if (value < 10000) return 4;
  if (value < 100000) return 5;
  if (value < 1000000) return 6;
  if (value < 10000000) return 7;
  if (value < 100000000) return 8;
  return value < 1000000000 ? 9 : 10;
}

const NINE_DIGITS: u64 = 1000000000;

/** As `putDecimal`, for 64 bits. */
export function putDecimal64(to: usize, value: u64): usize {
  if (value <= 0xffff_ffff) return putDecimal(to, <u32>value);
  const high = value / NINE_DIGITS;
  const end = putDecimal64(to, high);
  let rest = <u32>(value - high * NINE_DIGITS);
  for (let at = end + 8; at >= end; at--) {
    const quotient = rest / 10;
    store<u8>(at, 48 + rest - quotient * 10);
    rest = quotient;
  }
  return end + 9;
}

const NO_DIGITS: i64 = -1;
const DIGITS_MAX = 10;

/** Reads a word of at most ten digits; -1 if it is anything else. */
export function readDigits(at: usize, end: usize): i64 {
  if (at === end || <i32>(end - at) > DIGITS_MAX) return NO_DIGITS;
  let value: i64 = 0;
  for (; at < end; at++) {
    const digit = <u32>load<u8>(at) - 48;
    if (digit > 9) return NO_DIGITS;
    value = value * 10 + digit;
  }
  return value;
}

/** Writes a text of at most 16 bytes; it may overwrite what follows within 16 bytes. */
export function putText(to: usize, text: u64, rest: u64, bytes: i32): usize {
  store<u64>(to, text);
  if (bytes > 8) store<u64>(to, rest, 8);
  return to + bytes;
}

const CRLF: u16 = 0x0a0d;

export function putLineEnd(to: usize): usize {
  store<u16>(to, CRLF);
  return to + 2;
}

export function isLineEnd(at: usize): bool {
  return load<u16>(at) === CRLF;
}
