import { describe, expect, test } from 'vitest';
import { writeHotKeys } from '../../../../src/commands/admin/hot-stats.ts';
import type { HotKeys } from '../../../../src/commands/index.ts';
import { readHotReport } from '../../../../src/ops/index.ts';

const row = (key: string) => ({
  ...{ key: Buffer.from(key, 'latin1'), gets: 12.345, hits: 10, writes: 1, error: 0.5, bytes: 70 },
});

function statsOf(hotKeys: Partial<HotKeys>, topic: 'hot_keys' | 'hot_prefixes' = 'hot_keys') {
  const stats = new Map<string, string>();
  const view = () => ({
    ...{ windowSeconds: 30, samples: 99.6, requestsPerSecond: 1234.567 },
    keys: [row('a b%\n\u00ff='), row('user:2')],
    prefixes: [row('user:')],
  });
  const all = { isEnabled: true, view, clear: () => {}, ...hotKeys };
  writeHotKeys(all, topic, (name, value) => void stats.set(name, String(value)));
  return stats;
}

describe('stats hot_keys', () => {
  test('each key has a row of one line, with its rank as the name', () => {
    expect(Object.fromEntries(statsOf({}))).toEqual({
      ...{ sampling: 'on', window_seconds: '30.00', samples: '100', requests: '1234.57' },
      '1': 'key=a%20b%25%0A%FF%3D gets=12.35 hits=10.00 writes=1.00 error=0.50 bytes=70',
      '2': 'key=user%3A2 gets=12.35 hits=10.00 writes=1.00 error=0.50 bytes=70',
    });
  });
  test('a reader of the rows has the keys and numbers again', () => {
    const report = readHotReport(statsOf({}));
    expect(report).toMatchObject({ isSampling: true, samples: 100, requests: 1234.57 });
    expect(report.rows[0]).toEqual({
      ...{ key: 'a b%\n\u00ff=', gets: 12.35, hits: 10, writes: 1, error: 0.5, bytes: 70 },
    });
    expect(readHotReport(statsOf({}, 'hot_prefixes')).rows.map(({ key }) => key)).toEqual([
      'user:',
    ]);
  });
  test('a node that does not sample says so, and shows no rows', () => {
    expect([...statsOf({ isEnabled: false })]).toEqual([['sampling', 'off']]);
  });
});
