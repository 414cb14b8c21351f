/** The numbers of `stats`, each declared once: the command and the metrics of `ops` read them. */
import type { ClassCounterName, StoreView, ThreadCounterName } from '../../store/index.ts';
import type { EventCounts, NodeControl, NodeFacts, NodeHealth } from './node-control.ts';

/** What the numbers of one reading come from. */
export interface NodeSample {
  readonly view: StoreView;
  readonly facts: NodeFacts;
  readonly health: NodeHealth;
  readonly events: EventCounts;
  readonly configEntries: number;
  /** The CPU time of the process, in microseconds. */
  readonly usage: Pick<NodeJS.ResourceUsage, 'userCPUTime' | 'systemCPUTime'>;
}

/** Reads a number; undefined if this node does not have it. */
type ReadStat = (sample: NodeSample) => string | number | undefined;
type Stats<Name extends string> = Readonly<Record<Name, ReadStat>>;

export function sampleNode(view: StoreView, node: NodeControl): NodeSample {
  return {
    view,
    facts: node.facts,
    health: node.health(),
    events: node.eventCounts(),
    configEntries: node.config.count(),
    usage: process.resourceUsage(),
  };
}

const each = <Name extends string>(
  names: readonly Name[],
  read: (sample: NodeSample, name: Name) => string | number | undefined,
): Stats<Name> =>
  Object.fromEntries(
    names.map((name): [Name, ReadStat] => [name, (sample) => read(sample, name)]),
  ) as Stats<Name>;

/** Counters of threads and of size classes that `stats` shows under their own names. */
const counters = <Name extends ThreadCounterName>(...names: readonly Name[]) =>
  each(names, ({ view }, name) => view.counter(name));
const classCounters = <Name extends ClassCounterName>(...names: readonly Name[]) =>
  each(names, ({ view }, name) => view.classCounter(name));
/** What slabring does not count; programs look for memcached's names. */
const zeros = <Name extends string>(...names: readonly Name[]) => each(names, () => 0);
/** Counters of a node with TLS. */
const tlsCounters = <Name extends ThreadCounterName>(...names: readonly Name[]) =>
  each(names, ({ view, health }, name) =>
    health.certificateSeconds === undefined ? undefined : view.counter(name),
  );

const seconds = (microseconds: number): string => (microseconds / 1e6).toFixed(6);
const isPowerOf2 = (count: number): boolean => Number.isInteger(Math.log2(count));

const NODE_STATS = {
  pid: ({ facts }) => facts.pid,
  uptime: ({ health }) => health.uptimeSeconds,
  time: ({ health }) => health.timeSeconds,
  version: ({ facts }) => facts.version,
  libevent: () => `libuv-${process.versions.uv}`,
  pointer_size: () => 64,
  rusage_user: ({ usage }) => seconds(usage.userCPUTime),
  rusage_system: ({ usage }) => seconds(usage.systemCPUTime),
  max_connections: ({ facts }) => facts.maxConnections,
  curr_connections: ({ health }) => health.currentConnections,
  ...counters('total_connections', 'rejected_connections'),
  connection_structures: ({ health }) => health.peakConnections,
  // Each thread reads into one buffer and writes replies into another; there are no reply objects.
  ...zeros('response_obj_oom', 'response_obj_count', 'response_obj_bytes'),
  read_buf_count: ({ facts }) => facts.threads,
  read_buf_bytes: ({ facts }) => facts.threads * facts.readBufferBytes,
  read_buf_bytes_free: ({ facts }) => facts.threads * facts.readBufferBytes,
  ...zeros('read_buf_oom', 'reserved_fds'),
} as const satisfies Stats<string>;

const COMMAND_STATS = {
  cmd_get: ({ view }) => view.counter('get_cmds'),
  ...classCounters('cmd_set'),
  cmd_flush: ({ view }) => view.counter('flush_cmds'),
  cmd_touch: ({ view }) => view.counter('touch_cmds'),
  cmd_meta: ({ view }) => view.counter('meta_cmds'),
  cmd_config_get: ({ view }) => view.counter('config_get_cmds'),
  cmd_config_set: ({ view }) => view.counter('config_set_cmds'),
  get_hits: ({ view }) => view.hits(),
  ...counters('get_misses', 'get_expired', 'get_flushed', 'delete_misses'),
  ...classCounters('delete_hits'),
  ...counters('incr_misses'),
  ...classCounters('incr_hits'),
  ...counters('decr_misses'),
  ...classCounters('decr_hits'),
  ...counters('cas_misses'),
  ...classCounters('cas_hits', 'cas_badval', 'touch_hits'),
  ...counters('touch_misses', 'store_too_large', 'store_no_memory', 'auth_cmds', 'auth_errors'),
  ...counters('bytes_read', 'bytes_written'),
  limit_maxbytes: ({ view }) => view.memoryLimitBytes(),
  accepting_conns: ({ health }) => (health.state === 'serving' ? 1 : 0),
  ...zeros('listen_disabled_num', 'time_in_listen_disabled_us'),
  threads: ({ facts }) => facts.threads,
  ...counters('conn_yields'),
} as const satisfies Stats<string>;

/** The index, the page mover, the crawler, the LRU maintainer and the log of events. */
const MAINTENANCE_STATS = {
  hash_power_level: ({ view }) => Math.floor(Math.log2(view.bucketCount())),
  hash_bytes: ({ view }) => view.bucketCount() * 4,
  hash_is_expanding: ({ view }) => (isPowerOf2(view.bucketCount()) ? 0 : 1),
  ...counters('slab_reassign_rescues', 'slab_reassign_chunk_rescues'),
  ...counters('slab_reassign_evictions_nomem'),
  ...zeros('slab_reassign_inline_reclaim'),
  ...counters('slab_reassign_busy_items'),
  ...zeros('slab_reassign_busy_deletes'),
  slab_reassign_running: ({ view }) => (view.isMovingPage() ? 1 : 0),
  ...counters('slabs_moved'),
  lru_crawler_running: ({ view }) => (view.isCrawling() ? 1 : 0),
  ...counters('lru_crawler_starts', 'lru_maintainer_juggles'),
  ...zeros('malloc_fails', 'log_worker_dropped'),
  log_worker_written: ({ events }) => events.written,
  log_watcher_skipped: ({ events }) => events.gaps,
  log_watcher_sent: ({ events }) => events.sent,
  log_watchers: ({ events }) => events.watchers,
  ...tlsCounters('ssl_new_sessions', 'ssl_handshake_errors', 'ssl_proto_errors'),
  ...tlsCounters('ssl_handshakes_refused'),
  time_since_server_cert_refresh: ({ health }) => health.certificateSeconds,
  server_cert_expires_at: ({ health }) => health.certificateExpiresAt,
  ...zeros('unexpected_napi_ids', 'round_robin_fallback'),
} as const satisfies Stats<string>;

const ITEM_TOTALS = {
  bytes: ({ view }) => view.total('memRequested'),
  curr_items: ({ view }) => view.itemCount(),
  curr_config: ({ configEntries }) => configEntries,
  ...classCounters('total_items'),
  slab_global_page_pool: ({ view }) => view.freePageCount(),
  expired_unfetched: ({ view }) => view.total('expiredUnfetched'),
  evicted_unfetched: ({ view }) => view.total('evictedUnfetched'),
  evicted_active: ({ view }) => view.total('evictedActive'),
  evictions: ({ view }) => view.total('evicted'),
  reclaimed: ({ view }) => view.total('reclaimed'),
  crawler_reclaimed: ({ view }) => view.total('crawlerReclaimed'),
  crawler_items_checked: ({ view }) => view.total('crawlerItemsChecked'),
  lrutail_reflocked: ({ view }) => view.total('lrutailReflocked'),
  moves_to_cold: ({ view }) => view.total('movesToCold'),
  moves_to_warm: ({ view }) => view.total('movesToWarm'),
  moves_within_lru: ({ view }) => view.total('movesWithinLru'),
  direct_reclaims: ({ view }) => view.total('directReclaims'),
  ...zeros('lru_bumps_dropped'),
} as const satisfies Stats<string>;

/** What memcached lacks, or shows only with some options; `version` is that of the protocol. */
const OWN_STATS = {
  conn_memory_bytes: ({ health }) => health.connMemoryBytes,
  conn_memory_limit_bytes: ({ facts }) => facts.maxConnMemoryBytes,
  ...counters('log_lines_dropped', 'idle_kicks', 'login_timeouts'),
  ...counters('conn_memory_pauses', 'conn_memory_kicks', 'slow_requests'),
  snapshots_written: ({ health }) => health.snapshots?.written,
  snapshots_failed: ({ health }) => health.snapshots?.failed,
  snapshot_written_at: ({ health }) => health.snapshots?.writtenAt,
  slabring_version: ({ facts }) => facts.packageVersion,
  slabring_fast_path: ({ facts }) => facts.fastPath,
  rss_bytes: () => process.memoryUsage.rss(),
} as const satisfies Stats<string>;

/** Every number of `stats`, in memcached's order. */
export const GENERAL_STATS = {
  ...NODE_STATS,
  ...COMMAND_STATS,
  ...MAINTENANCE_STATS,
  ...ITEM_TOTALS,
  ...OWN_STATS,
} as const satisfies Stats<string>;

export type GeneralStat = keyof typeof GENERAL_STATS;

/** The value of a number, as `stats` shows it. */
export function readStat(sample: NodeSample, name: GeneralStat): string | number | undefined {
  return GENERAL_STATS[name](sample);
}
