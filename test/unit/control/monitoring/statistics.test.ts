import { describe, expect, test } from 'vitest';
import { ClusterMetrics } from '../../../../src/control/metrics/cluster-metrics.ts';
import { readStats } from '../../../../src/control/metrics/reading.ts';
import { datapointsOf, statisticOf } from '../../../../src/control/monitoring/statistics.ts';
import { statsText } from '../../../support/control-stats.ts';

const MINUTE_MS = 60_000;
const STEP_MS = 5000;

/** Two nodes for five minutes: the second one has twice as much of all. */
function metricsOf(): ClusterMetrics {
  const metrics = new ClusterMetrics();
  for (let atMs = 0; atMs < 5 * MINUTE_MS; atMs += STEP_MS) {
    for (const [node, times] of [
      ['0001', 1],
      ['0002', 2],
    ] as const) {
      const seconds = (atMs / 1000) * times;
      const text = statsText({
        ...{ gets: 10 * seconds, hits: 8 * seconds, evictions: seconds },
        ...{ connections: 7 * times, cpuSeconds: seconds / 4, ghostHits: seconds / 2 },
        ...{ items: times, usedBytes: 16 * 2 ** 20 * times },
      });
      metrics.add('web', node, readStats(text, atMs)!);
    }
  }
  return metrics;
}

describe('a metric with the name of CloudWatch', () => {
  const metrics = metricsOf();
  const request = {
    ...{ namespace: 'AWS/ElastiCache', cluster: 'web', periodMs: MINUTE_MS },
    ...{ fromMs: MINUTE_MS, untilMs: 5 * MINUTE_MS },
  };
  const points = (name: string, more: object = {}) =>
    datapointsOf(metrics, { ...request, name, ...more });

  test.each([
    ['CmdGet', 600, 1200],
    ['CmdGets', 600, 1200],
    ['GetHits', 480, 960],
    ['GetMisses', 120, 240],
    ['Evictions', 60, 120],
    ['CurrConnections', 7, 14],
    ['CurrItems', 1, 2],
    ['BytesUsedForCacheItems', 16 * 2 ** 20, 32 * 2 ** 20],
    ['UnusedMemory', 32 * 2 ** 20, 48 * 2 ** 20],
    ['CPUUtilization', 25, 50],
  ])('%s has the values of both nodes in each minute', (name, min, max) => {
    const [first, ...rest] = points(name);
    expect(rest).toHaveLength(3);
    expect(first!.atMs).toBe(MINUTE_MS);
    expect(first!.count).toBe(2);
    expect(first!.min).toBeCloseTo(min, 2);
    expect(first!.max).toBeCloseTo(max, 2);
    expect(statisticOf(first!, 'Sum')).toBeCloseTo(min + max, 2);
    expect(statisticOf(first!, 'Average')).toBeCloseTo((min + max) / 2, 2);
  });

  test('the own metrics are in a namespace of their own', () => {
    const [missed] = points('PredictedMisses', { namespace: 'Slabring', node: '0001' });
    expect(missed!.sum).toBeCloseTo(30, 2);
    const [memory] = points('MemoryUsagePercentage', { namespace: 'Slabring' });
    expect([memory!.min, memory!.max]).toEqual([25, 50]);
    expect(points('PredictedMisses')).toEqual([]);
  });

  test('a longer period has the samples of all its minutes, a shorter one the steps', () => {
    const [all, ...none] = points('Evictions', { periodMs: 10 * MINUTE_MS, node: '0001' });
    expect([all!.atMs, all!.count, none]).toEqual([0, 5, []]);
    const short = points('Evictions', { periodMs: 10_000, node: '0001', untilMs: 90_000 });
    expect(short.map(({ atMs, sum }) => [atMs, Math.round(sum)])).toEqual([
      [60_000, 10],
      [70_000, 10],
      [80_000, 10],
    ]);
  });

  test('what there is not has no datapoints', () => {
    expect(points('constructor')).toEqual([]);
    expect(points('Evictions', { cluster: 'other' })).toEqual([]);
    expect(points('Evictions', { node: '0009' })).toEqual([]);
    expect(points('TouchHits')).toEqual([]);
  });
});
