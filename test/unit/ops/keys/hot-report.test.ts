import { describe, expect, test } from 'vitest';
import { type HotRow, mergeHot, readHotReport } from '../../../../src/ops/index.ts';

const row = (key: string, gets: number, more: Partial<HotRow> = {}): HotRow => ({
  ...{ key, gets, hits: gets / 2, writes: 1, error: 3, bytes: 10 },
  ...more,
});
const report = (rows: readonly HotRow[], isSampling = true) => ({
  ...{ isSampling, samples: 10, requests: 100, rows },
});

describe('the hot keys of a cluster', () => {
  test('the numbers of a key on several nodes add up, and errors as independent ones', () => {
    const merged = mergeHot([
      { node: 'a', report: report([row('x', 10), row('y', 4)]) },
      { node: 'b', report: report([row('x', 20, { error: 4, bytes: 30 })]) },
    ]);
    expect(merged).toMatchObject({ requests: 200, samples: 20, silent: [] });
    expect(merged.rows).toEqual([
      {
        ...{ key: 'x', gets: 30, hits: 15, writes: 2, error: 5, bytes: 30, requests: 32 },
        ...{ misses: 15, bytesPerSecond: 5 * 10 + 10 * 30, nodes: ['a', 'b'] },
      },
      expect.objectContaining({ key: 'y', requests: 5, nodes: ['a'] }),
    ]);
  });
  test('a node that samples nothing is named', () => {
    expect(mergeHot([{ node: 'a', report: report([], false) }]).silent).toEqual(['a']);
  });
  test('a malformed row has zeros, and no other statistic is a row', () => {
    const stats = new Map([
      ['1', 'key=a gets=x hits=-1'],
      ['pid', '7'],
    ]);
    expect(readHotReport(stats).rows).toEqual([
      { key: 'a', gets: 0, hits: 0, writes: 0, error: 0, bytes: 0 },
    ]);
  });
});
