import { describe, expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/byte-sink.ts';
import { copyBytes, copyViewed, equalBytes } from '../../../src/base/bytes.ts';

/** Lengths around those at which a copy changes its way. */
const LENGTHS = [0, 1, 2, 23, 24, 25, 26, 100];

describe('copyBytes', () => {
  test.each(LENGTHS)('copyBytes copies %i bytes, and nothing around them', (length) => {
    const source = Buffer.from(Array.from({ length: 200 }, (_, i) => i + 1));
    for (const [start, at] of [
      [0, 0],
      [5, 3],
      [3, 50],
    ] as const) {
      const target = Buffer.alloc(200);
      copyBytes(source, start, start + length, target, at);
      const expected = Buffer.alloc(200);
      for (let i = 0; i < length; i++) expected[at + i] = start + i + 1;
      expect(target).toEqual(expected);
    }
  });
});

describe('copyViewed', () => {
  test.each([...LENGTHS, 7, 8, 9, 255, 256, 257, 400])(
    'copyViewed copies %i bytes alone',
    (length) => {
      const [source, target] = [new ByteSink(500), new ByteSink(500)];
      for (let i = 0; i < 500; i++) source.bytes[i] = (i * 7 + 1) & 255;
      target.bytes.fill(0);
      copyViewed(source, 3, 3 + length, target, 5);
      const expected = Buffer.alloc(500);
      source.bytes.copy(expected, 5, 3, 3 + length);
      expect(target.bytes.equals(expected)).toBe(true);
    },
  );
});

describe('equalBytes', () => {
  test.each(LENGTHS)('equalBytes compares each of %i bytes', (length) => {
    const a = Buffer.alloc(length + 2, 'x');
    const b = Buffer.alloc(length + 4, 'x');
    [a[0], b[2]] = [1, 2];
    [a[length + 1], b[length + 3]] = [1, 2];
    expect(equalBytes(a, 1, b, 3, length)).toBe(true);
    for (let i = 0; i < length; i++) {
      a[1 + i] = 0x79;
      expect(equalBytes(a, 1, b, 3, length), `byte ${i}`).toBe(false);
      a[1 + i] = 0x78;
    }
  });
});
