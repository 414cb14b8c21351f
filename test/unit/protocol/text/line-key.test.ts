import { expect, test } from 'vitest';
import { LineKey } from '../../../../src/protocol/index.ts';

/** The key and the line that it finds in `input[2, end)`, or undefined. */
function find(line: string, end = line.length): readonly [string, string] | undefined {
  const input = Buffer.from(`??${line}next line\n`, 'latin1');
  const key = new LineKey();
  if (!key.find(input, 2, end + 2)) return undefined;
  const text = (from: number, to: number): string => input.toString('latin1', from, to);
  return [text(key.start, key.end), text(2, key.lineEnd)];
}

test.each([
  ['get key\r\n', 'key'],
  ['get k\n', 'k'],
  ['get first second third\r\n', 'first'],
  ['mg key v t f\r\n', 'key'],
  ['mg k\n', 'k'],
  [`get ${'k'.repeat(250)}\r\n`, 'k'.repeat(250)],
])('the key of %j is %s, and none before the line is complete', (line, key) => {
  expect(find(line)).toEqual([key, line]);
  for (let end = 0; end < line.length; end++) expect(find(line, end)).toBeUndefined();
});

test.each([
  ['set key 0 0 1\r\n'],
  ['gets key\r\n'],
  ['gat 0 key\r\n'],
  ['mn\r\n'],
  ['ms key 1\r\n'],
  ['get\r\n'],
  ['get  key\r\n'],
  ['get \r\n'],
  [`get ${'k'.repeat(251)}\r\n`],
  [`get key ${'k'.repeat(100)}\r\n`],
])('a look-ahead finds no key in %j', (line) => {
  expect(find(line)).toBeUndefined();
});
