import { expect, test } from 'vitest';
import { murmur3 } from '../../../src/base/hash.ts';

/** Published values of MurmurHash3_x86_32. */
const PUBLISHED: readonly (readonly [string, number, number])[] = [
  ['', 0, 0],
  ['', 1, 0x514e28b7],
  ['', 0xffff_ffff, 0x81f16f39],
  ['\0\0\0\0', 0, 0x2362f9de],
  ['aaaa', 0x9747b28c, 0x5a97808a],
  ['aaa', 0x9747b28c, 0x283e0130],
  ['aa', 0x9747b28c, 0x5d211726],
  ['a', 0x9747b28c, 0x7fa09ea6],
  ['abcd', 0x9747b28c, 0xf0478627],
  ['abc', 0x9747b28c, 0xc84a62dd],
  ['ab', 0x9747b28c, 0x74875592],
  ['Hello, world!', 0x9747b28c, 0x24884cba],
  ['The quick brown fox jumps over the lazy dog', 0x9747b28c, 0x2fa826cd],
  ['\xff\xff\xff\xff', 0, 0x76293b50],
  ['!Ce\x87', 0x5082edee, 0x2362f9de],
];

test.each(PUBLISHED)('the hash of %j with seed %i is %i', (text, seed, hash) => {
  const bytes = Buffer.from(`??${text}??`, 'latin1');
  expect(murmur3(bytes, 2, 2 + text.length, seed)).toBe(hash);
});
