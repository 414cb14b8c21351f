import { describe, expect, test } from 'vitest';
import type { NodeFailure } from '../../../../src/cli/cache/each-node.ts';
import { topJson, topScreen, topTable } from '../../../../src/cli/terminal/top-page.ts';
import { TopHistory } from '../../../../src/ops/index.ts';
import { TestHost } from '../host.ts';

const host = new TestHost();
const BEFORE = { cmd_get: 0, cmd_set: 0, get_hits: 0, get_misses: 0, evictions: 0 };
const CPU = { rusage_user: 0, rusage_system: 0 };
const AFTER = {
  ...{ cmd_get: 12_345, cmd_set: 678, get_hits: 12_000, get_misses: 345, evictions: 90 },
  ...{ curr_items: 4_500_000, bytes: 1.5 * 2 ** 30, limit_maxbytes: 2 * 2 ** 30 },
  ...{ curr_connections: 42, rusage_user: 0.5, rusage_system: 0.25, uptime: 7200 },
};

/** A node of slabring, a plain memcached without `rss_bytes`, and one that is down. */
function viewOf(names: readonly string[] = ['10.0.0.1:11211', '10.0.0.2:11211']) {
  const history = new TopHistory<NodeFailure>();
  const reading = (atMs: number, stats: object) => ({
    atMs,
    stats: new Map(Object.entries({ pid: 1, ...stats }).map(([name, v]) => [name, `${v}`])),
  });
  history.add(names.map((node) => ({ node, value: reading(0, { ...BEFORE, ...CPU }) })));
  const after = names.map((node, at) => {
    const first = { rss_bytes: 2 ** 31, 'latency_bucket:976.563': 1000 };
    const own = at === 0 ? first : { cmd_get: 20_000 };
    return { node, value: reading(1000, { ...AFTER, ...own }) };
  });
  const failure = { reason: 'connection refused', isRefusal: false };
  return history.add([...after, { node: '10.0.0.3:11211', failure }]);
}

const AT_80 = `
node            gets/s  sets/s     hits     p99  evict/s   items       memory
total (2 of 3)   32.3K    1.4K   97.2 %   976us      180      9M        3G/4G
10.0.0.1:11211   12.3K     678   97.2 %   976us       90    4.5M      1.5G/2G
10.0.0.2:11211     20K     678   97.2 %       –       90    4.5M      1.5G/2G
10.0.0.3:11211  DOWN: connection refused`;
/** What each row has beyond 80 columns. */
const BEYOND_80 = [
  '',
  '    cpu  conns     rss      up',
  '  150 %     84       –     2 h',
  '   75 %     42      2G     2 h',
  '   75 %     42       –     2 h',
  '',
];
const WIDE = AT_80.split('\n')
  .map((row, nth) => `${row}${BEYOND_80[nth]}`)
  .join('\n');
const AT_60 = `
node            gets/s  sets/s     hits     p99       memory
total (2 of 3)   32.3K    1.4K   97.2 %   976us        3G/4G
10.0.0.1:11211   12.3K     678   97.2 %   976us      1.5G/2G
10.0.0.2:11211     20K     678   97.2 %       –      1.5G/2G
10.0.0.3:11211  DOWN: connection refused`;
const AT_40 = `
node            gets/s  sets/s     hits
total (2 of 3)   32.3K    1.4K   97.2 %
10.0.0.1:11211   12.3K     678   97.2 %
10.0.0.2:11211     20K     678   97.2 %
10.0.0.3:11211  DOWN: connection refused`;

describe('the table of top', () => {
  test.each([
    [undefined, WIDE],
    [120, WIDE],
    [80, AT_80],
    [60, AT_60],
    [40, AT_40],
  ])('a table of %s columns has the most important numbers', (columns, table) => {
    expect(`\n${topTable(viewOf(), { sort: 'node', columns }, host)}`).toBe(table);
  });
  test('the rows have the order of the key, and the largest is first', () => {
    const rows = topTable(viewOf(), { sort: 'gets' }, host).split('\n');
    expect(rows.slice(2).map((row) => row.split(':')[0])).toEqual([
      '10.0.0.2',
      '10.0.0.1',
      '10.0.0.3',
    ]);
  });
  test('a long name keeps its start and its port', () => {
    const name = 'cache-0.cache.default.svc.cluster.local:11211';
    const [, , , row] = topTable(viewOf([name]), { sort: 'node', columns: 60 }, host).split('\n');
    expect(row).toMatch(/^cache-0\.cache\.def…:11211 /);
  });
  test('without any reply the total has no numbers', () => {
    const view = viewOf([]);
    expect(topTable(view, { sort: 'node', columns: 40 }, host)).toBe(
      [
        'node            gets/s  sets/s     hits',
        'total (0 of 1)       –       –        –',
        '10.0.0.3:11211  DOWN: connection refused',
      ].join('\n'),
    );
  });
});

describe('the screen of top', () => {
  const head = { time: '12:00:01', intervalSeconds: 1 };
  const names = Array.from({ length: 12 }, (_, at) => `10.0.0.${at + 10}:11211`);
  test.each([
    [24, 80],
    [10, 80],
    [6, 40],
    [24, 40],
  ])('a screen has at most %i rows of %i columns', (rows, columns) => {
    const layout = { sort: 'gets', isReversed: true, rows, columns } as const;
    const lines = topScreen(viewOf(names), layout, head, host).split('\n');
    expect(lines.length).toBeLessThanOrEqual(rows);
    const [, ...rest] = lines;
    expect(Math.max(...rest.map((line) => line.length))).toBeLessThanOrEqual(columns);
  });
  test('a low screen says how many nodes have no room, and how to leave', () => {
    const layout = { sort: 'gets', rows: 10, columns: 80 } as const;
    const lines = topScreen(viewOf(names), layout, head, host).split('\n');
    expect(lines[0]).toBe('slabring top  12:00:01  every 1 s  by gets');
    expect(lines.slice(-4)).toEqual([
      expect.stringMatching(/^10\.0\.0\.13:/),
      ...['… 10 more nodes', '', 'q quits'],
    ]);
  });
  test('a high screen says which key sorts by what', () => {
    const layout = { sort: 'node', rows: 24, columns: 80 } as const;
    expect(topScreen(viewOf(), layout, head, host)).toContain('g gets, h hits, s sets, m memory');
    expect(topScreen(undefined, layout, head, host)).toContain('waiting for the nodes');
  });
});

test('the JSON has numbers in plain units, and lacks those that a node does not send', () => {
  const line = topJson(viewOf(), new Date(0));
  const { time, nodes, total } = JSON.parse(line);
  expect(line).not.toContain('\n');
  expect(time).toBe('1970-01-01T00:00:00.000Z');
  expect(nodes['10.0.0.1:11211']).toEqual({
    ...{ getsPerSecond: 12_345, setsPerSecond: 678, hitRatio: 12_000 / 12_345 },
    ...{ evictionsPerSecond: 90, items: 4_500_000, memoryUsedBytes: 1.5 * 2 ** 30 },
    ...{ memoryLimitBytes: 2 ** 31, connections: 42, cpuPercent: 75, rssBytes: 2 ** 31 },
    ...{ uptimeSeconds: 7200, p99Microseconds: expect.closeTo(976, -1) as number },
  });
  expect(nodes['10.0.0.2:11211']).not.toHaveProperty('rssBytes');
  expect(nodes['10.0.0.3:11211']).toEqual({ error: 'connection refused' });
  expect(total).toMatchObject({ nodes: 3, up: 2, getsPerSecond: 32_345, connections: 84 });
});

describe('members of a cluster in top', () => {
  const rows = {
    'cluster:member_state': 'serving',
    'cluster:forwards_sent': 0,
    'cluster:peer:node-2:lag_ms': 1200,
    'cluster:peer:node-2:backlog_bytes': 2048,
    'cluster:keys_moved': 630,
    'cluster:keys_left': 370,
  };
  const view = () => {
    const history = new TopHistory<NodeFailure>();
    const reading = (atMs: number, stats: object) => ({
      atMs,
      stats: new Map(Object.entries({ pid: 1, ...stats }).map(([name, v]) => [name, `${v}`])),
    });
    history.add([{ node: 'a:1', value: reading(0, { ...BEFORE, ...CPU, ...rows }) }]);
    const after = { ...AFTER, ...rows, 'cluster:forwards_sent': 500 };
    return history.add([{ node: 'a:1', value: reading(1000, after) }]);
  };
  test.each([
    [
      undefined,
      ['state', 'fwd/s', 'lag', 'backlog', 'fill'],
      ['serving', '500', '1.2s', '2K', '63 %'],
    ],
    [100, ['state', 'fwd/s', 'lag', 'fill'], ['serving', '500', '1.2s', '63 %']],
    [60, ['state', 'fwd/s'], ['serving', '500']],
    [40, ['state'], ['serving']],
  ])('a table of %s columns has those that fit', (columns, heads, cells) => {
    const [head = '', , row = ''] = topTable(view(), { sort: 'node', columns }, host).split('\n');
    const own = ['state', 'fwd/s', 'lag', 'backlog', 'fill'];
    expect(head.split(/ +/).filter((word) => own.includes(word))).toEqual(heads);
    for (const cell of cells) expect(row).toContain(` ${cell}`);
  });
});
