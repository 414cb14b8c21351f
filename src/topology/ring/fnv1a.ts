/** The low halves of the constants of FNV-1a with 64 bits. */
const START = 0x84222325 | 0;
const PRIME = 0x000001b3;

/**
 * twemproxy's `fnv1a_64`, its default: FNV-1a with 64 bits, of which it keeps the low 32. A byte
 * from 0x80 up is negative there (`char` is signed).
 * @returns an unsigned 32-bit number.
 */
export function fnv1a64(bytes: Uint8Array, start: number, end: number): number {
  let hash = START;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ ((bytes[at]! << 24) >> 24), PRIME);
  return hash >>> 0;
}
