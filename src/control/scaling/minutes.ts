/** What policies see of a cluster; pure. */
import type { ClusterMetrics } from '../metrics/cluster-metrics.ts';
import { datapointsOf, statisticOf } from '../monitoring/statistics.ts';
import type { TrackedMetric } from './records.ts';
import { IN_MINUTES } from './tracking.ts';

const MINUTE_MS = 60_000;

/** A value for each of the last minutes that are over, the oldest first; undefined: none. */
export function lastMinutes(
  metrics: ClusterMetrics,
  cluster: string,
  { statistic, ...metric }: TrackedMetric,
  nowMs: number,
): readonly (number | undefined)[] {
  const untilMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
  const fromMs = untilMs - IN_MINUTES * MINUTE_MS;
  const period = { fromMs, untilMs, periodMs: MINUTE_MS };
  const points = datapointsOf(metrics, { ...metric, cluster, ...period });
  const values = new Map(points.map((point) => [point.atMs, statisticOf(point, statistic)]));
  return Array.from({ length: IN_MINUTES }, (_, nth) => values.get(fromMs + nth * MINUTE_MS));
}
