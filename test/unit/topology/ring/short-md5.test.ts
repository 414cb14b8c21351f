import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { NOT_SHORT, SHORT_BYTES_MAX, shortMd5 } from '../../../../src/topology/ring/short-md5.ts';
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
