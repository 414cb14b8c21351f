import { checkedValue } from './checked-value.ts';

const LARGE_BYTES = 30_000;

/** The key of the state with a read number. The number of keys is a power of 2. */
export const keyAt = (keys: readonly string[], number: number): string =>
  keys[(Math.imul(number, 0x9e37_79b1) >>> 8) & (keys.length - 1)]!;

/** The value of that state; undefined is an absence. */
export function valueAt(key: string, number: number): string | undefined {
  if (number % 5 === 0) return undefined;
  return checkedValue(key, number, number % 41 === 0 ? LARGE_BYTES : number % 200);
}
