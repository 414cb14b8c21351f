import { describe, expect, test } from 'vitest';
import { LineReader } from '../../../../src/protocol/text/line-reader.ts';

/** A reader of `line`, before which and after which other words stand. */
function readerOf(line: string): LineReader {
  const bytes = Buffer.from(`9 ${line}9 9`, 'utf8');
  const reader = new LineReader();
  reader.begin(bytes, 2, bytes.length - 3);
  return reader;
}

describe('the reader of a reply line', () => {
  test('the reader reads words, blanks and numbers in their order', () => {
    const reader = readerOf('VALUE key 5 -7');
    expect(reader.takeWord('VALUE')).toBe(true);
    expect([reader.takeSpace(), reader.takeSpace()]).toEqual([true, false]);
    reader.skipWord();
    expect([reader.takeSpace(), reader.takeNumber(), reader.digits]).toEqual([true, 5, 1]);
    expect([reader.takeSpace(), reader.takeNumber(), reader.digits]).toEqual([true, -7, 1]);
    expect([reader.isAtEnd, reader.takeSpace()]).toEqual([true, false]);
  });
  test('the reader never reads beyond the line', () => {
    const reader = readerOf('1');
    expect([reader.takeNumber(), reader.digits, reader.isAtEnd]).toEqual([1, 1, true]);
    expect([reader.takeNumber(), reader.digits]).toEqual([0, 0]);
    expect([reader.takeSpace(), reader.takeWord('9')]).toEqual([false, false]);
    reader.skipWord();
    expect(reader.at).toBe(3);
  });
  test.each(['', '-', 'x', '-x', '+1'])('the reader finds no number in %j', (line) => {
    const reader = readerOf(line);
    reader.takeNumber();
    expect(reader.digits).toBe(0);
  });
  test.each([
    '0',
    '999999999999999',
    '1000000000000000',
    '9007199254740993',
    '18446744073709551615',
  ])('the reader reads %s exactly as a bigint', (line) =>
    expect(readerOf(line).takeBigInt()).toBe(BigInt(line)),
  );
  test('the reader takes a word only if it ends there', () => {
    for (const line of ['ENDS', 'EN', 'end', 'EN\0']) {
      const reader = readerOf(line);
      expect([reader.takeWord('END'), reader.at], line).toEqual([false, 2]);
    }
    expect(readerOf('END').takeWord('END')).toBe(true);
    expect(readerOf('END x').takeWord('END')).toBe(true);
  });
  test('the reader takes a word of UTF-8, and none that only begins alike', () => {
    expect(readerOf('schlüssel 1').takeWord('schlüssel')).toBe(true);
    expect(readerOf('😀').takeWord('😀')).toBe(true);
    for (const line of ['schlüsse', 'schlüssels', 'schlussel', 'schl\xfcssel']) {
      expect(readerOf(line).takeWord('schlüssel'), line).toBe(line === 'schl\xfcssel');
    }
  });
});
