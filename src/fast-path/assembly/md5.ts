/**
 * The first four bytes of the MD5 digest (RFC 1321) of a key, as a little-endian number: its point
 * on the ring, as topology/ring/short-md5.ts computes it.
 */
import { copy } from './bytes';
import { WALK_BLOCKS_AT } from './constants';
import { region } from './store';

const BLOCK_BYTES: u32 = 64;
/** The end byte and the length. */
const PADDING_BYTES: u32 = 9;
const LENGTH_BYTES: u32 = 8;
const END_BYTE: u8 = 0x80;

let a: u32 = 0;
let b: u32 = 0;
let c: u32 = 0;
let d: u32 = 0;

export function pointOf(key: usize, length: u32): u32 {
  const blocks = region + WALK_BLOCKS_AT;
  const bytes = (length + PADDING_BYTES + BLOCK_BYTES - 1) & ~(BLOCK_BYTES - 1);
  copy(blocks, key, length);
  store<u8>(blocks + length, END_BYTE);
  memory.fill(blocks + length + 1, 0, bytes - length - 1);
  store<u32>(blocks + bytes - LENGTH_BYTES, length << 3);
  a = 0x67452301;
  b = 0xefcdab89;
  c = 0x98badcfe;
  d = 0x10325476;
  for (let at = blocks; at < blocks + bytes; at += BLOCK_BYTES) mix(at);
  return a;
}

function f(to: u32, b: u32, c: u32, d: u32, sum: u32, bits: u32): u32 {
  return b + rotl<u32>(to + (d ^ (b & (c ^ d))) + sum, bits);
}

function g(to: u32, b: u32, c: u32, d: u32, sum: u32, bits: u32): u32 {
  return b + rotl<u32>(to + (c ^ (d & (b ^ c))) + sum, bits);
}

function h(to: u32, b: u32, c: u32, d: u32, sum: u32, bits: u32): u32 {
  return b + rotl<u32>(to + (b ^ c ^ d) + sum, bits);
}

function i(to: u32, b: u32, c: u32, d: u32, sum: u32, bits: u32): u32 {
  return b + rotl<u32>(to + (c ^ (b | ~d)) + sum, bits);
}

/** Mixes a block into the digest. */
function mix(block: usize): void {
  const a0 = a;
  const b0 = b;
  const c0 = c;
  const d0 = d;
  mixTwice(block);
  mixTwiceMore(block);
  a += a0;
  b += b0;
  c += c0;
  d += d0;
}

/** The first two rounds of the RFC. */
function mixTwice(block: usize): void {
  let p = a;
  let q = b;
  let r = c;
  let s = d;
  p = f(p, q, r, s, load<u32>(block, 0) + 0xd76aa478, 7);
  s = f(s, p, q, r, load<u32>(block, 4) + 0xe8c7b756, 12);
  r = f(r, s, p, q, load<u32>(block, 8) + 0x242070db, 17);
  q = f(q, r, s, p, load<u32>(block, 12) + 0xc1bdceee, 22);
  p = f(p, q, r, s, load<u32>(block, 16) + 0xf57c0faf, 7);
  s = f(s, p, q, r, load<u32>(block, 20) + 0x4787c62a, 12);
  r = f(r, s, p, q, load<u32>(block, 24) + 0xa8304613, 17);
  q = f(q, r, s, p, load<u32>(block, 28) + 0xfd469501, 22);
  p = f(p, q, r, s, load<u32>(block, 32) + 0x698098d8, 7);
  s = f(s, p, q, r, load<u32>(block, 36) + 0x8b44f7af, 12);
  r = f(r, s, p, q, load<u32>(block, 40) + 0xffff5bb1, 17);
  q = f(q, r, s, p, load<u32>(block, 44) + 0x895cd7be, 22);
  p = f(p, q, r, s, load<u32>(block, 48) + 0x6b901122, 7);
  s = f(s, p, q, r, load<u32>(block, 52) + 0xfd987193, 12);
  r = f(r, s, p, q, load<u32>(block, 56) + 0xa679438e, 17);
  q = f(q, r, s, p, load<u32>(block, 60) + 0x49b40821, 22);
  p = g(p, q, r, s, load<u32>(block, 4) + 0xf61e2562, 5);
  s = g(s, p, q, r, load<u32>(block, 24) + 0xc040b340, 9);
  r = g(r, s, p, q, load<u32>(block, 44) + 0x265e5a51, 14);
  q = g(q, r, s, p, load<u32>(block, 0) + 0xe9b6c7aa, 20);
  p = g(p, q, r, s, load<u32>(block, 20) + 0xd62f105d, 5);
  s = g(s, p, q, r, load<u32>(block, 40) + 0x02441453, 9);
  r = g(r, s, p, q, load<u32>(block, 60) + 0xd8a1e681, 14);
  q = g(q, r, s, p, load<u32>(block, 16) + 0xe7d3fbc8, 20);
  p = g(p, q, r, s, load<u32>(block, 36) + 0x21e1cde6, 5);
  s = g(s, p, q, r, load<u32>(block, 56) + 0xc33707d6, 9);
  r = g(r, s, p, q, load<u32>(block, 12) + 0xf4d50d87, 14);
  q = g(q, r, s, p, load<u32>(block, 32) + 0x455a14ed, 20);
  p = g(p, q, r, s, load<u32>(block, 52) + 0xa9e3e905, 5);
  s = g(s, p, q, r, load<u32>(block, 8) + 0xfcefa3f8, 9);
  r = g(r, s, p, q, load<u32>(block, 28) + 0x676f02d9, 14);
  q = g(q, r, s, p, load<u32>(block, 48) + 0x8d2a4c8a, 20);
  a = p;
  b = q;
  c = r;
  d = s;
}

/** The last two rounds. */
function mixTwiceMore(block: usize): void {
  let p = a;
  let q = b;
  let r = c;
  let s = d;
  p = h(p, q, r, s, load<u32>(block, 20) + 0xfffa3942, 4);
  s = h(s, p, q, r, load<u32>(block, 32) + 0x8771f681, 11);
  r = h(r, s, p, q, load<u32>(block, 44) + 0x6d9d6122, 16);
  q = h(q, r, s, p, load<u32>(block, 56) + 0xfde5380c, 23);
  p = h(p, q, r, s, load<u32>(block, 4) + 0xa4beea44, 4);
  s = h(s, p, q, r, load<u32>(block, 16) + 0x4bdecfa9, 11);
  r = h(r, s, p, q, load<u32>(block, 28) + 0xf6bb4b60, 16);
  q = h(q, r, s, p, load<u32>(block, 40) + 0xbebfbc70, 23);
  p = h(p, q, r, s, load<u32>(block, 52) + 0x289b7ec6, 4);
  s = h(s, p, q, r, load<u32>(block, 0) + 0xeaa127fa, 11);
  r = h(r, s, p, q, load<u32>(block, 12) + 0xd4ef3085, 16);
  q = h(q, r, s, p, load<u32>(block, 24) + 0x04881d05, 23);
  p = h(p, q, r, s, load<u32>(block, 36) + 0xd9d4d039, 4);
  s = h(s, p, q, r, load<u32>(block, 48) + 0xe6db99e5, 11);
  r = h(r, s, p, q, load<u32>(block, 60) + 0x1fa27cf8, 16);
  q = h(q, r, s, p, load<u32>(block, 8) + 0xc4ac5665, 23);
  p = i(p, q, r, s, load<u32>(block, 0) + 0xf4292244, 6);
  s = i(s, p, q, r, load<u32>(block, 28) + 0x432aff97, 10);
  r = i(r, s, p, q, load<u32>(block, 56) + 0xab9423a7, 15);
  q = i(q, r, s, p, load<u32>(block, 20) + 0xfc93a039, 21);
  p = i(p, q, r, s, load<u32>(block, 48) + 0x655b59c3, 6);
  s = i(s, p, q, r, load<u32>(block, 12) + 0x8f0ccc92, 10);
  r = i(r, s, p, q, load<u32>(block, 40) + 0xffeff47d, 15);
  q = i(q, r, s, p, load<u32>(block, 4) + 0x85845dd1, 21);
  p = i(p, q, r, s, load<u32>(block, 32) + 0x6fa87e4f, 6);
  s = i(s, p, q, r, load<u32>(block, 60) + 0xfe2ce6e0, 10);
  r = i(r, s, p, q, load<u32>(block, 24) + 0xa3014314, 15);
  q = i(q, r, s, p, load<u32>(block, 52) + 0x4e0811a1, 21);
  p = i(p, q, r, s, load<u32>(block, 16) + 0xf7537e82, 6);
  s = i(s, p, q, r, load<u32>(block, 44) + 0xbd3af235, 10);
  r = i(r, s, p, q, load<u32>(block, 8) + 0x2ad7d2bb, 15);
  q = i(q, r, s, p, load<u32>(block, 36) + 0xeb86d391, 21);
  a = p;
  b = q;
  c = r;
  d = s;
}
