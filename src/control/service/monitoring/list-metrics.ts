/** ListMetrics: what there is of the clusters that have samples. */
import { invalidValue } from '../../api/errors.ts';
import type { MONITORING_OPERATIONS } from '../../api/model/monitoring.ts';
import type { InputOf } from '../../api/operation.ts';
import type { ClusterMetrics } from '../../metrics/cluster-metrics.ts';
import { clusterKind } from '../../model/serverless-names.ts';
import { METRIC_LIST } from '../../monitoring/metric-names.ts';

/** Source: AWS. */
const METRICS_MAX = 500;

type Input = InputOf<(typeof MONITORING_OPERATIONS)['ListMetrics']>;

export function listMetrics(input: Input, metrics: ClusterMetrics) {
  const after = input.NextToken === undefined ? '' : keyIn(input.NextToken);
  const names = METRIC_LIST.filter(
    ([name, { namespace }]) =>
      (input.MetricName ?? name) === name && (input.Namespace ?? namespace) === namespace,
  );
  const page = [];
  for (const dimensions of dimensionsOf(metrics)) {
    if (!hasAll(dimensions, input.Dimensions ?? [])) continue;
    for (const [name, { namespace }] of names) {
      const key = `${dimensions.map(({ Value }) => Value).join('/')} ${name}`;
      if (key <= after) continue;
      if (page.length === METRICS_MAX) {
        return { Metrics: page.map(({ metric }) => metric), NextToken: tokenOf(page.at(-1)!.key) };
      }
      const metric = { Namespace: namespace, MetricName: name, Dimensions: dimensions };
      page.push({ key, metric });
    }
  }
  return { Metrics: page.map(({ metric }) => metric) };
}

type Dimensions = readonly { readonly Name: string; readonly Value: string }[];

/** Of each cluster, and of each of its nodes, in the order of the keys. */
const dimensionsOf = (metrics: ClusterMetrics): readonly Dimensions[] =>
  metrics.clusters
    .filter((id) => clusterKind(id) === 'cluster')
    .flatMap((cluster) => {
      const whole = { Name: 'CacheClusterId', Value: cluster };
      const nodes = metrics.nodesOf(cluster).map((node) => ({ Name: 'CacheNodeId', Value: node }));
      return [[whole], ...nodes.map((node) => [whole, node])];
    })
    .map((dimensions) => ({ dimensions, key: dimensions.map(({ Value }) => Value).join('/') }))
    .sort((a, b) => (`${a.key} ` < `${b.key} ` ? -1 : 1))
    .map(({ dimensions }) => dimensions);

const hasAll = (dimensions: Dimensions, wanted: NonNullable<Input['Dimensions']>): boolean =>
  wanted.every(({ Name, Value }) =>
    dimensions.some((each) => each.Name === Name && (Value ?? each.Value) === each.Value),
  );

const tokenOf = (key: string): string => Buffer.from(`after:${key}`).toString('base64url');

function keyIn(token: string): string {
  const text = Buffer.from(token, 'base64url').toString();
  if (text.startsWith('after:')) return text.slice('after:'.length);
  throw invalidValue('The NextToken is none of this service.');
}
