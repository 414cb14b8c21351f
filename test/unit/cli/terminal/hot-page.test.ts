import { describe, expect, test } from 'vitest';
import { hotJson, hotPage, hotText } from '../../../../src/cli/terminal/hot-page.ts';
import { TestHost } from '../host.ts';

const OPTIONS = { top: 3, sort: 'requests', byPrefix: false } as const;
const STATS = new Map([
  ...[['sampling', 'on'] as const, ['samples', '1234'] as const, ['requests', '1000'] as const],
  ['1', 'key=user%3A1 gets=200.00 hits=150.00 writes=40.00 error=12.00 bytes=1024'],
  ['2', 'key=page%3A%FF gets=100.00 hits=100.00 writes=0.00 error=9.50 bytes=2048'],
  ['3', 'key=none gets=90.00 hits=0.00 writes=1.25 error=9.00 bytes=0'],
  ['4', 'key=user%3A9 gets=1.00 hits=1.00 writes=1.00 error=1.00 bytes=70'],
]);
const round = (nodes: readonly string[]) => nodes.map((node) => ({ node, value: STATS }));
const textAt = (columns: number | undefined, nodes: readonly string[]) => {
  const host = new TestHost(columns === undefined ? {} : { columns });
  return `\n${hotText(hotPage(round(nodes), OPTIONS), host)}`;
};

describe('the page of hot keys', () => {
  test('a wide page has all columns', () => {
    expect(textAt(undefined, ['10.0.0.1:11211', '10.0.0.2:11211'])).toBe(`
2K requests/s for keys on 2 of 2 nodes, estimated from 2,468 samples of the last minutes

req/s   ±   share  gets/s     hits  writes/s   size  bytes/s               node  key
  480  17  24.0 %     400   75.0 %        80  1 KiB  300 KiB  10.0.0.1:11211 +1  user:1
  200  13  10.0 %     200  100.0 %         0  2 KiB  400 KiB  10.0.0.1:11211 +1  page:%FF
  183  13   9.1 %     180    0.0 %       2.5      –      0 B  10.0.0.1:11211 +1  none`);
  });
  test('a narrow one has room for the keys', () => {
    expect(textAt(50, ['10.0.0.1:11211'])).toBe(`
1K requests/s for keys on 1 of 1 node, estimated from 1,234 samples of the last minutes

req/s   share     hits  writes/s  key
  240  24.0 %   75.0 %        40  user:1
  100  10.0 %  100.0 %         0  page:%FF
   91   9.1 %    0.0 %       1.3  none`);
    for (const columns of [20, 40, 60, 80, 100]) {
      const [, , , , ...rows] = textAt(columns, ['a', 'b']).split('\n');
      expect(rows.join('\n')).toContain('user:1');
      if (columns > 20) for (const row of rows) expect(row.length).toBeLessThanOrEqual(columns);
    }
  });
  test('a node that is down, one that samples nothing, and one without requests say so', () => {
    const failure = { reason: 'connection refused', isRefusal: false };
    const off = { node: 'b:11211', value: new Map([['sampling', 'off']]) };
    const page = hotPage([{ node: 'a:11211', failure }, off], OPTIONS);
    expect(hotText(page, new TestHost())).toBe(
      [
        'No requests for keys in the last minutes (1 of 2 nodes).',
        'a:11211  DOWN: connection refused',
        'b:11211  samples no keys (-o no_hot_keys)',
      ].join('\n'),
    );
    expect(JSON.parse(hotJson(page, new Date(0)))).toEqual({
      ...{ time: '1970-01-01T00:00:00.000Z', requestsPerSecond: 0, samples: 0, keys: [] },
      ...{ notSampling: ['b:11211'], errors: { 'a:11211': 'connection refused' } },
    });
  });
  test.each([
    ['misses', 'none'],
    ['bytes', 'page:\u00ff'],
    ['writes', 'user:1'],
  ] as const)('the first key by %s is %s', (sort, key) => {
    expect(hotPage(round(['a']), { ...OPTIONS, sort }).rows[0]!.key).toBe(key);
  });
});
