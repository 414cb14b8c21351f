import { stripTypeScriptTypes } from 'node:module';
import { describe, expect, test } from 'vitest';
import { clusterIdFor } from '../../../../src/control/attach/attach.ts';
import type { Catalog, TableFacts } from '../../../../src/control/attach/catalog.ts';
import { snippetFor } from '../../../../src/control/attach/snippet.ts';
import { strategiesOf } from '../../../../src/control/attach/strategy.ts';

const HOSTILE = ['a"b', "'c`$", '{1}\\\n\u2028*/ // ]};'].join('');

const catalog = (tables: readonly Partial<TableFacts>[], name = 'shop'): Catalog => ({
  kind: 'sqlite',
  name,
  tablesLeftOut: 0,
  useSeconds: undefined,
  tables: tables.map((facts) => ({
    schema: undefined,
    name: 'things',
    columns: [{ name: 'id', kind: 'number' }],
    key: ['id'],
    rows: 1,
    bytes: 1,
    use: undefined,
    ...facts,
  })),
});

const snippet = (found: Catalog) => snippetFor(found, strategiesOf(found), '127.0.0.1:12000');

/** The object TABLES of the module. */
const tablesIn = (code: string): Record<string, Record<string, unknown>> => {
  const [, object] = /const TABLES = (\{\n.*?\n\});/s.exec(code)!;
  return new Function(`return ${object}`)() as Record<string, Record<string, unknown>>;
};

describe('snippetFor', () => {
  test('each name of the database is a text in it, whatever it is', () => {
    const columns = [{ name: HOSTILE, kind: 'number' }] as const;
    const code = snippet(catalog([{ name: HOSTILE, columns, key: [HOSTILE] }], HOSTILE));
    // It has the syntax of a module.
    expect(stripTypeScriptTypes(code)).toBe(code);
    const quoted = `"${HOSTILE.replaceAll('"', '""')}"`;
    expect(tablesIn(code)[HOSTILE]).toMatchObject({ from: quoted, key: [quoted] });
    expect(tablesIn(snippet(catalog([{ name: '__proto__' }])))).toHaveProperty(['__proto__']);
  });
  test('a table of two schemas has the name of its schema, and bytes stay in the database', () => {
    const columns = [
      { name: 'id', kind: 'number' },
      { name: 'photo', kind: 'bytes' },
    ] as const;
    const two = [{ schema: 'a' }, { schema: 'b' }, { schema: 'b', name: 'own', columns }];
    const tables = tablesIn(snippet(catalog(two)));
    expect(Object.keys(tables)).toEqual(['a.things', 'b.things', 'own']);
    expect(tables['own']).toMatchObject({ from: '"b"."own"', columns: '"id"', ttl: 3600 });
  });
  test('a database of many tables has the first 50 in it', () => {
    const many = Array.from({ length: 60 }, (_, nth) => ({ name: `t${nth}` }));
    const code = snippet(catalog(many));
    expect(Object.keys(tablesIn(code))).toHaveLength(50);
    expect(code).toContain('// 10 more tables follow the same pattern.');
  });
});

describe('clusterIdFor', () => {
  test.each([
    ['shop', 'shop-cache'],
    ['/var/lib/My Shop.db', 'my-shop-cache'],
    ['C:\\data\\shop.sqlite3', 'shop-cache'],
    ['2026_orders', 'orders-cache'],
    ['データ', 'database-cache'],
    ['x'.repeat(80), `${'x'.repeat(40)}-cache`],
  ])('%s becomes %s', (name, id) => {
    expect(clusterIdFor(catalog([], name))).toBe(id);
  });
});
