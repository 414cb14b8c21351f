import { expect, test } from 'vitest';
import { formatSize, parseSize } from '../../../../src/base/options/sizes.ts';

test.each([
  ['0', 0],
  ['64', 64],
  ['1k', 1024],
  ['64m', 64 * 2 ** 20],
  ['64MB', 64 * 2 ** 20],
  ['1G', 2 ** 30],
  ['100b', 100],
  [' 5k ', 5120],
  ['8388607g', 8_388_607 * 2 ** 30],
  ['8388608g', undefined],
  ['1000000000000000', undefined],
  ['', undefined],
  ['k', undefined],
  ['-1', undefined],
  ['1.5m', undefined],
  ['1t', undefined],
  ['1 m', undefined],
  ['1kk', undefined],
])('the size %j is %s bytes', (text, bytes) => expect(parseSize(text)).toBe(bytes));

test('a number without a suffix counts the unit of the option; b is always bytes', () => {
  expect(parseSize('64', (number) => number * 2 ** 20)).toBe(64 * 2 ** 20);
  expect(parseSize('64b', (number) => number * 2 ** 20)).toBe(64);
  expect(parseSize('64k', (number) => number * 2 ** 20)).toBe(64 * 2 ** 10);
});

test.each([0, 1, 1000, 1023, 1024, 1025, 2 ** 20, 2 ** 20 + 1, 3 * 2 ** 30])(
  '%i bytes are parsed back from their text',
  (bytes) => expect(parseSize(formatSize(bytes))).toBe(bytes),
);
test('the text of a size has the largest unit that is exact', () => {
  expect([1000, 1024, 65_536, 2 ** 20, 2 ** 30].map(formatSize)).toEqual([
    '1000b',
    '1k',
    '64k',
    '1m',
    '1g',
  ]);
});
