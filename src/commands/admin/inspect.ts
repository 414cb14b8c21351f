import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type {
  ClassCounterName,
  StoreView,
  ThreadCounterName,
  TotalName,
} from '../../store/index.ts';
import type { NodeControl } from './node-control.ts';

/** Writes one row of statistics. */
export type WriteStat = (name: string, value: string | number) => void;

/** Counters of each size class, in memcached's order. */
const CLASS_COUNTERS: readonly ClassCounterName[] = [
  'cmd_set',
  'delete_hits',
  'incr_hits',
  'decr_hits',
  'cas_hits',
  'cas_badval',
  'touch_hits',
];

/** Writes `stats`: rows of the node, the commands and the items, in memcached's order. */
export function writeGeneralStats(view: StoreView, node: NodeControl, put: WriteStat): void {
  const writeThreadCounter = (name: ThreadCounterName): void => put(name, view.counter(name));
  const writeClassCounter = (name: ClassCounterName): void => put(name, view.classCounter(name));
  writeNodeStats(view, node, put);
  put('cmd_get', view.counter('get_cmds'));
  writeClassCounter('cmd_set');
  put('cmd_flush', view.counter('flush_cmds'));
  put('cmd_touch', view.counter('touch_cmds'));
  put('cmd_meta', view.counter('meta_cmds'));
  put('cmd_config_get', view.counter('config_get_cmds'));
  put('cmd_config_set', view.counter('config_set_cmds'));
  put('get_hits', view.hits());
  writeThreadCounter('get_misses');
  writeThreadCounter('get_expired');
  writeThreadCounter('get_flushed');
  writeThreadCounter('delete_misses');
  writeClassCounter('delete_hits');
  writeThreadCounter('incr_misses');
  writeClassCounter('incr_hits');
  writeThreadCounter('decr_misses');
  writeClassCounter('decr_hits');
  writeThreadCounter('cas_misses');
  writeClassCounter('cas_hits');
  writeClassCounter('cas_badval');
  writeClassCounter('touch_hits');
  writeThreadCounter('touch_misses');
  writeThreadCounter('store_too_large');
  writeThreadCounter('store_no_memory');
  writeThreadCounter('auth_cmds');
  writeThreadCounter('auth_errors');
  writeThreadCounter('bytes_read');
  writeThreadCounter('bytes_written');
  put('limit_maxbytes', view.memoryLimitBytes());
  put('accepting_conns', node.health().state === 'serving' ? 1 : 0);
  put('listen_disabled_num', 0);
  put('time_in_listen_disabled_us', 0);
  put('threads', node.facts.threads);
  writeThreadCounter('conn_yields');
  writeIndexStats(view, put);
  writeItemTotals(view, node, put);
  // Not in memcached; `version` is that of the protocol.
  put('slabring_version', node.facts.packageVersion);
  put('slabring_fast_path', node.facts.fastPath);
  put('rss_bytes', process.memoryUsage.rss());
}

function writeNodeStats(view: StoreView, node: NodeControl, put: WriteStat): void {
  const usage = process.resourceUsage();
  const { facts } = node;
  const health = node.health();
  put('pid', facts.pid);
  put('uptime', health.uptimeSeconds);
  put('time', health.timeSeconds);
  put('version', facts.version);
  put('libevent', `libuv-${process.versions.uv}`);
  put('pointer_size', 64);
  put('rusage_user', (usage.userCPUTime / 1e6).toFixed(6));
  put('rusage_system', (usage.systemCPUTime / 1e6).toFixed(6));
  put('max_connections', facts.maxConnections);
  put('curr_connections', health.currentConnections);
  put('total_connections', view.counter('total_connections'));
  put('rejected_connections', view.counter('rejected_connections'));
  put('connection_structures', health.peakConnections);
  // Each thread reads into one buffer and writes replies into another; there are no reply objects.
  writeZeros(put, ['response_obj_oom', 'response_obj_count', 'response_obj_bytes']);
  put('read_buf_count', facts.threads);
  put('read_buf_bytes', facts.threads * facts.readBufferBytes);
  put('read_buf_bytes_free', facts.threads * facts.readBufferBytes);
  writeZeros(put, ['read_buf_oom', 'reserved_fds']);
}

/** Writes 0 for what slabring does not count, because programs look for memcached's names. */
function writeZeros(put: WriteStat, names: readonly string[]): void {
  for (const name of names) put(name, 0);
}

/** The totals of the crawler and the LRU maintainer in one size class. */
const MAINTENANCE_TOTALS: readonly (readonly [string, TotalName])[] = [
  ['crawler_reclaimed', 'crawlerReclaimed'],
  ['crawler_items_checked', 'crawlerItemsChecked'],
  ['lrutail_reflocked', 'lrutailReflocked'],
  ['moves_to_cold', 'movesToCold'],
  ['moves_to_warm', 'movesToWarm'],
  ['moves_within_lru', 'movesWithinLru'],
];
const HITS_BY_SEGMENT = ['hits_to_hot', 'hits_to_warm', 'hits_to_cold', 'hits_to_temp'] as const;

function writeIndexStats(view: StoreView, put: WriteStat): void {
  const buckets = view.bucketCount();
  put('hash_power_level', Math.floor(Math.log2(buckets)));
  put('hash_bytes', buckets * 4);
  put('hash_is_expanding', Number.isInteger(Math.log2(buckets)) ? 0 : 1);
}

/** Writes the counters of the page mover, the crawler and the LRU maintainer. */
function writeMaintenanceStats(view: StoreView, put: WriteStat): void {
  const writeThreadCounter = (name: ThreadCounterName): void => put(name, view.counter(name));
  writeThreadCounter('slab_reassign_rescues');
  writeThreadCounter('slab_reassign_chunk_rescues');
  writeThreadCounter('slab_reassign_evictions_nomem');
  writeZeros(put, ['slab_reassign_inline_reclaim']);
  writeThreadCounter('slab_reassign_busy_items');
  writeZeros(put, ['slab_reassign_busy_deletes']);
  put('slab_reassign_running', view.isMovingPage() ? 1 : 0);
  writeThreadCounter('slabs_moved');
  put('lru_crawler_running', view.isCrawling() ? 1 : 0);
  writeThreadCounter('lru_crawler_starts');
  writeThreadCounter('lru_maintainer_juggles');
}

function writeItemTotals(view: StoreView, node: NodeControl, put: WriteStat): void {
  writeMaintenanceStats(view, put);
  writeZeros(put, ['malloc_fails', 'log_worker_dropped']);
  const { written, gaps, sent, watchers } = node.eventCounts();
  put('log_worker_written', written);
  put('log_watcher_skipped', gaps);
  put('log_watcher_sent', sent);
  put('log_watchers', watchers);
  const { certificateSeconds } = node.health();
  if (certificateSeconds !== undefined) {
    put('ssl_new_sessions', view.counter('ssl_new_sessions'));
    put('ssl_handshake_errors', view.counter('ssl_handshake_errors'));
    put('ssl_proto_errors', view.counter('ssl_proto_errors'));
    put('ssl_handshakes_refused', view.counter('ssl_handshakes_refused'));
    put('time_since_server_cert_refresh', certificateSeconds);
  }
  writeZeros(put, ['unexpected_napi_ids', 'round_robin_fallback']);
  put('bytes', view.total('memRequested'));
  put('curr_items', view.itemCount());
  put('curr_config', node.config.count());
  put('total_items', view.classCounter('total_items'));
  put('slab_global_page_pool', view.freePageCount());
  put('expired_unfetched', view.total('expiredUnfetched'));
  put('evicted_unfetched', view.total('evictedUnfetched'));
  put('evicted_active', view.total('evictedActive'));
  put('evictions', view.total('evicted'));
  put('reclaimed', view.total('reclaimed'));
  for (const [name, total] of MAINTENANCE_TOTALS) put(name, view.total(total));
  put('direct_reclaims', view.total('directReclaims'));
  put('lru_bumps_dropped', 0);
  writeOwnStats(view, node, put);
}

/** The counters that memcached lacks, or shows only with some options. */
const OWN_COUNTERS = [
  'log_lines_dropped',
  'idle_kicks',
  'login_timeouts',
  'conn_memory_pauses',
  'conn_memory_kicks',
] as const;

/** Writes the rows that memcached lacks. */
function writeOwnStats(view: StoreView, node: NodeControl, put: WriteStat): void {
  put('conn_memory_bytes', node.health().connMemoryBytes);
  put('conn_memory_limit_bytes', node.facts.maxConnMemoryBytes);
  for (const name of OWN_COUNTERS) put(name, view.counter(name));
}

/** Writes `stats items`: the size classes that hold items. */
export function writeItemStats(view: StoreView, put: WriteStat): void {
  for (const sizeClass of classIds(view)) {
    const lists = view.listsOf(sizeClass);
    if (lists.items === 0) continue;
    const row = (name: string, value: number): void => put(`items:${sizeClass}:${name}`, value);
    const writeTotal = (name: string, total: TotalName): void =>
      row(name, view.total(total, sizeClass));
    row('number', lists.items);
    row('number_hot', lists.hot);
    row('number_warm', lists.warm);
    row('number_cold', lists.cold);
    if (view.hasTempList()) row('number_temp', lists.temp);
    row('age_hot', lists.hotAge);
    row('age_warm', lists.warmAge);
    row('age', lists.coldAge);
    writeTotal('mem_requested', 'memRequested');
    writeTotal('evicted', 'evicted');
    writeTotal('evicted_nonzero', 'evictedNonzero');
    writeTotal('evicted_time', 'evictedTime');
    writeTotal('outofmemory', 'outOfMemory');
    row('tailrepairs', 0);
    writeTotal('reclaimed', 'reclaimed');
    writeTotal('expired_unfetched', 'expiredUnfetched');
    writeTotal('evicted_unfetched', 'evictedUnfetched');
    writeTotal('evicted_active', 'evictedActive');
    for (const [name, total] of MAINTENANCE_TOTALS) writeTotal(name, total);
    writeTotal('direct_reclaims', 'directReclaims');
    for (const name of HITS_BY_SEGMENT) row(name, view.classCounter(name, sizeClass));
  }
}

/** Writes `stats slabs`: the size classes that have pages. */
export function writeSlabStats(view: StoreView, put: WriteStat): void {
  let active = 0;
  for (const sizeClass of classIds(view)) {
    const { chunkBytes, chunksPerPage, pages, freeChunks } = view.memoryOf(sizeClass);
    if (pages === 0) continue;
    active++;
    const row = (name: string, value: number): void => put(`${sizeClass}:${name}`, value);
    row('chunk_size', chunkBytes);
    row('chunks_per_page', chunksPerPage);
    row('total_pages', pages);
    row('total_chunks', pages * chunksPerPage);
    row('used_chunks', pages * chunksPerPage - freeChunks);
    row('free_chunks', freeChunks);
    row('free_chunks_end', 0);
    row('get_hits', view.hits(sizeClass));
    for (const name of CLASS_COUNTERS) row(name, view.classCounter(name, sizeClass));
  }
  put('active_slabs', active);
  put('total_malloced', view.usedBytes());
}

/** Writes rows of statistics in the dialect of the request. */
export function statWriter(request: Request, reply: ReplyWriter): WriteStat {
  return (name, value) => reply.stat(request, name, String(value));
}

function* classIds(view: StoreView): Generator<number> {
  for (let id = 1; id < view.classIdsEnd; id++) yield id;
}
