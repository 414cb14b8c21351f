import { describe, expect, test } from 'vitest';
import { expose, formatFor } from '../../../../src/ops/metrics/exposition.ts';
import { counter, gauge, labelled, type Metric } from '../../../../src/ops/metrics/metric.ts';
import { metricsJson } from '../../../../src/ops/metrics/metrics-json.ts';
import { takeSample } from '../../../../src/ops/metrics/sample.ts';
import { METRICS } from '../../../../src/ops/metrics/table.ts';
import { adminParts } from '../../../support/admin-parts.ts';
import { clusterViewWith } from '../../../support/cluster-view.ts';

const SAMPLE = takeSample(adminParts());
const text = (metric: Metric): string => expose([metric], SAMPLE, 'prometheus');
const openText = (metric: Metric): string => expose([metric], SAMPLE, 'openMetrics');

describe('the text of metrics', () => {
  test('a counter has a head and a line', () => {
    const metric = counter('slabring_read_bytes_total', 'Bytes.', () => 7);
    expect(text(metric)).toBe(
      '# HELP slabring_read_bytes_total Bytes.\n' +
        '# TYPE slabring_read_bytes_total counter\n' +
        'slabring_read_bytes_total 7\n',
    );
    expect(openText(metric)).toBe(
      '# HELP slabring_read_bytes Bytes.\n' +
        '# TYPE slabring_read_bytes counter\n' +
        '# UNIT slabring_read_bytes bytes\n' +
        'slabring_read_bytes_total 7\n# EOF\n',
    );
  });
  test('an info is a gauge for Prometheus, and an info for OpenMetrics', () => {
    const metric = labelled('info', 'a_info', 'A.', ['of'], () => [{ labels: ['x'], value: 1 }]);
    expect(text(metric)).toContain('# TYPE a_info gauge\na_info{of="x"} 1\n');
    expect(openText(metric)).toContain('# TYPE a info\na_info{of="x"} 1\n');
  });
  test('labels and help escape what would end them', () => {
    const metric = labelled('gauge', 'a', 'one\ntwo \\ "three"', ['of'], () => [
      { labels: ['x\\y"z\n'], value: 1 },
    ]);
    expect(text(metric)).toContain('# HELP a one\\ntwo \\\\ "three"\n');
    expect(openText(metric)).toContain('# HELP a one\\ntwo \\\\ \\"three\\"\n');
    expect(text(metric)).toContain('a{of="x\\\\y\\"z\\n"} 1\n');
  });
  test('a histogram has cumulative buckets, a sum and a count', () => {
    const value = { bounds: [0.5, 1], counts: [1, 0, 2], sum: 9.25 };
    const metric = labelled('histogram', 'a_seconds', 'A.', ['of'], () => [
      { labels: ['x'], value },
    ]);
    expect(text(metric).split('\n').slice(2)).toEqual([
      'a_seconds_bucket{of="x",le="0.5"} 1',
      'a_seconds_bucket{of="x",le="1"} 1',
      'a_seconds_bucket{of="x",le="+Inf"} 3',
      'a_seconds_sum{of="x"} 9.25',
      'a_seconds_count{of="x"} 3',
      '',
    ]);
  });
  test('a metric without a point is absent', () => {
    expect(text(gauge('a', 'A.', () => undefined))).toBe('\n');
  });
});

describe('the format of a reply', () => {
  test.each([
    [undefined, 'prometheus'],
    ['*/*', 'prometheus'],
    ['text/html', 'prometheus'],
    ['text/plain;version=0.0.4', 'prometheus'],
    ['application/openmetrics-text; version=1.0.0', 'openMetrics'],
    ['application/openmetrics-text;version=0.0.1', 'prometheus'],
    ['application/openmetrics-text;q=0', 'prometheus'],
    [
      'application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;' +
        'q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1',
      'openMetrics',
    ],
    ['text/plain;q=0.9,application/openmetrics-text;version=1.0.0;q=0.5', 'prometheus'],
  ])('Accept: %s gets %s', (accept, format) => {
    expect(formatFor(accept)).toBe(format);
  });
});

describe('the table of metrics', () => {
  test('each metric has a name of its own, in the form of its kind', () => {
    const names = METRICS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, kind, help } of METRICS) {
      expect(name).toMatch(/^(memcached|slabring|process)_[a-z0-9_]+$/);
      expect(name.endsWith('_total'), name).toBe(kind === 'counter');
      expect(name.endsWith('_info'), name).toBe(kind === 'info');
      expect(help, name).toMatch(/^[A-Z].*[A-Za-z0-9)]\.$/);
    }
  });
  test('each point has a value for each label', () => {
    for (const { name, labels, read } of METRICS) {
      for (const point of read(SAMPLE)) expect(point.labels.length, name).toBe(labels.length);
    }
  });
  test('the JSON of a member has the last events, and that of another node has none', () => {
    const cluster = clusterViewWith();
    expect(metricsJson(METRICS, { ...SAMPLE, cluster })).toMatchObject({
      clusterEvents: cluster.events,
    });
    expect(metricsJson(METRICS, SAMPLE)).not.toHaveProperty('clusterEvents');
  });
  test('only a node in a cluster has the metrics of clusters, and shows all its numbers', () => {
    const metrics = METRICS.filter(({ name }) => name.startsWith('slabring_cluster_'));
    const view = clusterViewWith();
    expect(metrics.flatMap(({ read }) => read(SAMPLE))).toEqual([]);
    const points = metrics.map(({ read }) => read({ ...SAMPLE, cluster: view }));
    expect(points).not.toContainEqual([]);
    const values = points.flat().map(({ value }) => value);
    expect(values).toEqual(expect.arrayContaining(Object.values(view.numbers)));
    expect(metrics.flatMap(({ labels }) => labels)).toContain('peer');
    for (const [nth, { name, labels }] of metrics.entries()) {
      for (const point of points[nth]!) expect(point.labels.length, name).toBe(labels.length);
    }
  });
});
