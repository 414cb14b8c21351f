import { describe, expect, test } from 'vitest';
import { codeIn, PAGES, textOf } from './tree.ts';
import { wideLines, widePageLines } from './width.ts';

const CODE_COLUMNS_MAX = 100;
const PAGE_COLUMNS_MAX = 120;

/** `npm run docs` writes these pages; each paragraph of them is one line. */
const GENERATED = new Set(['docs/options.md', 'docs/errors.md']);

describe('width', () => {
  test(`code has at most ${CODE_COLUMNS_MAX} columns, also in comments and strings`, () => {
    const files = ['src', 'test', 'benchmarks'].flatMap(codeIn);
    const lines = files.map((file) => wideLines(file, textOf(file), CODE_COLUMNS_MAX));
    expect(lines.flat()).toEqual([]);
  });
  test(`a line of a page has at most ${PAGE_COLUMNS_MAX} columns`, () => {
    const pages = PAGES.filter((file) => !GENERATED.has(file));
    const lines = pages.map((file) => widePageLines(file, textOf(file), PAGE_COLUMNS_MAX));
    expect(lines.flat()).toEqual([]);
  });
});

describe('the rules of width', () => {
  test('the rules fail one column over the limit, in a comment, a string and a last line', () => {
    expect(wideLines('x.ts', '// 567890\nconst s;', 9)).toEqual([]);
    expect(wideLines('x.ts', '// 567890\nconst s;', 8)).toEqual([{ at: 'x.ts:1', columns: 9 }]);
    expect(wideLines('x.ts', `\n'45678'\n`, 6)).toEqual([{ at: 'x.ts:2', columns: 7 }]);
    expect(wideLines('x.ts', '\n\n1234567', 6)).toEqual([{ at: 'x.ts:3', columns: 7 }]);
  });
  test('the rules count characters, not the units of their encoding', () => {
    expect(wideLines('x.ts', '→→→→ 🎯🎯', 7)).toEqual([]);
  });
  test('the rules spare only the tables, code blocks and bare addresses of a page', () => {
    const page = [
      '| a | wide | table | row |',
      '```',
      'a wide line of output',
      '```',
      '<https://example.org/a/long/address>',
      'a wide line of prose',
      '  ```sh',
      '  another wide line',
      '  ```',
      'and a last wide line',
    ].join('\n');
    expect(widePageLines('x.md', page, 10).map(({ at }) => at)).toEqual(['x.md:6', 'x.md:10']);
  });
});
