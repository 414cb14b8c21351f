import { describe, expect, test } from 'vitest';
import type { TableFacts, TableUse } from '../../../../src/control/attach/catalog.ts';
import { strategyOf } from '../../../../src/control/attach/strategy.ts';

const DAY = 86_400;

const use = (lookups: number, inserts = 0, updates = 0, deletes = 0): TableUse => ({
  ...{ lookups, inserts, updates, deletes },
  scans: 0,
});

const SCANNED: TableUse = { ...use(0, 200, 20), scans: 980 };

const table = (facts: Partial<TableFacts>): TableFacts => ({
  schema: 'public',
  name: 'things',
  columns: [{ name: 'id', kind: 'number' }],
  key: ['id'],
  rows: 5000,
  bytes: 500_000,
  use: undefined,
  ...facts,
});

const withColumn = (name: string, kind: 'number' | 'time' | 'text' | 'bytes' | 'other') =>
  table({ columns: [{ name, kind }] });

describe('strategyOf', () => {
  test.each([
    ['a table without a key', table({ key: [] }), 'no-key', undefined],
    ['rows that no item can hold', table({ rows: 2, bytes: 4 << 20 }), 'large', undefined],
    ['a small table, unseen', table({ rows: 200 }), 'lookup', 3600],
    ['a large table, unseen', table({ rows: 200_000 }), 'record', 300],
    ['a small table that is filled and read', table({ use: use(9000, 5000) }), 'lookup', 3600],
    ['a small table that is scanned', table({ rows: 200, use: SCANNED }), 'record', 300],
    ['one write in 2000 reads', table({ use: use(100_000, 5000, 50) }), 'lookup', 3600],
    ['one write in 100 reads', table({ use: use(100_000, 5000, 1000) }), 'record', 300],
    ['a large table without writes', table({ rows: 20_000, use: use(1e6) }), 'record', 300],
    ['one write in three reads', table({ use: use(3000, 5000, 1000) }), 'busy', 30],
    ['more writes than reads', table({ use: use(1000, 5000, 1001) }), 'busy', undefined],
    ['too few uses to judge by', table({ use: use(20, 5000, 70) }), 'record', 300],
    ['a log', table({ name: 'audit_log', use: use(10, 1e6) }), 'log', undefined],
    ['a log without statistics', table({ name: 'events' }), 'log', undefined],
    ['events that are read', table({ name: 'events', use: use(1e6, 5000, 9000) }), 'record', 300],
    ['a catalogue, which is no log', table({ name: 'catalogs', rows: 10 }), 'lookup', 3600],
  ])('%s', (_, facts, kind, ttl) => {
    expect(strategyOf(facts, DAY)).toMatchObject({ kind, ttl, isCached: ttl !== undefined });
  });

  test.each([
    ['expires_at', 'time', true],
    ['expire', 'time', true],
    ['expired', 'number', true],
    ['expiresAt', 'text', true],
    ['session_expiry', 'time', true],
    ['valid_until', 'time', true],
    ['expired', 'other', false],
    ['expires_in', 'number', false],
    ['experience', 'number', false],
    ['validated', 'time', false],
    ['expires_at', 'bytes', false],
  ] as const)('rows with the column %s (%s) expire: %s', (name, kind, expires) => {
    const strategy = strategyOf(withColumn(name, kind), DAY);
    expect(strategy.expires).toBe(expires ? name : undefined);
    expect(strategy.kind === 'expiring').toBe(expires);
    expect(strategy.isCached).toBe(true);
  });

  test('the reason says how often rows change, if the age of the statistics is known', () => {
    const facts = table({ use: use(1e6, 5000, 70) });
    expect(strategyOf(facts, 7 * DAY).reason).toBe('Small: about 10 changes a day.');
    expect(strategyOf(facts, undefined).reason).toContain('0.0 % of its uses are writes');
  });
});
