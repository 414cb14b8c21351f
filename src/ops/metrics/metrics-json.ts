import { type Metric, type Point, unitOf } from './metric.ts';
import type { MetricSample } from './sample.ts';

/** All metrics of one moment, and the last events of a cluster, as an object for `/stats.json`. */
export function metricsJson(metrics: readonly Metric[], sample: MetricSample): object {
  const { facts, health } = sample.node;
  return {
    version: facts.packageVersion,
    state: health.state,
    timeSeconds: health.timeSeconds,
    ...(sample.cluster && { clusterEvents: sample.cluster.events }),
    metrics: metrics.flatMap((metric) => {
      const points = metric.read(sample);
      const { name, kind } = metric;
      if (points.length === 0) return [];
      return [
        { name, kind, unit: unitOf(metric), points: points.map((each) => pointOf(metric, each)) },
      ];
    }),
  };
}

function pointOf({ labels }: Metric, point: Point): object {
  const named = Object.fromEntries(labels.map((label, at) => [label, point.labels[at]]));
  return { labels: named, value: point.value };
}
