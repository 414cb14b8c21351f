import { CLUSTER_METRICS } from './cluster-metrics.ts';
import { LATENCY_METRICS } from './latency-metrics.ts';
import { MEMCACHED_METRICS } from './memcached-metrics.ts';
import type { Metric } from './metric.ts';
import { SLAB_METRICS } from './slab-metrics.ts';
import { SLABRING_METRICS } from './slabring-metrics.ts';

/** Every metric of a node: the one table from which /metrics, /stats.json and the page come. */
export const METRICS: readonly Metric[] = [
  ...MEMCACHED_METRICS,
  ...SLAB_METRICS,
  ...SLABRING_METRICS,
  ...LATENCY_METRICS,
  ...CLUSTER_METRICS,
];
