import { describe, expect, test } from 'vitest';
import { valueIn } from '../../../../src/control/metrics/cluster-metrics.ts';
import { readStats, sampleOf } from '../../../../src/control/metrics/reading.ts';
import { statsText } from '../../../support/control-stats.ts';

const reading = (atMs: number, numbers: Parameters<typeof statsText>[0] = {}) =>
  readStats(statsText(numbers), atMs)!;

describe('a reading of a node', () => {
  test('size classes and the memory by use are read', () => {
    const { classes, memory } = reading(0);
    expect(classes).toMatchObject([{ slab: '3', chunkBytes: 128, items: 7, evictions: 0 }]);
    expect(memory).toEqual({ items: 5 });
  });
  test.each(['', '{', 'null', '{}', '[]', '{"metrics": 5}', '{"metrics": [null]}'])(
    'the text %s is none',
    (text) => {
      expect(readStats(text, 0)).toBeUndefined();
    },
  );
});

describe('a sample', () => {
  test('counters are rates, and gauges are as they are', () => {
    const before = reading(1000, { gets: 100, hits: 50, items: 5 });
    const sample = sampleOf(before, reading(6000, { gets: 200, hits: 140, items: 9 }));
    expect(valueIn(sample, 'gets')).toBe(20);
    expect(valueIn(sample, 'getHits')).toBe(18);
    expect(valueIn(sample, 'items')).toBe(9);
  });
  test('the first one has no rates', () => {
    const sample = sampleOf(undefined, reading(1000, { gets: 100, items: 5 }));
    expect(valueIn(sample, 'gets')).toBeUndefined();
    expect(valueIn(sample, 'items')).toBe(5);
  });
  test('counters of a new process, and those that were reset, began at zero', () => {
    const before = reading(0, { gets: 1000 });
    expect(valueIn(sampleOf(before, reading(5000, { gets: 50 })), 'gets')).toBe(10);
    const restarted = reading(5000, { gets: 2000, startedSeconds: 1003 });
    expect(valueIn(sampleOf(before, restarted), 'gets')).toBe(400);
  });
  test('a quantile is of what was observed since the reading before', () => {
    const before = reading(0, { latencies: [1000, 0] });
    const sample = sampleOf(before, reading(5000, { latencies: [1060, 40] }));
    expect(valueIn(sample, 'p50Seconds')).toBeCloseTo(0.001);
    expect(valueIn(sample, 'p99Seconds')).toBeCloseTo(0.01);
    const silent = sampleOf(before, reading(5000, { latencies: [1000, 0] }));
    expect(valueIn(silent, 'p99Seconds')).toBeUndefined();
  });
  test('a metric that the node lacks has no value', () => {
    expect(valueIn(sampleOf(undefined, reading(0)), 'keysLeft')).toBeUndefined();
  });
});
