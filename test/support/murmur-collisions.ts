import { murmur3 } from '../../src/base/hash.ts';
import type { Random } from './random.ts';

/** The inverses of murmur3's multipliers modulo 2^32. */
const INVERSE_1 = 0xdee13bb1;
const INVERSE_2 = 0x56ed309b;
/**
 * The differences of two words that follow each other, after murmur3's multiplications. The first
 * one reaches bit 31 of the hash, where the multiplication by 5 and the addition leave it alone,
 * and the second one cancels it there, whatever the seed is.
 */
const DIFFERENCES = [0x0004_0000, 0x8000_0000] as const;
const WORDS_MAX = 2 ** 32 - 1;

/** The four characters of which murmur3 makes `mixed`. */
function charactersOf(mixed: number): string {
  const rotated = Math.imul(mixed, INVERSE_2);
  const word = Math.imul((rotated >>> 15) | (rotated << 17), INVERSE_1);
  return String.fromCharCode(word & 0xff, (word >>> 8) & 0xff, (word >>> 16) & 0xff, word >>> 24);
}

/** Two texts of four characters, allowed in text keys, with this difference after the mixing. */
function textsWith(difference: number, random: Random): readonly [string, string] {
  for (;;) {
    const mixed = random.int(0, WORDS_MAX);
    const texts = [charactersOf(mixed), charactersOf(mixed ^ difference)] as const;
    if (texts.every((text) => /^[!-~\x80-\xff]{4}$/.test(text))) return texts;
  }
}

/** 2 ^ `pairs` keys of 8 × `pairs` characters that murmur3 gives the same hash with every seed. */
export function murmurCollisions(random: Random, pairs: number): readonly string[] {
  let keys = [''];
  for (let nth = 0; nth < pairs; nth++) {
    const [first, second] = DIFFERENCES.map((difference) => textsWith(difference, random));
    const blocks = [first![0] + second![0], first![1] + second![1]];
    keys = keys.flatMap((key) => blocks.map((block) => key + block));
  }
  return keys;
}

/** How many different hashes murmur3 gives the keys with this seed. */
export function murmurHashCount(keys: readonly string[], seed: number): number {
  const hashes = keys.map((key) => murmur3(Buffer.from(key, 'latin1'), 0, key.length, seed));
  return new Set(hashes).size;
}
