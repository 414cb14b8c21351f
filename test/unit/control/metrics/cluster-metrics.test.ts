import { describe, expect, test } from 'vitest';
import {
  ClusterMetrics,
  totalOf,
  valueIn,
} from '../../../../src/control/metrics/cluster-metrics.ts';
import { readStats } from '../../../../src/control/metrics/reading.ts';
import { RESOLUTIONS } from '../../../../src/control/metrics/series.ts';
import { statsText } from '../../../support/control-stats.ts';

const { fine, coarse } = RESOLUTIONS;

/** Samples of a node, one each step: the items that it has. */
function add(metrics: ClusterMetrics, node: string, items: readonly number[], fromMs = 0): void {
  for (const [nth, each] of items.entries()) {
    const reading = readStats(statsText({ items: each }), fromMs + nth * fine.stepMs)!;
    metrics.add('web', node, reading);
  }
}

const itemsOf = (steps: ReturnType<ClusterMetrics['since']>) =>
  steps.map(({ sample }) => valueIn(sample, 'items'));

describe('the metrics of clusters', () => {
  test('a cluster has the sums of its nodes at each time', () => {
    const metrics = new ClusterMetrics();
    add(metrics, '0001', [1, 2, 3]);
    add(metrics, '0002', [10, 20], fine.stepMs);
    expect(itemsOf(metrics.since('web', 'fine', 0))).toEqual([1, 12, 23]);
    expect(itemsOf(metrics.since('web', 'fine', 0, '0002'))).toEqual([10, 20]);
    expect(itemsOf(metrics.since('web', 'fine', 2 * fine.stepMs))).toEqual([23]);
    expect(metrics.since('other', 'fine', 0)).toEqual([]);
  });
  test('a node keeps only its last steps', () => {
    const metrics = new ClusterMetrics();
    add(
      metrics,
      '0001',
      Array.from({ length: fine.steps + 3 }, (_, nth) => nth),
    );
    const items = itemsOf(metrics.since('web', 'fine', 0));
    expect([items.length, items[0], items.at(-1)]).toEqual([fine.steps, 3, fine.steps + 2]);
  });
  test('a longer step has the mean of its samples', () => {
    const metrics = new ClusterMetrics();
    const perStep = coarse.stepMs / fine.stepMs;
    add(
      metrics,
      '0001',
      Array.from({ length: 2 * perStep }, (_, nth) => (nth < perStep ? nth : 5)),
    );
    expect(itemsOf(metrics.since('web', 'coarse', 0))).toEqual([(perStep - 1) / 2, 5]);
  });
  test('the last sample of a node is there until it is too old', () => {
    const metrics = new ClusterMetrics();
    add(metrics, '0002', [2]);
    add(metrics, '0001', [3]);
    const now = metrics.now('web', 0);
    expect(now.map(({ node }) => node)).toEqual(['0001', '0002']);
    expect(
      totalOf(
        now.map(({ sample }) => sample),
        'items',
      ),
    ).toBe(5);
    expect(metrics.now('web', 1)).toEqual([]);
    expect(totalOf([], 'items')).toBeUndefined();
  });
  test('nodes that are gone are forgotten', () => {
    const metrics = new ClusterMetrics();
    add(metrics, '0001', [1]);
    add(metrics, '0002', [2]);
    metrics.keep(new Map([['web', new Set(['0002'])]]));
    expect(metrics.now('web', 0).map(({ node }) => node)).toEqual(['0002']);
    metrics.keep(new Map());
    expect(metrics.since('web', 'fine', 0)).toEqual([]);
  });
});
