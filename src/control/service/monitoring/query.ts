/** What calls of CloudWatch ask for. */
import { invalidValue } from '../../api/errors.ts';
import type { ClusterMetrics } from '../../metrics/cluster-metrics.ts';
import { clusterKind } from '../../model/serverless-names.ts';
import { type Datapoint, datapointsOf } from '../../monitoring/statistics.ts';

type Dimensions = readonly { readonly Name: string; readonly Value: string }[];

interface MetricName {
  readonly Namespace?: string | undefined;
  readonly MetricName?: string | undefined;
  readonly Dimensions?: Dimensions | undefined;
}

interface Period {
  readonly StartTime: number;
  readonly EndTime: number;
  /** Seconds. */
  readonly Period: number;
}

/** Below a minute, as CloudWatch has them. */
const SHORT_SECONDS: readonly number[] = [1, 5, 10, 30];
const MINUTE_SECONDS = 60;

/** @throws {ApiError} `InvalidParameterValue` */
export function checkPeriod({ StartTime, EndTime, Period: seconds }: Period): void {
  if (StartTime >= EndTime) throw invalidValue('The StartTime must be before the EndTime.');
  const isMinutes = seconds >= MINUTE_SECONDS && seconds % MINUTE_SECONDS === 0;
  if (isMinutes || SHORT_SECONDS.includes(seconds)) return;
  throw invalidValue(`Period is ${seconds}; it must be 1, 5, 10, 30, or a multiple of 60 seconds.`);
}

/** The datapoints of a metric; none if nobody has it, as with CloudWatch. */
export function pointsFor(
  metrics: ClusterMetrics,
  { Namespace: namespace = '', MetricName: name = '', Dimensions = [] }: MetricName,
  { StartTime: fromMs, EndTime: untilMs, Period: seconds }: Period,
): readonly Datapoint[] {
  const { dimensions, cluster, node } = placesIn(Dimensions);
  const isOwn = cluster !== undefined && clusterKind(cluster) === 'cluster';
  const isKnown = dimensions.size === (node === undefined ? 1 : 2);
  if (!isOwn || !isKnown) return [];
  const periodMs = seconds * 1000;
  return datapointsOf(metrics, { namespace, name, cluster, node, fromMs, untilMs, periodMs });
}

/** How many nodes have to be read for a metric. */
export function nodesFor(metrics: ClusterMetrics, { Dimensions = [] }: MetricName): number {
  const { cluster, node } = placesIn(Dimensions);
  if (cluster === undefined) return 0;
  return node === undefined ? metrics.nodesOf(cluster).length : 1;
}

function placesIn(given: Dimensions) {
  const dimensions = new Map(given.map((each) => [each.Name, each.Value]));
  const cluster = dimensions.get('CacheClusterId')?.toLowerCase();
  return { dimensions, cluster, node: dimensions.get('CacheNodeId') };
}
