import { describe, expect, test } from 'vitest';
import type { Catalog, TableFacts } from '../../../../src/control/attach/catalog.ts';
import { cachedRows, proposalFor } from '../../../../src/control/attach/sizing.ts';
import { strategiesOf, strategyOf } from '../../../../src/control/attach/strategy.ts';

const table = (rows: number, rowBytes: number, more: Partial<TableFacts> = {}): TableFacts => ({
  schema: 'public',
  name: 'orders',
  columns: [{ name: 'id', kind: 'number' }],
  key: ['id'],
  rows,
  bytes: rows * rowBytes,
  use: undefined,
  ...more,
});

const catalog = (tables: readonly TableFacts[], useSeconds?: number): Catalog => ({
  kind: 'postgres',
  name: 'shop',
  tables,
  tablesLeftOut: 0,
  useSeconds,
});

const proposed = (tables: readonly TableFacts[], useSeconds?: number) => {
  const found = catalog(tables, useSeconds);
  return proposalFor(found, strategiesOf(found));
};

describe('cachedRows', () => {
  test('an item has its row as JSON, its key and the overhead of its chunk', () => {
    const { itemBytes } = cachedRows(strategyOf(table(100_000, 200), undefined));
    const key = 'public'.length + 'orders'.length + 2 + 12;
    expect(itemBytes).toBe(Math.ceil(1.1 * (35 + key + 'id'.length + 5 + 200)));
  });
  test('all rows of a lookup table are cached, the hot share of others, and none of a log', () => {
    const items = (facts: TableFacts, hotShare?: number) =>
      cachedRows(strategyOf(facts, undefined), hotShare).items;
    expect(items(table(900, 50))).toBe(900);
    expect(items(table(100_000, 50))).toBe(20_000);
    expect(items(table(100_000, 50), 1)).toBe(100_000);
    expect(items(table(2000, 50))).toBe(1000);
    expect(items(table(100_000, 50, { name: 'audit_log' }))).toBe(0);
  });
});

describe('proposalFor', () => {
  test.each([
    ['an empty database', [], 'slabring.64x1', 2],
    ['a small one', [table(10_000, 300)], 'slabring.64x1', 2],
    ['50 MB hot', [table(1_000_000, 200)], 'slabring.128x1', 2],
    ['1 GB hot', [table(20_000_000, 200)], 'cache.t3.medium', 2],
    ['10 GB hot', [table(100_000_000, 400)], 'cache.m6g.large', 4],
  ] as const)('%s', (_, tables, nodeType, nodes) => {
    const { replicas, ...shape } = proposed(tables);
    expect(replicas).toBe(2);
    expect([shape.nodeType, shape.nodes]).toEqual([nodeType, nodes]);
  });

  test('what no proposal can hold is said', () => {
    const { reasons } = proposed([table(1e10, 1000)]);
    expect(reasons.join('\n')).toContain('less than that');
  });

  test('many lookups a second need more threads', () => {
    const use = { lookups: 40_000_000, scans: 0, inserts: 0, updates: 0, deletes: 0 };
    const { nodeType, nodes, reasons } = proposed([table(900, 50, { use })], 100);
    expect([nodeType, nodes]).toEqual(['cache.m6g.large', 4]);
    expect(reasons.join('\n')).toContain('400000 lookups a second');
  });
});
