import { describe, expect, test } from 'vitest';
import type { NodeResult } from '../../../../src/cli/cache/each-node.ts';
import {
  type NodeStats,
  statsChangesJson,
  statsChangesTable,
  statsJson,
  statsSummary,
  statsTable,
} from '../../../../src/cli/terminal/stats-page.ts';
import { TestHost } from '../host.ts';

const LARGEST: Readonly<Record<string, number>> = {
  uptime: 86_400 * 999,
  curr_items: 999_900_000,
  bytes: 30.5 * 2 ** 30,
  limit_maxbytes: 31 * 2 ** 30,
  get_hits: 1e15,
  get_misses: 1,
  cmd_get: 999.9e9,
  evictions: 999.9e9,
  curr_connections: 99_999,
};

function replied(node: string, stats: Readonly<Record<string, number | string>> = LARGEST) {
  const value: NodeStats = new Map(Object.entries(stats).map(([name, v]) => [name, `${v}`]));
  return { node, value } satisfies NodeResult<NodeStats>;
}

const down: NodeResult<NodeStats> = {
  node: '127.0.0.1:11213',
  failure: { reason: 'connection refused', isRefusal: false },
};
const widest = (page: string) => Math.max(...page.split('\n').map((line) => line.length));
const host = (columns?: number) => new TestHost(columns === undefined ? {} : { columns });

describe('the summary of the statistics', () => {
  const nodes = Array.from({ length: 12 }, (_, i) => replied(`10.100.100.1${i}:11211`));
  test.each([
    ['a terminal of 80 columns', 80, 80],
    ['a terminal of 40 columns', 40, 40],
    ['no terminal', undefined, 80],
  ])('fits %s with the largest numbers and any number of nodes', (_, columns, columnsMax) => {
    expect(widest(statsSummary([...nodes, down], host(columns)))).toBeLessThanOrEqual(columnsMax);
  });
  test('the summary has units, the reason of a failure, and the total of the others', () => {
    const half = replied('a:1', { curr_items: 2, bytes: 2 ** 20, limit_maxbytes: 2 ** 21 });
    const page = statsSummary([half, replied('b:1', { get_hits: 1, get_misses: 3 }), down], host());
    const rows = page.split('\n').map((row) => row.replaceAll(/ +/g, ' '));
    expect(rows).toEqual([
      'node up items memory hits gets evicted conns',
      'a:1 0 s 2 1/2 MiB – 0 0 0',
      'b:1 0 s 0 0/0 B 25.0 % 0 0 0',
      '127.0.0.1:11213 DOWN: connection refused',
      'total (2 of 3) 2 1/2 MiB 25.0 % 0 0 0',
    ]);
  });
  test('one node has no total', () => {
    expect(statsSummary([replied('a:1')], host())).not.toContain('total');
  });
});

describe('the table of all statistics', () => {
  test('nodes are side by side, or one below the other where that is too wide', () => {
    const nodes = [replied('a:1', { x: 1 }), replied('b:1', { x: 2, y: 3 }), down];
    const failed = '127.0.0.1:11213  DOWN: connection refused';
    expect(statsTable(nodes, host()).split('\n').slice(1)).toEqual([
      'x  1    2    –',
      'y  –    3    –',
      failed,
    ]);
    expect(statsTable(nodes, host(20))).toBe(`a:1\n  x  1\n\nb:1\n  x  2\n  y  3\n${failed}`);
  });
});

test('the JSON has numbers where JavaScript can hold them, and the reasons of failures', () => {
  const stats = {
    pid: 7,
    user: '0.25',
    version: '1.6.18',
    large: '18446744073709551615',
    id: '007',
  };
  expect(JSON.parse(statsJson([replied('a:1', stats), down]))).toEqual({
    'a:1': { pid: 7, user: 0.25, version: '1.6.18', large: '18446744073709551615', id: '007' },
    '127.0.0.1:11213': { error: 'connection refused' },
  });
});

describe('the statistics with their changes', () => {
  const nodes = [replied('a:1', { x: 1, y: 2 }), replied('b:1', { x: 2, y: 3 }), down];
  const changes = new Map([
    ['a:1', new Map([['x', 1234]])],
    ['b:1', new Map([['y', -0.5]])],
  ]);
  test('a change is behind its statistic', () => {
    expect(statsChangesTable(nodes, changes, host()).split('\n')).toEqual([
      '   a:1        b:1       127.0.0.1:11213',
      'x  1 +1.2K/s  2         –',
      'y  2          3 -0.5/s  –',
      '127.0.0.1:11213  DOWN: connection refused',
    ]);
  });
  test('a line of JSON has the statistics, and the changes beside them', () => {
    expect(JSON.parse(statsChangesJson(nodes, changes, new Date(0)))).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      nodes: {
        'a:1': { x: 1, y: 2 },
        'b:1': { x: 2, y: 3 },
        '127.0.0.1:11213': { error: 'connection refused' },
      },
      perSecond: { 'a:1': { x: 1234 }, 'b:1': { y: -0.5 } },
    });
  });
});
