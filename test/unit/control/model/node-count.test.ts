import { describe, expect, test } from 'vitest';
import { ApiError } from '../../../../src/control/api/errors.ts';
import { nodesAfter, withCount } from '../../../../src/control/model/node-count.ts';
import type { ClusterRecord, PendingChange } from '../../../../src/control/model/records.ts';
import { clusterRecord } from '../../../support/control-records.ts';

const NOW = 1_700_000_000_000;

const cluster = (nodes: number, pending: PendingChange = {}): ClusterRecord => ({
  ...clusterRecord({ nodes }),
  pending,
});

const request = (numCacheNodes: number, ids: readonly string[] = [], zones: string[] = []) => ({
  numCacheNodes,
  nodeIdsToRemove: ids,
  newZones: zones,
});

const codeOf = (run: () => unknown): string => {
  try {
    run();
    return 'none';
  } catch (error) {
    if (error instanceof ApiError) return error.code;
    throw error;
  }
};

describe('the number of nodes that is wanted', () => {
  test('more nodes wait with their zones', () => {
    expect(withCount(cluster(3), request(5, [], ['b', 'c']))).toEqual({
      numCacheNodes: 5,
      newZones: ['b', 'c'],
    });
  });

  test('a second request for more adds to the first one', () => {
    const first = withCount(cluster(3), request(5, [], ['b', 'c']));
    expect(withCount(cluster(3, first), request(8, [], ['d', 'e', 'f']))).toEqual({
      numCacheNodes: 8,
      newZones: ['b', 'c', 'd', 'e', 'f'],
    });
  });

  test('fewer nodes than wait need as many ids as there are fewer', () => {
    const first = withCount(cluster(3), request(7));
    expect(codeOf(() => withCount(cluster(3, first), request(5, ['0001'])))).toBe(
      'InvalidParameterValue',
    );
    expect(withCount(cluster(3, first), request(5, ['0001', '0002']))).toEqual({
      numCacheNodes: 5,
      newZones: [],
    });
  });

  test('a removal replaces what would be added, and the other way round', () => {
    const more = withCount(cluster(2), request(3));
    expect(withCount(cluster(2, more), request(1, ['0001', '0002']))).toEqual({
      numCacheNodes: 1,
      nodeIdsToRemove: ['0001', '0002'],
    });
    const fewer = withCount(cluster(3), request(2, ['0003']));
    expect(withCount(cluster(3, fewer), request(4))).toEqual({ numCacheNodes: 4, newZones: [] });
  });

  test('the present number cancels what waits, and nothing else', () => {
    const pending = { ...withCount(cluster(3), request(5)), nodeType: 'cache.t3.small' };
    expect(withCount(cluster(3, pending), request(3))).toEqual({ nodeType: 'cache.t3.small' });
  });

  test.each([
    ['no ids', request(2)],
    ['too many ids', request(2, ['0003', '0002'])],
    ['an unknown id', request(2, ['0009'])],
    ['an id twice', request(1, ['0003', '0003'])],
  ])('%s are refused for fewer nodes', (_what, wanted) => {
    expect(codeOf(() => withCount(cluster(3), wanted))).toBe('InvalidParameterValue');
  });

  test('ids and zones are refused where they mean nothing', () => {
    const combination = 'InvalidParameterCombination';
    expect(codeOf(() => withCount(cluster(3), request(4, ['0001'])))).toBe(combination);
    expect(codeOf(() => withCount(cluster(3), request(5, [], ['a'])))).toBe(combination);
  });
});

describe('the nodes after a change of their number', () => {
  const idsOf = (record: ClusterRecord) =>
    nodesAfter(record, NOW).map(({ id, status }) => `${id} ${status}`);

  test('new nodes get the lowest free ids', () => {
    const gap = cluster(3);
    const without = { ...gap, nodes: gap.nodes.filter(({ id }) => id !== '0002') };
    expect(idsOf({ ...without, pending: { numCacheNodes: 4, newZones: ['b', 'c'] } })).toEqual([
      '0001 available',
      '0002 creating',
      '0003 available',
      '0004 creating',
    ]);
  });

  test('the named nodes go', () => {
    const record = cluster(3, { numCacheNodes: 1, nodeIdsToRemove: ['0003', '0001'] });
    expect(idsOf(record)).toEqual(['0001 deleting', '0002 available', '0003 deleting']);
  });
});
