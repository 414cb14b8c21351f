const TWO_32 = 0x1_0000_0000;
/** With a high word below this, the number is below 2^53 and a double holds it exactly. */
const EXACT_HIGH_LIMIT = 0x20_0000;

/** The number of decimal digits of `value`, a whole number from 0 to 2^53 - 1. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound && digits < 16; bound *= 10) digits++;
  return digits;
}

/**
 * Writes the unsigned 64-bit number `high * 2^32 + low` in decimal at `at`; returns the number of
 * digits (at most 20). It allocates nothing, because it also runs while the caller holds a lock.
 */
export function writeDecimal64(bytes: Uint8Array, at: number, high: number, low: number): number {
  const exact = high < EXACT_HIGH_LIMIT;
  const digits = exact ? digitsOf(high * TWO_32 + low) : digitsOfLong(high, low);
  let upper = high;
  let lower = low;
  for (let i = at + digits - 1; i >= at; i--) {
    const carried = (upper % 10) * TWO_32 + lower;
    upper = Math.floor(upper / 10);
    lower = Math.floor(carried / 10);
    bytes[i] = 48 + (carried - lower * 10);
  }
  return digits;
}

/** The number of digits of a number from 2^53 on: 16 … 20. */
function digitsOfLong(high: number, low: number): number {
  let digits = 1;
  let upper = high;
  let lower = low;
  while (upper > 0 || lower >= 10) {
    const carried = (upper % 10) * TWO_32 + lower;
    upper = Math.floor(upper / 10);
    lower = Math.floor(carried / 10);
    digits++;
  }
  return digits;
}
