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
  /** A part of a larger buffer, as most buffers of Node.js are. */
  const source = Buffer.from(Array.from({ length: 420 }, (_, i) => (i * 7 + 1) & 0xff)).subarray(3);

  test.each([0, 1, 2, 3, 4, 5, 6, 7])(
    'copyViewed copies every length from offset %i, and nothing around it',
    (start) => {
      const whole = Buffer.alloc(421);
      const target = whole.subarray(1);
      for (let length = 0; length <= 300; length++) {
        for (let at = 50; at < 58; at++) {
          whole.fill(0xa5);
          copyViewed(viewed(source), start, start + length, viewed(target), at);
          const expected = Buffer.alloc(421, 0xa5);
          expected.set(source.subarray(start, start + length), 1 + at);
          if (!whole.equals(expected)) expect(whole, `${length} bytes to ${at}`).toEqual(expected);
        }
      }
    },
  );
  test('copyViewed copies up to the last byte of both buffers', () => {
    for (let length = 0; length <= 300; length++) {
      const part = source.subarray(source.length - length);
      const target = Buffer.alloc(length);
      copyViewed(viewed(part), 0, length, viewed(target), 0);
      expect(target.equals(part), `${length} bytes`).toBe(true);
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

describe('from shared memory to shared memory', () => {
  const memory = new SharedArrayBuffer(200_000);
  const source = Buffer.from(memory, 0, 100_000);
  const target = Buffer.from(memory, 100_000, 100_000);
  test.each([255, 256, 257, 16_383, 16_384, 16_385, 40_000])(
    'copyBytes and copyViewed copy %i bytes, and nothing around them',
    (length) => {
      for (let i = 0; i < source.length; i++) source[i] = (i * 7) % 251;
      const expected = Buffer.alloc(target.length);
      source.copy(expected, 3, 5, 5 + length);
      target.fill(0);
      copyBytes(source, 5, 5 + length, target, 3);
      expect(target.equals(expected)).toBe(true);
      target.fill(0);
      const [from, to] = [new BufferView(), new BufferView()];
      from.show(source);
      to.show(target);
      copyViewed(from, 5, 5 + length, to, 3);
      expect(target.equals(expected)).toBe(true);
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
