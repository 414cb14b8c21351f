/**
 * Bob Jenkins' one-at-a-time hash over `bytes[start, end)`, as libmemcached computes it on x86: a
 * byte from 0x80 up is negative there (`char` is signed), so keys that are not ASCII hash
 * differently from the original.
 * @returns an unsigned 32-bit number.
 */
export function oneAtATime(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0;
  for (let at = start; at < end; at++) {
    hash = (hash + ((bytes[at]! << 24) >> 24)) | 0;
    hash = (hash + (hash << 10)) | 0;
    hash ^= hash >>> 6;
  }
  hash = (hash + (hash << 3)) | 0;
  hash ^= hash >>> 11;
  return (hash + (hash << 15)) >>> 0;
}
