/** The metrics of size classes that prometheus/memcached_exporter has, and those beyond it. */
import { labelled, type Metric, type Point } from './metric.ts';
import type { ClassReading, MetricSample } from './sample.ts';

type ClassStat = keyof ClassReading['stats'];

/** A number of each size class that has it. */
const ofClass = (kind: 'counter' | 'gauge', name: string, help: string, stat: ClassStat): Metric =>
  labelled(kind, name, help, ['slab'], ({ classes }) =>
    classes.flatMap(({ id, stats }): readonly Point[] => {
      const value = stats[stat];
      return value === undefined ? [] : [{ labels: [id], value }];
    }),
  );

const gauge = (name: string, stat: ClassStat, help: string): Metric =>
  ofClass('gauge', name, help, stat);
const counter = (name: string, stat: ClassStat, help: string): Metric =>
  ofClass('counter', name, help, stat);

const LISTS = { hot: 'hits_to_hot', warm: 'hits_to_warm', cold: 'hits_to_cold' } as const;

function lruHits({ classes }: MetricSample): readonly Point[] {
  return classes.flatMap(({ id, stats }) => [
    ...Object.entries(LISTS).map(([list, name]) => ({
      labels: [id, list],
      value: stats[name] ?? 0,
    })),
    { labels: [id, 'temporary'], value: stats.hits_to_temp ?? 0 },
  ]);
}

const HITS = {
  get: 'get_hits',
  delete: 'delete_hits',
  incr: 'incr_hits',
  decr: 'decr_hits',
  cas: 'cas_hits',
  touch: 'touch_hits',
} as const;

function commands({ classes }: MetricSample): readonly Point[] {
  return classes.flatMap(({ id, stats }) => {
    const cas = (stats.cas_hits ?? 0) + (stats.cas_badval ?? 0);
    return [
      ...Object.entries(HITS).map(([command, name]) => ({
        labels: [id, command, 'hit'],
        value: stats[name] ?? 0,
      })),
      { labels: [id, 'cas', 'badval'], value: stats.cas_badval ?? 0 },
      // `cmd_set` counts the requests of `cas` too.
      { labels: [id, 'set', 'hit'], value: Math.max(0, (stats.cmd_set ?? 0) - cas) },
    ];
  });
}

const LIST_METRICS: readonly Metric[] = [
  gauge('memcached_slab_current_items', 'number', 'Items of the size class.'),
  gauge(
    'memcached_slab_items_age_seconds',
    'age',
    'Time since the last use of the oldest item in COLD.',
  ),
  gauge('memcached_slab_hot_items', 'number_hot', 'Items in HOT.'),
  gauge('memcached_slab_warm_items', 'number_warm', 'Items in WARM.'),
  gauge('memcached_slab_cold_items', 'number_cold', 'Items in COLD.'),
  gauge('memcached_slab_temporary_items', 'number_temp', 'Items in TEMP, with temporary_ttl.'),
  gauge(
    'memcached_slab_hot_age_seconds',
    'age_hot',
    'Time since the last use of the oldest item in HOT.',
  ),
  gauge(
    'memcached_slab_warm_age_seconds',
    'age_warm',
    'Time since the last use of the oldest item in WARM.',
  ),
  labelled(
    'counter',
    'memcached_slab_lru_hits_total',
    'Gets that found an item in this list.',
    ['slab', 'lru'],
    lruHits,
  ),
];

const REMOVAL_METRICS: readonly Metric[] = [
  counter(
    'memcached_slab_items_crawler_reclaimed_total',
    'crawler_reclaimed',
    'Items that the crawler freed.',
  ),
  counter('memcached_slab_items_evicted_total', 'evicted', 'Items that the node evicted.'),
  counter(
    'memcached_slab_items_evicted_nonzero_total',
    'evicted_nonzero',
    'Evicted items that had a time to live.',
  ),
  gauge(
    'memcached_slab_items_evicted_time_seconds',
    'evicted_time',
    'Time since the last use of the item that was evicted last.',
  ),
  counter(
    'memcached_slab_items_evicted_unfetched_total',
    'evicted_unfetched',
    'Evicted items that no client had read.',
  ),
  counter(
    'memcached_slab_items_expired_unfetched_total',
    'expired_unfetched',
    'Expired items that no client had read.',
  ),
  counter(
    'memcached_slab_items_outofmemory_total',
    'outofmemory',
    'Items refused for lack of memory.',
  ),
  counter(
    'memcached_slab_items_reclaimed_total',
    'reclaimed',
    'Expired items whose memory a new item took.',
  ),
  counter(
    'memcached_slab_items_tailrepairs_total',
    'tailrepairs',
    'Always 0: slabring needs no repair.',
  ),
  // The exporter gives these three no `_total`; under OpenMetrics a counter would get it.
  gauge(
    'memcached_slab_items_moves_to_cold',
    'moves_to_cold',
    'Items moved to COLD, since the start.',
  ),
  gauge(
    'memcached_slab_items_moves_to_warm',
    'moves_to_warm',
    'Items moved to WARM, since the start.',
  ),
  gauge(
    'memcached_slab_items_moves_within_lru',
    'moves_within_lru',
    'Items moved to the head of their list, since the start.',
  ),
];

const PAGE_METRICS: readonly Metric[] = [
  gauge('memcached_slab_chunk_size_bytes', 'chunk_size', 'Size of a chunk.'),
  gauge('memcached_slab_chunks_per_page', 'chunks_per_page', 'Chunks of a page.'),
  gauge('memcached_slab_current_pages', 'total_pages', 'Pages of the size class.'),
  gauge('memcached_slab_current_chunks', 'total_chunks', 'Chunks of the size class.'),
  gauge('memcached_slab_chunks_used', 'used_chunks', 'Chunks that hold items.'),
  gauge('memcached_slab_chunks_free', 'free_chunks', 'Chunks that hold none.'),
  gauge('memcached_slab_chunks_free_end', 'free_chunks_end', 'Always 0.'),
  gauge('memcached_slab_mem_requested_bytes', 'mem_requested', 'Bytes of the items.'),
  labelled(
    'counter',
    'memcached_slab_commands_total',
    'Requests by command and result that found or stored an item of the size class.',
    ['slab', 'command', 'status'],
    commands,
  ),
];

/** What memcached does not count. */
const GHOST_METRICS: readonly Metric[] = [
  counter(
    'slabring_slab_ghost_hits_total',
    'ghost_hits',
    'Items that clients stored again soon after their eviction: misses that memory would save.',
  ),
  counter(
    'slabring_slab_page_hits_total',
    'page_hits',
    'Those of them that one more page of 1 MiB would have kept.',
  ),
  counter(
    'slabring_slab_items_evicted_active_total',
    'evicted_active',
    'Evicted items that clients had read more than once.',
  ),
];

export const SLAB_METRICS: readonly Metric[] = [
  ...LIST_METRICS,
  ...REMOVAL_METRICS,
  ...PAGE_METRICS,
  ...GHOST_METRICS,
];
