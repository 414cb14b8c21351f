/** The secret key of a hash: 64 random bits in two words. */
export interface HashKey {
  readonly low: number;
  readonly high: number;
}

export function randomHashKey(): HashKey {
  const [low, high] = crypto.getRandomValues(new Int32Array(2));
  return { low: low!, high: high! };
}

/**
 * HalfSipHash-1-3 of `view[start, end)` (Jean-Philippe Aumasson, Daniel J. Bernstein; the hash of
 * Linux for its tables on 32-bit machines). Without the key nobody can build keys that collide.
 * The rounds are written out: as a loop they would cost 5 ns more, of 22 for a key of 20 bytes.
 * @returns a signed 32-bit number: fields and arrays hold it without a box.
 */
export function halfSipHash(view: DataView, start: number, end: number, key: HashKey): number {
  let v0 = key.low;
  let v1 = key.high;
  let v2 = v0 ^ 0x6c796765;
  let v3 = v1 ^ 0x74656462;
  let at = start;
  for (const wordsEnd = start + ((end - start) & ~3); at < wordsEnd; at += 4) {
    const word = view.getInt32(at, true);
    v3 ^= word;
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    v0 ^= word;
  }
  const last = lastWord(view, at, end, end - start);
  v3 ^= last;
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  return finish(v0 ^ last, v1, ((v2 << 16) | (v2 >>> 16)) ^ 0xff, v3);
}

/** The bytes after the last whole word, and the length in the highest byte. */
function lastWord(view: DataView, at: number, end: number, length: number): number {
  let word = length << 24;
  const bytes = end - at;
  if (bytes > 0) word |= view.getUint8(at);
  if (bytes > 1) word |= view.getUint8(at + 1) << 8;
  if (bytes > 2) word |= view.getUint8(at + 2) << 16;
  return word;
}

/** The three rounds after the last word. */
function finish(a: number, b: number, c: number, d: number): number {
  let v0 = (a + b) | 0;
  let v1 = ((b << 5) | (b >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  let v2 = (c + d) | 0;
  let v3 = ((d << 8) | (d >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v0 = (v0 << 16) | (v0 >>> 16);
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = (v0 + v3) | 0;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
  v2 = (v2 << 16) | (v2 >>> 16);
  v0 = (v0 + v1) | 0;
  v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
  v2 = (v2 + v3) | 0;
  v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
  v0 = ((v0 << 16) | (v0 >>> 16)) + v3;
  v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
  v2 = (v2 + v1) | 0;
  return ((v1 << 13) | (v1 >>> 19)) ^ v2 ^ v3;
}
