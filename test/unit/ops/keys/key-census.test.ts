import { describe, expect, test } from 'vitest';
import { type CensusTotals, KeyCensus } from '../../../../src/ops/index.ts';
import { PREFIXES_MAX } from '../../../../src/ops/keys/key-census.ts';
import type { ListedItem } from '../../../../src/protocol/client.ts';

const NOW = 1_700_000_000;
const OPTIONS = { keyPrefix: '', separator: ':', depth: 1, largestMax: 3 };
const byBytes = ({ bytes }: CensusTotals): number => bytes;

const item = (key: string, bytes = 100, more: Partial<ListedItem> = {}): ListedItem => ({
  ...{ key, bytes, expiresAt: undefined, accessedAt: NOW - 10, isFetched: true, sizeClass: 1 },
  ...more,
});

function censusOf(items: readonly ListedItem[], options: Partial<typeof OPTIONS> = {}): KeyCensus {
  const census = new KeyCensus({ ...OPTIONS, ...options });
  for (const each of items) census.add(each, 'a:11211', NOW);
  return census;
}

const prefixesOf = (census: KeyCensus): readonly string[] =>
  census.top(100, byBytes).prefixes.map(({ prefix, keys }) => `${prefix} ${keys}`);

describe('KeyCensus', () => {
  test('a census counts keys, bytes, unread bytes, keys without expiry and idle time', () => {
    const census = censusOf([
      item('a:1', 100),
      item('a:2', 50, { isFetched: false, accessedAt: NOW + 5 }),
      item('b', 7, { expiresAt: NOW + 60 }),
    ]);
    expect(census.total).toEqual({
      ...{ keys: 3, bytes: 157, unreadKeys: 1, unreadBytes: 50, endlessKeys: 2, idleSeconds: 20 },
    });
    expect(prefixesOf(census)).toEqual(['a: 2', ' 1']);
  });
  test('a prefix has as many separators as the depth, or all that the key has', () => {
    const keys = ['a:b:c:1', 'a:b:2', 'a:3', '4'].map((key, at) => item(key, 100 - at));
    expect(prefixesOf(censusOf(keys))).toEqual(['a: 3', ' 1']);
    expect(prefixesOf(censusOf(keys, { depth: 2 }))).toEqual(['a:b: 2', 'a: 1', ' 1']);
    expect(prefixesOf(censusOf(keys, { separator: ':b:' }))).toEqual(['a:b: 2', ' 2']);
  });
  test('with a prefix only its keys count, and the depth begins after it', () => {
    const keys = [item('user:a:1'), item('user:b:2', 90), item('users:c:3')];
    const census = censusOf(keys, { keyPrefix: 'user:' });
    expect(prefixesOf(census)).toEqual(['user:a: 1', 'user:b: 1']);
    expect(census.total.keys).toBe(2);
  });
  test('the largest items are kept with their node', () => {
    const census = censusOf([1, 9, 5, 7, 3].map((bytes) => item(`k${bytes}`, bytes)));
    expect(census.largest.map(({ key, node }) => `${key} ${node}`)).toEqual([
      ...['k9 a:11211', 'k7 a:11211', 'k5 a:11211'],
    ]);
  });
  test('rows beyond the limit are one sum', () => {
    const census = censusOf([item('a:', 30), item('b:', 20), item('c:', 10), item('d:', 5)]);
    const { prefixes, others } = census.top(2, byBytes);
    expect(prefixes.map(({ prefix }) => prefix)).toEqual(['a:', 'b:']);
    expect(others).toMatchObject({ keys: 2, bytes: 15 });
  });
  test('beyond its limit of prefixes a census keeps the sums, and the large prefixes', () => {
    const census = new KeyCensus(OPTIONS);
    const count = 3 * PREFIXES_MAX;
    for (let at = 0; at < count; at++) {
      census.add(item(`p${at}:x`, 1), 'a', NOW);
      census.add(item('big:x', 2), 'a', NOW);
    }
    const { prefixes, others } = census.top(5, byBytes);
    expect(census.isApproximate).toBe(true);
    expect(prefixes[0]).toMatchObject({ prefix: 'big:', keys: count, bytes: 2 * count });
    const shown = prefixes.reduce((sum, { keys }) => sum + keys, 0);
    expect(shown + others.keys).toBe(2 * count);
    expect(census.top(count, byBytes).prefixes.length).toBeLessThanOrEqual(PREFIXES_MAX);
  });
});
