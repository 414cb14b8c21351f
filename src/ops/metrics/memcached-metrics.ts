/** The metrics that prometheus/memcached_exporter has: same names, labels and units. */
import type { TunableName } from '../../store/index.ts';
import { counter, gauge, labelled, type Metric, type Point } from './metric.ts';
import { type MetricSample, stat, statNumber } from './sample.ts';

const tunable =
  (name: TunableName) =>
  ({ control }: MetricSample): number =>
    control.tunable(name);

/** The commands with hits and misses, as memcached counts them. */
const LOOKUPS = ['get', 'delete', 'incr', 'decr', 'cas', 'touch'] as const;

function commands(sample: MetricSample): readonly Point[] {
  const lookups = LOOKUPS.flatMap((command) => [
    { labels: [command, 'hit'], value: statNumber(sample, `${command}_hits`) },
    { labels: [command, 'miss'], value: statNumber(sample, `${command}_misses`) },
  ]);
  // `cmd_set` counts the requests of `cas` too.
  const cas = (['cas_hits', 'cas_misses', 'cas_badval'] as const).map((name) =>
    statNumber(sample, name),
  );
  const sets = cas.reduce((rest, count) => rest - count, statNumber(sample, 'cmd_set'));
  return [
    ...lookups,
    { labels: ['cas', 'badval'], value: statNumber(sample, 'cas_badval') },
    { labels: ['set', 'hit'], value: Math.max(0, sets) },
    { labels: ['flush', 'hit'], value: statNumber(sample, 'cmd_flush') },
  ];
}

const NODE_METRICS: readonly Metric[] = [
  gauge('memcached_up', 'Whether the node answers: always 1.', () => 1),
  gauge('memcached_uptime_seconds', 'Time since the node started.', stat('uptime')),
  gauge('memcached_time_seconds', 'The Unix time of the node.', stat('time')),
  labelled(
    'gauge',
    'memcached_version',
    'The version of memcached whose protocol the node speaks; always 1.',
    ['version'],
    ({ node }) => [{ labels: [node.facts.version], value: 1 }],
  ),
  counter(
    'memcached_process_user_cpu_seconds_total',
    'CPU time of the process in user mode.',
    stat('rusage_user'),
  ),
  counter(
    'memcached_process_system_cpu_seconds_total',
    'CPU time of the process in the kernel.',
    stat('rusage_system'),
  ),
  counter('memcached_read_bytes_total', 'Bytes of requests.', stat('bytes_read')),
  counter('memcached_written_bytes_total', 'Bytes of replies.', stat('bytes_written')),
];

const CONNECTION_METRICS: readonly Metric[] = [
  gauge('memcached_current_connections', 'Open connections.', stat('curr_connections')),
  gauge(
    'memcached_max_connections',
    'Connections that the node allows (-c).',
    stat('max_connections'),
  ),
  counter(
    'memcached_connections_total',
    'Connections that the node accepted.',
    stat('total_connections'),
  ),
  counter(
    'memcached_connections_rejected_total',
    'Connections that the node refused because it had its maximum (-c).',
    stat('rejected_connections'),
  ),
  counter(
    'memcached_connections_yielded_total',
    'Turns that ended at the limit of requests (-R).',
    stat('conn_yields'),
  ),
  counter(
    'memcached_connections_listener_disabled_total',
    'Always 0: the node refuses connections and keeps listening.',
    stat('listen_disabled_num'),
  ),
  gauge(
    'memcached_accepting_connections',
    'Whether the node accepts connections.',
    stat('accepting_conns'),
  ),
  labelled(
    'counter',
    'memcached_commands_total',
    'Requests by command and result. A get counts once for each key.',
    ['command', 'status'],
    commands,
  ),
];

const ITEM_METRICS: readonly Metric[] = [
  gauge('memcached_current_bytes', 'Bytes of the items: keys, values and headers.', stat('bytes')),
  gauge('memcached_limit_bytes', 'Memory for items (-m).', stat('limit_maxbytes')),
  gauge('memcached_current_items', 'Items in the node.', stat('curr_items')),
  counter('memcached_items_total', 'Items that were stored.', stat('total_items')),
  counter('memcached_items_evicted_total', 'Items that the node evicted.', stat('evictions')),
  counter(
    'memcached_items_reclaimed_total',
    'Expired items whose memory a new item took.',
    stat('reclaimed'),
  ),
  counter(
    'memcached_item_too_large_total',
    'Items that the node refused because they exceed -I.',
    stat('store_too_large'),
  ),
  counter(
    'memcached_item_no_memory_total',
    'Items that the node refused for lack of memory.',
    stat('store_no_memory'),
  ),
  counter(
    'memcached_direct_reclaims_total',
    'Evictions that a request itself had to make.',
    stat('direct_reclaims'),
  ),
  gauge('memcached_malloced_bytes', 'Bytes of the pages of all size classes.', ({ node }) =>
    node.view.usedBytes(),
  ),
];

const CRAWLER_METRICS: readonly Metric[] = [
  gauge('memcached_lru_crawler_enabled', 'Whether the crawler runs.', tunable('crawlerEnabled')),
  gauge(
    'memcached_lru_crawler_sleep',
    'Pause of the crawler, in microseconds.',
    tunable('crawlerSleepUs'),
  ),
  gauge(
    'memcached_lru_crawler_to_crawl',
    'Items of a class that a pass checks; 0 is all.',
    tunable('crawlerToCrawl'),
  ),
  gauge(
    'memcached_lru_crawler_maintainer_thread',
    'Whether the maintainer runs.',
    tunable('maintainer'),
  ),
  gauge('memcached_lru_crawler_hot_percent', 'Share of HOT in a class.', tunable('hotPercent')),
  gauge('memcached_lru_crawler_warm_percent', 'Share of WARM in a class.', tunable('warmPercent')),
  gauge(
    'memcached_lru_crawler_hot_max_factor',
    'Age of HOT, as a factor of the age of COLD.',
    tunable('hotMaxFactor'),
  ),
  gauge(
    'memcached_lru_crawler_warm_max_factor',
    'Age of WARM, as a factor of the age of COLD.',
    tunable('warmMaxFactor'),
  ),
  counter(
    'memcached_lru_crawler_starts_total',
    'Passes of the crawler.',
    stat('lru_crawler_starts'),
  ),
  counter(
    'memcached_lru_crawler_reclaimed_total',
    'Items that the crawler freed.',
    stat('crawler_reclaimed'),
  ),
  counter(
    'memcached_lru_crawler_items_checked_total',
    'Items that the crawler checked.',
    stat('crawler_items_checked'),
  ),
  counter(
    'memcached_lru_crawler_moves_to_cold_total',
    'Items moved to COLD.',
    stat('moves_to_cold'),
  ),
  counter(
    'memcached_lru_crawler_moves_to_warm_total',
    'Items moved to WARM.',
    stat('moves_to_warm'),
  ),
  counter(
    'memcached_lru_crawler_moves_within_lru_total',
    'Items moved to the head of their list.',
    stat('moves_within_lru'),
  ),
];

/** In the order of memcached_exporter. */
export const MEMCACHED_METRICS: readonly Metric[] = [
  ...NODE_METRICS,
  ...CONNECTION_METRICS,
  ...ITEM_METRICS,
  ...CRAWLER_METRICS,
];
