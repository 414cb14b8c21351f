import { describe, expect, test } from 'vitest';
import { halfSipHash, randomHashKey } from '../../../src/base/keyed-hash.ts';
import { murmurCollisions, murmurHashCount } from '../../support/murmur-collisions.ts';
import { Random } from '../../support/random.ts';

/**
 * The values that Linux publishes of HalfSipHash-1-3 (lib/test_siphash.c): of the bytes 0, 1, 2 …,
 * one value for each length from 0, with the bytes 0 to 7 as the key.
 */
const PUBLISHED = [
  ...[0x5814c896, 0xe7e864ca, 0xbc4b0e30, 0x01539939, 0x7e059ea6, 0x88e3d89b, 0xa0080b65],
  ...[0x9d38d9d6, 0x577999b1, 0xc839caed, 0xe4fa32cf, 0x959246ee, 0x6b28096c, 0x66dd9cd6],
  ...[0x16658a7c, 0xd0257b04, 0x8b31d501, 0x2b1cd04b, 0x06712339, 0x522aca67, 0x911bb605],
  ...[0x90a65f0e, 0xf826ef7b, 0x62512deb, 0x57150ad7, 0x5d473507, 0x1ec47442, 0xab64afd3],
  ...[0x0a4100d0, 0x6d2ce652, 0x2331b6a3, 0x08d8791a, 0xbc6dda8d, 0xe0f6c934, 0xb0652033],
];
const PUBLISHED_KEY = { low: 0x03020100, high: 0x07060504 };

const viewOf = (bytes: Buffer): DataView => new DataView(bytes.buffer, bytes.byteOffset);

describe('the keyed hash', () => {
  test.each(PUBLISHED.map((hash, length) => [length, hash] as const))(
    'the hash of %i bytes is %i, at every offset and whatever lies around them',
    (length, hash) => {
      for (let offset = 0; offset < 9; offset++) {
        const bytes = Buffer.alloc(60, 0xa5);
        for (let i = 0; i < length; i++) bytes[offset + i] = i;
        const view = viewOf(bytes);
        expect(halfSipHash(view, offset, offset + length, PUBLISHED_KEY)).toBe(hash | 0);
      }
    },
  );
  test('the hash reads nothing behind the bytes', () => {
    for (let length = 0; length < 9; length++) {
      const bytes = Buffer.alloc(length + 3, 'k');
      const view = new DataView(bytes.buffer, bytes.byteOffset, 3 + length);
      expect(() => halfSipHash(view, 3, 3 + length, PUBLISHED_KEY)).not.toThrow();
    }
  });
  test('each bit of the key and of the bytes changes the hash', () => {
    const bytes = Buffer.from('a key of some length', 'latin1');
    const hash = (): number => halfSipHash(viewOf(bytes), 0, bytes.length, PUBLISHED_KEY);
    const hashes = [hash()];
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      hashes.push(hash());
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
    for (let bit = 0; bit < 64; bit++) {
      const low = PUBLISHED_KEY.low ^ (bit < 32 ? 1 << bit : 0);
      const high = PUBLISHED_KEY.high ^ (bit < 32 ? 0 : 1 << (bit - 32));
      hashes.push(halfSipHash(viewOf(bytes), 0, bytes.length, { low, high }));
    }
    expect(new Set(hashes).size).toBe(hashes.length);
  });
  test('two starts have two keys', () => {
    expect(randomHashKey()).not.toEqual(randomHashKey());
  });
});

test('keys that collide in murmur3 with every seed do not collide in the keyed hash', () => {
  const keys = murmurCollisions(new Random(1), 12);
  expect(keys).toHaveLength(4096);
  for (const seed of [0, 1, 0x9747b28c, 0xffffffff]) expect(murmurHashCount(keys, seed)).toBe(1);
  for (const key of [PUBLISHED_KEY, randomHashKey()]) {
    const hashes = keys.map((text) => {
      const bytes = Buffer.from(text, 'latin1');
      return halfSipHash(viewOf(bytes), 0, bytes.length, key);
    });
    // By chance two of so few keys have the same hash once in 500 runs.
    expect(new Set(hashes).size).toBeGreaterThan(4090);
  }
});
