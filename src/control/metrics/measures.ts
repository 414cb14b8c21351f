/** What is measured of a node, and how it adds up over nodes and over time; pure. */

/** The labels that a point must have; others may have any value. */
type Labels = Readonly<Record<string, string>>;

export interface Measure {
  /** The metric of the node (docs/metrics.md). */
  readonly metric: string;
  readonly labels: Labels;
  /** `rate`: growth of a counter in a second. `quantile`: of a histogram, in seconds. */
  readonly kind: 'gauge' | 'rate' | 'quantile';
  /** Only of a `quantile`. */
  readonly quantile: number;
  /** How the nodes of a cluster add up. */
  readonly nodes: 'sum' | 'max';
  /** How the samples of a longer step add up. */
  readonly time: 'mean' | 'max';
}

const rate = (metric: string, labels: Labels = {}): Measure => ({
  ...{ metric, labels, kind: 'rate', quantile: 0 },
  ...{ nodes: 'sum', time: 'mean' },
});

const command = (name: string, status: 'hit' | 'miss' | 'badval'): Measure =>
  rate('memcached_commands_total', { command: name, status });

const gauge = (metric: string, labels: Labels = {}, nodes: Measure['nodes'] = 'sum'): Measure => ({
  ...{ metric, labels, kind: 'gauge', quantile: 0, nodes },
  time: 'mean',
});

/** The slowest node counts: the mean of quantiles is none. */
const latency = (quantile: number): Measure => ({
  metric: 'slabring_request_duration_seconds',
  ...{ labels: {}, kind: 'quantile', quantile, nodes: 'max', time: 'max' },
});

/** All numbers that are kept of each node. */
export const MEASURES = {
  gets: rate('memcached_commands_total', { command: 'get' }),
  getHits: rate('memcached_commands_total', { command: 'get', status: 'hit' }),
  sets: rate('memcached_commands_total', { command: 'set' }),
  commands: rate('memcached_commands_total'),
  casHits: command('cas', 'hit'),
  casMisses: command('cas', 'miss'),
  casBadval: command('cas', 'badval'),
  deleteHits: command('delete', 'hit'),
  deleteMisses: command('delete', 'miss'),
  incrHits: command('incr', 'hit'),
  incrMisses: command('incr', 'miss'),
  decrHits: command('decr', 'hit'),
  decrMisses: command('decr', 'miss'),
  touchHits: command('touch', 'hit'),
  touchMisses: command('touch', 'miss'),
  flushes: command('flush', 'hit'),
  newItems: rate('memcached_items_total'),
  evictedUnfetched: rate('slabring_items_evicted_unfetched_total'),
  expiredUnfetched: rate('slabring_items_expired_unfetched_total'),
  evictions: rate('memcached_items_evicted_total'),
  reclaimed: rate('memcached_items_reclaimed_total'),
  /** Misses that more memory would have saved. */
  ghostHits: rate('slabring_slab_ghost_hits_total'),
  /** Those of them that one more page of 1 MiB in their size class would have saved. */
  pageHits: rate('slabring_slab_page_hits_total'),
  readBytes: rate('memcached_read_bytes_total'),
  writtenBytes: rate('memcached_written_bytes_total'),
  newConnections: rate('memcached_connections_total'),
  /** 1 is a whole core. */
  cpu: rate('process_cpu_seconds_total'),
  items: gauge('memcached_current_items'),
  usedBytes: gauge('memcached_current_bytes'),
  limitBytes: gauge('memcached_limit_bytes'),
  residentBytes: gauge('process_resident_memory_bytes'),
  connections: gauge('memcached_current_connections'),
  threads: gauge('slabring_threads'),
  /** Only of the proxy of a serverless cache, as the next one. */
  ecpu: rate('slabring_cluster_ecpu_total'),
  throttled: rate('slabring_cluster_throttled_waits_total'),
  keysMoved: gauge('slabring_cluster_keys_moved'),
  keysLeft: gauge('slabring_cluster_keys_left'),
  moveSeconds: gauge('slabring_cluster_move_seconds', {}, 'max'),
  p50Seconds: latency(0.5),
  p99Seconds: latency(0.99),
} as const satisfies Readonly<Record<string, Measure>>;

export type MeasureName = keyof typeof MEASURES;

export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[];

/** The place of each measure in a sample. */
export const MEASURE_AT = Object.fromEntries(
  MEASURE_NAMES.map((name, at) => [name, at]),
) as Readonly<Record<MeasureName, number>>;
