import { describe, expect, test } from 'vitest';
import * as format from '../../../../src/control/console/format.ts';

const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers for people', () => {
  test.each([
    [0, '0 B'],
    [1023, '1023 B'],
    [1024, '1 KiB'],
    [1536, '1.5 KiB'],
    [2 ** 20 - 1, '1 MiB'],
    [192 * 2 ** 20, '192 MiB'],
    [2 ** 60, '1048576 TiB'],
    [undefined, '–'],
    [Number.NaN, '–'],
  ])('%s bytes are %s', (value, text) => {
    expect(plain(format.bytes(value))).toBe(text);
  });
  test.each([
    [0, '0'],
    [0.126, '0.13'],
    [999, '999'],
    [999.9, '1k'],
    [12_345, '12.3k'],
  ])('the amount %s is %s', (value, text) => {
    expect(format.amount(value)).toBe(text);
  });
  test('a share just below one never looks like all', () => {
    expect(plain(format.percent(0.99999))).toBe('99.9 %');
    expect(plain(format.percent(1))).toBe('100 %');
    expect(plain(format.percent(0.5))).toBe('50.0 %');
  });
  test.each([
    [240e-6, '240 µs'],
    [1.25e-3, '1.25 ms'],
    [2, '2 s'],
  ])('a latency of %s s is %s', (value, text) => {
    expect(plain(format.latency(value))).toBe(text);
  });
  test('a duration is at least a second', () => {
    expect([0, 89, 600, 7200].map((seconds) => plain(format.duration(seconds)))).toEqual([
      '1 s',
      '89 s',
      '10 min',
      '2.0 h',
    ]);
  });
});
