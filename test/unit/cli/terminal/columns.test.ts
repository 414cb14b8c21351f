import { describe, expect, test } from 'vitest';
import { columns, widthOf } from '../../../../src/cli/terminal/columns.ts';

describe('columns', () => {
  test('columns aligns cells to the widest of each column, without trailing blanks', () => {
    expect(
      columns([
        ['a', 'bb', ''],
        ['ccc', 'd', ''],
      ]),
    ).toBe('a    bb\nccc  d');
  });
  test('columns aligns numbers to the right', () => {
    const rows = [
      ['node', 'items'],
      ['a', '7'],
    ];
    expect(columns(rows, { numbers: 'after-first' })).toBe('node  items\na         7');
  });
  test('the remark at the end of a shorter row widens no column', () => {
    const rows = [
      ['a', '1', '2'],
      ['b', 'DOWN: no reply'],
    ];
    expect(columns(rows, { gap: ' ', numbers: 'after-first' })).toBe('a 1 2\nb DOWN: no reply');
  });
  test('codes for colors take no width', () => {
    const red = '\u001b[31mx\u001b[39m';
    expect(
      columns([
        [red, 'y'],
        ['zz', 'y'],
      ]),
    ).toBe(`${red}   y\nzz  y`);
    expect(widthOf(`${red}\nabc`)).toBe(3);
  });
});
