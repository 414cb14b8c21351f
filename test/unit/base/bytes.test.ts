import { describe, expect, test } from 'vitest';
import { BufferView, copyBytes, copyViewed, equalBytes } from '../../../src/base/bytes.ts';

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
  const viewed = (bytes: Buffer): BufferView => {
    const view = new BufferView();
    view.show(bytes);
    return view;
  };
  /** Every number of whole words and of bytes after them, and both sides of its bound. */
  const lengths = [...Array(33).keys(), 100, 255, 256, 257, 300];
  test.each(lengths)('copyViewed copies %i bytes, and nothing around them', (length) => {
    const pool = Buffer.from(Array.from({ length: 420 }, (_, i) => (i * 7 + 1) & 0xff));
    // A part of a larger buffer, as most buffers of Node.js are.
    const source = pool.subarray(3);
    for (const [start, at] of [
      [0, 0],
      [5, 3],
      [3, 50],
    ] as const) {
      const whole = Buffer.alloc(421);
      copyViewed(viewed(source), start, start + length, viewed(whole.subarray(1)), at);
      const expected = Buffer.alloc(421);
      for (let i = 0; i < length; i++) expected[1 + at + i] = source[start + i]!;
      expect(whole).toEqual(expected);
    }
  });
  test('copyViewed keeps the bits of every number, also where they are a NaN', () => {
    const source = Buffer.from('fff8000000000001fff0000000000001', 'hex');
    const target = Buffer.alloc(16);
    copyViewed(viewed(source), 0, 16, viewed(target), 0);
    expect(target).toEqual(source);
  });
});

test('a view of a buffer changes with the buffer, and stays while it is the same', () => {
  const view = new BufferView();
  const [first, second] = [Buffer.from('abc').subarray(1), Buffer.from('xyz').subarray(2)];
  view.show(first);
  expect([view.bytes, view.view.byteLength, view.view.getUint8(0)]).toEqual([first, 2, 0x62]);
  const { view: before } = view;
  view.show(first);
  expect(view.view).toBe(before);
  view.show(second);
  expect([view.bytes, view.view.byteLength, view.view.getUint8(0)]).toEqual([second, 1, 0x7a]);
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
