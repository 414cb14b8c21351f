import { columns, widthOf } from './columns.ts';

/** A column of numbers. */
export interface FittedColumn {
  readonly head: string;
  /** A narrow terminal drops 1 first; 0 stays. */
  readonly dropped: number;
}

/** The last column: names, which may be long. */
interface Names {
  readonly title: string;
  readonly names: readonly string[];
  readonly columnsMax: number;
}

/** A longer name has no room of its own: the terminal cuts or wraps it. */
const NAME_COLUMNS_MAX = 40;
const GAP_COLUMNS = 2;

/**
 * Formats rows of numbers, each with a name at its end. It drops columns until the names have room.
 * A column that no row has is not shown.
 */
export function fittedTable<Key extends string>(
  table: Readonly<Record<Key, FittedColumn>>,
  rows: readonly Readonly<Partial<Record<Key, string>>>[],
  { title, names, columnsMax }: Names,
): string {
  const nameColumns = Math.min(NAME_COLUMNS_MAX, Math.max(...names.map(({ length }) => length)));
  const all = Object.keys(table) as Key[];
  let shown = all.filter((key) => rows.some((row) => row[key] !== undefined));
  for (;;) {
    const numbers = [shown.map((key) => table[key].head), ...cellsOf(rows, shown)];
    const width = widthOf(columns(numbers)) + GAP_COLUMNS + nameColumns;
    const next = nextDropped(shown.map((key) => table[key].dropped));
    if (width <= columnsMax || next === undefined) {
      const named = numbers.map((row, at) => [...row, at === 0 ? title : names[at - 1]!]);
      return columns(named, { numbers: 'before-last' });
    }
    shown = shown.filter((key) => table[key].dropped !== next);
  }
}

function cellsOf<Key extends string>(
  rows: readonly Readonly<Partial<Record<Key, string>>>[],
  keys: readonly Key[],
): readonly (readonly string[])[] {
  return rows.map((row) => keys.map((key) => row[key] ?? '–'));
}

function nextDropped(order: readonly number[]): number | undefined {
  const droppable = order.filter((dropped) => dropped > 0);
  return droppable.length === 0 ? undefined : Math.min(...droppable);
}
