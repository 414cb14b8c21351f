/** Statistics of the samples of nodes, as CloudWatch has them; pure. */
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { RESOLUTIONS, type ResolutionName } from '../metrics/series.ts';
import { namedMetric } from './metric-names.ts';

export const STATISTICS = ['SampleCount', 'Average', 'Sum', 'Minimum', 'Maximum'] as const;
type Statistic = (typeof STATISTICS)[number];

export const isStatistic = (text: string): text is Statistic =>
  (STATISTICS as readonly string[]).includes(text);

/** The samples of a period, of one node or of several. */
export interface Datapoint {
  /** When the period begins. */
  readonly atMs: number;
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
}

interface PeriodRequest {
  readonly namespace: string;
  readonly name: string;
  readonly cluster: string;
  /** Undefined: all nodes, each with a sample of its own. */
  readonly node?: string | undefined;
  readonly fromMs: number;
  /** Not included. */
  readonly untilMs: number;
  readonly periodMs: number;
}

/** The periods that have samples, the oldest first; none of a metric that there is not. */
export function datapointsOf(
  metrics: ClusterMetrics,
  request: PeriodRequest,
): readonly Datapoint[] {
  const { namespace, name, cluster, node, untilMs, periodMs } = request;
  const metric = namedMetric(namespace, name);
  if (metric === undefined) return [];
  const { resolution, stepMs } = resolutionFor(periodMs);
  const fromMs = Math.floor(request.fromMs / periodMs) * periodMs;
  const points = new Map<number, Datapoint>();
  for (const each of node === undefined ? metrics.nodesOf(cluster) : [node]) {
    for (const { atMs, sample } of metrics.since(cluster, resolution, fromMs, each)) {
      const value = metric.value(sample, stepMs / 1000);
      if (value === undefined || atMs >= untilMs) continue;
      const start = Math.floor(atMs / periodMs) * periodMs;
      points.set(start, withValue(points.get(start), start, value));
    }
  }
  return [...points.values()].sort((a, b) => a.atMs - b.atMs);
}

function resolutionFor(periodMs: number): { resolution: ResolutionName; stepMs: number } {
  const resolution = periodMs < RESOLUTIONS.coarse.stepMs ? 'fine' : 'coarse';
  return { resolution, stepMs: RESOLUTIONS[resolution].stepMs };
}

function withValue(point: Datapoint | undefined, atMs: number, value: number): Datapoint {
  if (point === undefined) return { atMs, count: 1, sum: value, min: value, max: value };
  return {
    atMs,
    count: point.count + 1,
    sum: point.sum + value,
    min: Math.min(point.min, value),
    max: Math.max(point.max, value),
  };
}

export function statisticOf({ count, sum, min, max }: Datapoint, statistic: Statistic): number {
  switch (statistic) {
    case 'SampleCount':
      return count;
    case 'Average':
      return sum / count;
    case 'Sum':
      return sum;
    case 'Minimum':
      return min;
    case 'Maximum':
      return max;
  }
}
