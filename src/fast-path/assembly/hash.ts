import { keyHigh, keyLow } from './store';

const FINAL_ROUNDS = 3;

/** HalfSipHash-1-3, as in base/keyed-hash.ts. */
export function hashOf(at: usize, length: u32): u32 {
  let a = keyLow;
  let b = keyHigh;
  let c = a ^ 0x6c796765;
  let d = b ^ 0x74656462;
  const end = at + (length & ~3);
  const last = lastWord(end, length);
  for (; ; at += 4) {
    const isLast = at === end;
    const word = isLast ? last : load<u32>(at);
    d ^= word;
    a += b;
    b = rotl<u32>(b, 5) ^ a;
    a = rotl<u32>(a, 16);
    c += d;
    d = rotl<u32>(d, 8) ^ c;
    a += d;
    d = rotl<u32>(d, 7) ^ a;
    c += b;
    b = rotl<u32>(b, 13) ^ c;
    c = rotl<u32>(c, 16);
    a ^= word;
    if (isLast) break;
  }
  c ^= 0xff;
  for (let round = 0; round < FINAL_ROUNDS; round++) {
    a += b;
    b = rotl<u32>(b, 5) ^ a;
    a = rotl<u32>(a, 16);
    c += d;
    d = rotl<u32>(d, 8) ^ c;
    a += d;
    d = rotl<u32>(d, 7) ^ a;
    c += b;
    b = rotl<u32>(b, 13) ^ c;
    c = rotl<u32>(c, 16);
  }
  return b ^ d;
}

/** The bytes after the last whole word, and the length in the highest byte. */
function lastWord(at: usize, length: u32): u32 {
  let word = length << 24;
  const bytes = length & 3;
  if (bytes > 0) word |= <u32>load<u8>(at);
  if (bytes > 1) word |= (<u32>load<u8>(at, 1)) << 8;
  if (bytes > 2) word |= (<u32>load<u8>(at, 2)) << 16;
  return word;
}
