import { describe, expect, test } from 'vitest';
import { endOfText, LineWords } from '../../../../src/protocol/text/line-words.ts';

/** Splits a line that follows other bytes; the words as text. */
function split(line: string): { readonly words: readonly string[]; readonly newline: number } {
  const input = Buffer.from(`##${line}##`, 'latin1');
  const words = new LineWords();
  const newline = words.split(input, 2, 2, input.length);
  const texts = Array.from({ length: words.count }, (_, word) => words.text(input, word));
  return { words: texts, newline: newline < 0 ? newline : newline - 2 };
}

describe('the words of a line', () => {
  test.each([
    ['a bc def\r\n', ['a', 'bc', 'def']],
    ['a bc\n', ['a', 'bc']],
    ['  a   bc  \r\n', ['a', 'bc']],
    ['a\tb c\r\n', ['a\tb', 'c']],
    ['a\rb\r\n', ['a\rb']],
    ['a \r\n', ['a']],
    ['\xffa \x80\r\n', ['\xffa', '\x80']],
    ['\r\n', ['\r']],
    ['\n', []],
    ['   \n', []],
    ['\r\r\n', ['\r']],
  ])('the words of %j are %j', (line, words) => {
    expect(split(line)).toEqual({ words, newline: line.length - 1 });
  });
  test('the words of a line are not known before the newline arrives', () => {
    const input = Buffer.from('a bc\r\n');
    const words = new LineWords();
    for (let end = 0; end < input.length; end++) expect(words.split(input, 0, 0, end)).toBe(-1);
    expect(words.split(input, 0, 0, input.length)).toBe(5);
  });
  test('the words of a line are at most 23; the others of the line are left out', () => {
    const all = Array.from({ length: 30 }, (_, i) => `w${i}`);
    const { words, newline } = split(`${all.join(' ')}\r\n`);
    expect(words).toEqual(all.slice(0, 23));
    expect(newline).toBe(all.join(' ').length + 1);
  });
  test('the words of a line belong to the last line only', () => {
    const input = Buffer.from('a b c\0\nd\n');
    const words = new LineWords();
    words.split(input, 0, 0, input.length);
    expect([words.count, words.isFreeOfNul]).toEqual([3, false]);
    words.split(input, 7, 7, input.length);
    expect([words.count, words.isFreeOfNul, words.text(input, 0)]).toEqual([1, true, 'd']);
  });
  test('the words of a line are compared byte by byte', () => {
    const input = Buffer.from('noreply norepla noreplyx\r\n');
    const words = new LineWords();
    words.split(input, 0, 0, input.length);
    const known = Buffer.from('noreply');
    expect([0, 1, 2].map((word) => words.equals(input, word, known))).toEqual([true, false, false]);
  });
});

test('the text of a line ends before its LF or CRLF', () => {
  expect(endOfText(Buffer.from('ab\r\n'), 0, 3)).toBe(2);
  expect(endOfText(Buffer.from('ab\n'), 0, 2)).toBe(2);
  expect(endOfText(Buffer.from('\r\n'), 0, 1)).toBe(1);
  expect(endOfText(Buffer.from('x\r\n'), 1, 2)).toBe(2);
});
