import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import {
  md5Start,
  NOT_SHORT,
  SHORT_BYTES_MAX,
  shortMd5,
} from '../../../../src/topology/ring/short-md5.ts';
import { Random, testSeed } from '../../../support/random.ts';

const byCrypto = (text: string): number => hash('md5', text, 'buffer').readUInt32LE(0);

const seed = testSeed();
test(`shortMd5 equals the digest of node:crypto at every length it takes (seed ${seed})`, () => {
  const random = new Random(seed);
  for (let length = 0; length <= SHORT_BYTES_MAX; length++) {
    for (let turn = 0; turn < 50; turn++) {
      const codes = Array.from({ length }, () => random.int(0, 127));
      const text = String.fromCharCode(...codes);
      expect(shortMd5(text), JSON.stringify(text)).toBe(byCrypto(text));
    }
  }
});

test.each(['x'.repeat(56), 'schlüssel', '\u0080', '😀'])(
  'shortMd5 leaves %j to node:crypto',
  (text) => {
    expect(shortMd5(text)).toBe(NOT_SHORT);
  },
);

test(`md5Start equals node:crypto for bytes of every length and offset (seed ${seed})`, () => {
  const random = new Random(seed);
  for (let length = 0; length <= 260; length++) {
    const bytes = Buffer.from(Array.from({ length: length + 8 }, () => random.int(0, 255)));
    const start = random.int(0, 8);
    const expected = hash('md5', bytes.subarray(start, start + length), 'buffer').readUInt32LE(0);
    expect(md5Start(bytes, start, start + length), `${length} bytes`).toBe(expected);
  }
});

test('md5Start keeps nothing of the text before', () => {
  const bytes = Buffer.from('k'.repeat(120));
  const first = md5Start(bytes, 0, 3);
  md5Start(bytes, 0, 120);
  expect(md5Start(bytes, 0, 3)).toBe(first);
  expect(shortMd5('kkk')).toBe(first);
});
