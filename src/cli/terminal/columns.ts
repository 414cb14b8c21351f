import { stripVTControlCharacters } from 'node:util';

interface Layout {
  readonly gap?: string;
  /** Which columns are aligned to the right, as numbers are: none, or all but one. */
  readonly numbers?: 'none' | 'after-first' | 'before-last';
}

/**
 * Formats rows of cells; a column is as wide as its widest cell. A row with fewer cells than the
 * longest ends with a remark, which widens no column. Lines have no trailing blanks.
 */
export function columns(
  rows: readonly (readonly string[])[],
  { gap = '  ', numbers = 'none' }: Layout = {},
): string {
  const cellsMax = Math.max(...rows.map((row) => row.length));
  const widths: number[] = [];
  for (const row of rows) {
    const cells = row.length < cellsMax ? row.slice(0, -1) : row;
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
  }
  const pad = (row: readonly string[], cell: string, i: number): string => {
    const isRemark = row.length < cellsMax && i === row.length - 1;
    const blanks = isRemark ? '' : ' '.repeat(widths[i]! - widthOf(cell));
    const isNumber = numbers === 'after-first' ? i > 0 : i < row.length - 1;
    return numbers !== 'none' && isNumber ? blanks + cell : cell + blanks;
  };
  return rows
    .map((row) =>
      row
        .map((cell, i) => pad(row, cell, i))
        .join(gap)
        .trimEnd(),
    )
    .join('\n');
}

/** The width for readers without a terminal. */
export const DEFAULT_COLUMNS = 80;
const INDENT = '  ';

/**
 * A table of numbers with a head; where it is too wide, the cells of each row one below the other.
 * A row with fewer cells ends with a remark, as in `columns`.
 */
export function tableOrBlocks(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  columnsMax = DEFAULT_COLUMNS,
): string {
  const table = columns([head, ...rows], { numbers: 'after-first' });
  if (widthOf(table) <= columnsMax) return table;
  return rows.map((row) => block(head, row)).join('\n');
}

function block(head: readonly string[], [name = '', ...cells]: readonly string[]): string {
  if (cells.length < head.length - 1)
    return [name, ...cells.map((remark) => INDENT + remark)].join('\n');
  const pairs = cells.map((cell, i) => [INDENT + head[i + 1]!, cell]);
  return `${name}\n${columns(pairs.filter(([, cell]) => cell !== ''))}`;
}

/** The columns that the lines of a text take on a terminal. */
export function widthOf(text: string): number {
  const lines = stripVTControlCharacters(text).split('\n');
  return Math.max(...lines.map((line) => line.length));
}
