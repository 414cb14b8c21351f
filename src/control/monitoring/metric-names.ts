/** CloudWatch's names of what is measured of a node; pure. */
import { valueIn } from '../metrics/cluster-metrics.ts';
import type { MeasureName } from '../metrics/measures.ts';
import type { Sample } from '../metrics/reading.ts';

export const ELASTICACHE = 'AWS/ElastiCache';
/** What ElastiCache does not have. */
export const SLABRING = 'Slabring';

interface NamedMetric {
  readonly namespace: typeof ELASTICACHE | typeof SLABRING;
  readonly unit: 'Count' | 'Bytes' | 'Percent' | 'Seconds';
  /** Of one node and one step, which is so long; undefined: the node did not tell. */
  readonly value: (sample: Sample, stepSeconds: number) => number | undefined;
}

type Unit = NamedMetric['unit'];

const gauge = (unit: Unit, name: MeasureName): NamedMetric => ({
  ...{ namespace: ELASTICACHE, unit },
  value: (sample) => valueIn(sample, name),
});

/** What happened in the step: the sum of several counters. */
const growth = (unit: Unit, ...names: readonly MeasureName[]): NamedMetric => ({
  ...{ namespace: ELASTICACHE, unit },
  value: (sample, seconds) => {
    const values = names.map((name) => valueIn(sample, name));
    if (values.includes(undefined)) return undefined;
    return values.reduce<number>((sum, value) => sum + value! * seconds, 0);
  },
});

const difference =
  (of: MeasureName, without: MeasureName): NamedMetric['value'] =>
  (sample) => {
    const [all, part] = [valueIn(sample, of), valueIn(sample, without)];
    return all === undefined || part === undefined ? undefined : Math.max(0, all - part);
  };

const percent =
  (part: MeasureName, of: MeasureName): NamedMetric['value'] =>
  (sample) => {
    const [some, all] = [valueIn(sample, part), valueIn(sample, of)];
    return some === undefined || !all ? undefined : Math.min(100, (100 * some) / all);
  };

const own = (unit: Unit, value: NamedMetric['value']): NamedMetric => ({
  ...{ namespace: SLABRING, unit, value },
});

const getMisses = difference('gets', 'getHits');

/** Source of the names and units: ElastiCache's user guide, Metrics for Memcached. */
const NAMED_METRICS = {
  BytesReadIntoMemcached: growth('Bytes', 'readBytes'),
  BytesUsedForCacheItems: gauge('Bytes', 'usedBytes'),
  BytesWrittenOutFromMemcached: growth('Bytes', 'writtenBytes'),
  CPUUtilization: {
    ...{ namespace: ELASTICACHE, unit: 'Percent' },
    value: percent('cpu', 'threads'),
  },
  CasBadval: growth('Count', 'casBadval'),
  CasHits: growth('Count', 'casHits'),
  CasMisses: growth('Count', 'casMisses'),
  CmdFlush: growth('Count', 'flushes'),
  // The guide writes both.
  CmdGet: growth('Count', 'gets'),
  CmdGets: growth('Count', 'gets'),
  CmdSet: growth('Count', 'sets', 'casHits', 'casMisses', 'casBadval'),
  CmdTouch: growth('Count', 'touchHits', 'touchMisses'),
  CurrConnections: gauge('Count', 'connections'),
  CurrItems: gauge('Count', 'items'),
  DecrHits: growth('Count', 'decrHits'),
  DecrMisses: growth('Count', 'decrMisses'),
  DeleteHits: growth('Count', 'deleteHits'),
  DeleteMisses: growth('Count', 'deleteMisses'),
  EvictedUnfetched: growth('Count', 'evictedUnfetched'),
  Evictions: growth('Count', 'evictions'),
  ExpiredUnfetched: growth('Count', 'expiredUnfetched'),
  GetHits: growth('Count', 'getHits'),
  GetMisses: {
    ...{ namespace: ELASTICACHE, unit: 'Count' },
    value: (sample, seconds) => {
      const value = getMisses(sample, seconds);
      return value === undefined ? undefined : value * seconds;
    },
  },
  IncrHits: growth('Count', 'incrHits'),
  IncrMisses: growth('Count', 'incrMisses'),
  NetworkBytesIn: growth('Bytes', 'readBytes'),
  NetworkBytesOut: growth('Bytes', 'writtenBytes'),
  NewConnections: growth('Count', 'newConnections'),
  NewItems: growth('Count', 'newItems'),
  Reclaimed: growth('Count', 'reclaimed'),
  TouchHits: growth('Count', 'touchHits'),
  TouchMisses: growth('Count', 'touchMisses'),
  UnusedMemory: {
    ...{ namespace: ELASTICACHE, unit: 'Bytes' },
    value: difference('limitBytes', 'usedBytes'),
  },
  LatencyP50: own('Seconds', (sample) => valueIn(sample, 'p50Seconds')),
  LatencyP99: own('Seconds', (sample) => valueIn(sample, 'p99Seconds')),
  MemoryUsagePercentage: own('Percent', percent('usedBytes', 'limitBytes')),
  /** Misses that more memory would have saved. */
  PredictedMisses: own('Count', growth('Count', 'ghostHits').value),
} as const satisfies Readonly<Record<string, NamedMetric>>;

/** In their order. */
export const METRIC_LIST = Object.entries<NamedMetric>(NAMED_METRICS).sort(([a], [b]) =>
  a < b ? -1 : 1,
);

/** Undefined: there is no such metric. */
export function namedMetric(namespace: string, name: string): NamedMetric | undefined {
  const all: Readonly<Record<string, NamedMetric>> = NAMED_METRICS;
  const metric = Object.hasOwn(all, name) ? all[name] : undefined;
  return metric?.namespace === namespace ? metric : undefined;
}
