import { describe, expect, test } from 'vitest';
import { fileSize } from './sizes.ts';
import { foldersOf, gapsOf, partRows } from './test-map.ts';
import { codeIn, FILES, textOf } from './tree.ts';

/** A longer file without a unit test of its own needs a row that says which tests hold it. */
const LINES_WITHOUT_ROW_MAX = 200;

const hasOwnTest = (file: string): boolean =>
  FILES.includes(file.replace(/^src\//, 'test/unit/').replace(/\.ts$/, '.test.ts'));

describe('docs/testing.md', () => {
  const page = textOf('docs/testing.md');
  const source = codeIn('src');
  test('the page has a row with existing tests for each folder and for each long file', () => {
    const folders = [...foldersOf(source)].filter((folder) => folder !== 'src');
    const long = source
      .filter((file) => fileSize(file, textOf(file)).lines > LINES_WITHOUT_ROW_MAX)
      .filter((file) => !hasOwnTest(file));
    expect(gapsOf(partRows(page), FILES, [...folders, ...long])).toEqual([]);
  });
  test('the page describes each folder of tests', () => {
    const folders = new Set(codeIn('test').map((file) => file.split('/', 2).join('/')));
    for (const folder of folders) expect(page).toContain(`| \`${folder}\` |`);
  });
});

describe('the rule of the table', () => {
  const files = ['src/a/x.ts', 'src/b/c/y.ts', 'test/unit/a/x.test.ts'];
  const page = (...rows: string[]): string =>
    ['# Tests', '| `src/z` | `no` |', '', '## Which tests hold which part', ...rows].join('\n');
  test('the rule reads the rows under its heading', () => {
    const rows = partRows(page('| part | held by |', '| `src/a` | `test/unit/a`, `test/x.ts` |'));
    expect(rows).toEqual([{ part: 'src/a', tests: ['test/unit/a', 'test/x.ts'] }]);
  });
  test('the rule fails on a part without a row, a row without tests, and a missing path', () => {
    const rows = partRows(page('| `src/a` | |', '| `src/b` | `test/unit/b` |'));
    expect(gapsOf(rows, files, [...foldersOf(files.slice(0, 2))])).toEqual([
      'src/b/c has no row',
      'src/a has no tests',
      'test/unit/b does not exist',
    ]);
    const whole = partRows(page('| `src/a` | `test/unit/a/x.test.ts` |'));
    expect(gapsOf(whole, files, ['src/a'])).toEqual([]);
  });
});
