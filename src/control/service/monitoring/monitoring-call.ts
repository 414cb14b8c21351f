/** The operations of CloudWatch that are offered, as the service runs them. */
import { invalidCombination, invalidValue } from '../../api/errors.ts';
import type { MONITORING_OPERATIONS } from '../../api/model/monitoring.ts';
import type { InputOf, OutputOf } from '../../api/operation.ts';
import type { ClusterMetrics } from '../../metrics/cluster-metrics.ts';
import { namedMetric } from '../../monitoring/metric-names.ts';
import { isStatistic, STATISTICS, statisticOf } from '../../monitoring/statistics.ts';
import type { Call } from '../service.ts';
import { getMetricData } from './get-metric-data.ts';
import { listMetrics } from './list-metrics.ts';
import { checkPeriod, pointsFor } from './query.ts';

type Operations = typeof MONITORING_OPERATIONS;
type Handlers = {
  readonly [N in keyof Operations]: (
    input: InputOf<Operations[N]>,
    metrics: ClusterMetrics,
  ) => OutputOf<Operations[N]>;
};

/** Source: AWS. */
const POINTS_MAX = 1440;

const handlers = {
  GetMetricData: getMetricData,
  ListMetrics: listMetrics,
  GetMetricStatistics: (input, metrics) => {
    checkPeriod(input);
    const count = Math.ceil((input.EndTime - input.StartTime) / (input.Period * 1000));
    if (count > POINTS_MAX) {
      throw invalidCombination(
        `You have requested up to ${count} datapoints, which exceeds the limit of ${POINTS_MAX}.`,
      );
    }
    const statistics = input.Statistics ?? [];
    const wanted = statistics.filter(isStatistic);
    if (wanted.length === 0 || wanted.length < statistics.length || input.ExtendedStatistics) {
      throw invalidValue(`Statistics must be some of ${STATISTICS.join(', ')}.`);
    }
    const unit = namedMetric(input.Namespace, input.MetricName)?.unit;
    const points = (input.Unit ?? unit) === unit ? pointsFor(metrics, input, input) : [];
    return {
      Label: input.MetricName,
      Datapoints: points.map((point) => ({
        Timestamp: point.atMs,
        ...Object.fromEntries(wanted.map((each) => [each, statisticOf(point, each)])),
        Unit: unit,
      })),
    };
  },
} satisfies Handlers;

/** Metrics are those of all clusters, so a policy must allow them for all. */
export const monitoringCall = (operation: string, metrics: ClusterMetrics): Call => {
  const handler = (
    handlers as Readonly<Record<string, (input: never, metrics: ClusterMetrics) => object>>
  )[operation];
  return {
    action: `cloudwatch:${operation}`,
    handler: handler && ((input) => handler(input as never, metrics)),
    resourcesOf: () => [],
  };
};
