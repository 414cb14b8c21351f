/** GetMetricData: several metrics at once, in pages of datapoints. */
import { ApiError } from '../../api/errors.ts';
import type { MONITORING_OPERATIONS } from '../../api/model/monitoring.ts';
import type { InputOf } from '../../api/operation.ts';
import type { ClusterMetrics } from '../../metrics/cluster-metrics.ts';
import { isStatistic, STATISTICS, statisticOf } from '../../monitoring/statistics.ts';
import { checkPeriod, nodesFor, pointsFor } from './query.ts';

/** Source: AWS. */
const DATAPOINTS_MAX = 100_800;
/** Of one page; the samples of a node are up to 8640. */
const NODES_READ_MAX = 500;
const ID = /^[a-z]\w{0,254}$/;

type Input = InputOf<(typeof MONITORING_OPERATIONS)['GetMetricData']>;
type Query = Input['MetricDataQueries'][number];

const invalid = (message: string): ApiError => new ApiError('ValidationError', message);

/** The next datapoint to show: of which query, and which of its points. */
interface Place {
  readonly query: number;
  readonly point: number;
}

export function getMetricData(input: Input, metrics: ClusterMetrics) {
  const { MaxDatapoints: limit = DATAPOINTS_MAX, NextToken: token } = input;
  if (limit < 1 || limit > DATAPOINTS_MAX) {
    throw invalid(`MaxDatapoints is ${limit}; it must be 1 to ${DATAPOINTS_MAX}.`);
  }
  for (const each of input.MetricDataQueries) checkQuery(each);
  const shown = input.MetricDataQueries.filter(({ ReturnData }) => ReturnData !== false);
  const from: Place = token === undefined ? { query: 0, point: 0 } : placeIn(token);
  const results: ReturnType<typeof resultOf>[] = [];
  const nextFrom = (place: Place) => ({
    MetricDataResults: results,
    NextToken: tokenOf(place),
    Messages: [],
  });
  let left = limit;
  let nodes = 0;
  for (let nth = from.query; nth < shown.length; nth++) {
    nodes += nodesFor(metrics, shown[nth]!.MetricStat!.Metric);
    if (nodes > NODES_READ_MAX && nth > from.query) return nextFrom({ query: nth, point: 0 });
    const all = valuesOf(shown[nth]!, input, metrics);
    const first = nth === from.query ? from.point : 0;
    const page = all.slice(first, first + left);
    const isWhole = first + page.length >= all.length;
    results.push(resultOf(shown[nth]!, page, isWhole));
    left -= page.length;
    if (!isWhole) return nextFrom({ query: nth, point: first + page.length });
  }
  return { MetricDataResults: results, Messages: [] };
}

function checkQuery({ Id: id, MetricStat: stat, Expression }: Query): void {
  if (!ID.test(id)) {
    throw invalid('Each Id begins with a small letter, and has letters, digits and underscores.');
  }
  if (Expression !== undefined || stat === undefined) {
    throw invalid(`The query ${id} needs a MetricStat: expressions are not offered.`);
  }
  if (isStatistic(stat.Stat)) return;
  throw invalid(`Stat of the query ${id} must be one of ${STATISTICS.join(', ')}.`);
}

/** In the order of the reply. */
function valuesOf({ MetricStat: stat }: Query, input: Input, metrics: ClusterMetrics) {
  const period = { ...input, Period: stat!.Period };
  checkPeriod(period);
  const statistic = stat!.Stat;
  if (!isStatistic(statistic)) return [];
  const values = pointsFor(metrics, stat!.Metric, period).map((point) => ({
    atMs: point.atMs,
    value: statisticOf(point, statistic),
  }));
  return input.ScanBy === 'TimestampAscending' ? values : values.reverse();
}

const resultOf = (
  { Id, Label, MetricStat }: Query,
  page: ReturnType<typeof valuesOf>,
  isWhole: boolean,
) => ({
  Id,
  Label: Label ?? MetricStat?.Metric.MetricName,
  Timestamps: page.map(({ atMs }) => atMs),
  Values: page.map(({ value }) => value),
  StatusCode: isWhole ? 'Complete' : 'PartialData',
});

const tokenOf = ({ query, point }: Place): string =>
  Buffer.from(`next:${query}:${point}`).toString('base64url');

function placeIn(token: string): Place {
  const text = Buffer.from(token, 'base64url').toString();
  const [, query, point] = /^next:(\d{1,6}):(\d{1,9})$/.exec(text) ?? [];
  if (query !== undefined) return { query: Number(query), point: Number(point) };
  throw new ApiError('InvalidNextToken', 'The NextToken is none of this service.');
}
