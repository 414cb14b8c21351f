import { expect, test } from 'vitest';
import { ByteSink } from '../../../src/base/index.ts';
import { DUMP_END, PREFIX_COUNT } from '../../../src/commands/index.ts';
import { PrefixTable } from '../../../src/node/shared/prefix-table.ts';

const newTable = (): PrefixTable => new PrefixTable(PrefixTable.allocate(true), ':');
const count = (table: PrefixTable, key: string, what: number = PREFIX_COUNT.get): void => {
  const bytes = Buffer.from(key, 'latin1');
  table.count(what, bytes, 0, bytes.length);
};

/** The lines of a dump, in order, and the number of its pieces; `between` runs after each piece. */
function dump(table: PrefixTable, between = (): void => {}) {
  const sink = new ByteSink(1024);
  let pieces = 0;
  for (let position = 0; position !== DUMP_END; pieces++) {
    position = table.dump(sink, position);
    between();
  }
  const lines = sink.bytes.toString('latin1', 0, sink.at).split('\r\n').slice(0, -1);
  return { lines: lines.toSorted(), pieces };
}

test('a dump lists each prefix with its counters, in pieces between which requests count', () => {
  const table = newTable();
  for (let i = 0; i < 1000; i++) count(table, `p${i}:key`);
  count(table, 'p7:key', PREFIX_COUNT.set);
  count(table, 'noprefix');
  const { lines, pieces } = dump(table, () => count(table, 'p7:key', PREFIX_COUNT.delete));
  expect(pieces).toBeGreaterThan(10);
  expect(lines.length).toBe(1000);
  expect(lines).toContain('PREFIX p8 get 1 hit 0 set 0 del 0');
  expect(lines.find((line) => line.startsWith('PREFIX p7 '))).toMatch(
    / get 1 hit 0 set 1 del \d+$/,
  );
});

test('the table counts 1024 prefixes, ignores others, and is empty after a reset', () => {
  const table = newTable();
  for (let i = 0; i < 3000; i++) count(table, `${i}:key`);
  for (let i = 0; i < 3000; i++) count(table, `${i}:key`);
  const { lines } = dump(table);
  expect(lines.length).toBe(1024);
  expect(lines.every((line) => line.endsWith(' get 2 hit 0 set 0 del 0'))).toBe(true);
  table.clear();
  expect(dump(table).lines).toEqual([]);
  for (let i = 0; i < 3000; i++) count(table, `${i}:key`);
  expect(dump(table).lines.length).toBe(1024);
});
