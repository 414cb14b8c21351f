import { totalOf, valueIn } from '../metrics/cluster-metrics.ts';
import type { MeasureName } from '../metrics/measures.ts';
import type { Usage } from '../model/advice.ts';
import { staying } from '../model/node-count.ts';
import type { ClusterRecord } from '../model/records.ts';
import type { Recent } from './recent.ts';

/** What a cluster did lately, for its advice; undefined without samples. */
export function usageOf(cluster: ClusterRecord, { steps, now }: Recent): Usage | undefined {
  const [first, last] = [steps[0], steps.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const all = (name: MeasureName): readonly number[] =>
    steps.flatMap(({ sample }) => valueIn(sample, name) ?? []);
  const most = (name: MeasureName): number => Math.max(0, ...all(name));
  const mean = (name: MeasureName): number => {
    const values = all(name);
    return values.length === 0 ? 0 : values.reduce((sum, each) => sum + each, 0) / values.length;
  };
  return {
    nodes: staying(cluster).length,
    replicas: cluster.replicas,
    nodeType: cluster.nodeType,
    seconds: (last.atMs - first.atMs) / 1000,
    usedBytesMax: most('usedBytes'),
    limitBytes: totalOf(now, 'limitBytes') ?? 0,
    getsPerSecond: mean('gets'),
    hitsPerSecond: mean('getHits'),
    evictionsPerSecond: mean('evictions'),
    ghostHitsPerSecond: mean('ghostHits'),
    coresMax: most('cpu'),
    skew: skewOf(now.map((sample) => valueIn(sample, 'commands') ?? 0)),
  };
}

function skewOf(requests: readonly number[]): number {
  const sum = requests.reduce((total, each) => total + each, 0);
  return sum === 0 ? 1 : (Math.max(...requests) * requests.length) / sum;
}
