import type { ByteSink } from '../../base/index.ts';
import type { ReplyWriter, Request } from '../../protocol/index.ts';
import {
  type ClassCounterName,
  type ItemId,
  NO_ITEM,
  SEGMENT,
  type Store,
  type ThreadCounterName,
  TOTAL,
} from '../../store/index.ts';
import type { NodeControl } from './node-control.ts';

/** Writes one row of statistics. */
type WriteStat = (name: string, value: string | number) => void;

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
export function writeGeneralStats(store: Store, node: NodeControl, put: WriteStat): void {
  const { sums } = store;
  const writeThreadCounter = (name: ThreadCounterName): void => put(name, sums.thread(name));
  const writeClassCounter = (name: ClassCounterName): void => put(name, sums.class(name));
  writeNodeStats(store, node, put);
  put('cmd_get', sums.thread('get_cmds'));
  writeClassCounter('cmd_set');
  put('cmd_flush', sums.thread('flush_cmds'));
  put('cmd_touch', sums.thread('touch_cmds'));
  put('cmd_meta', sums.thread('meta_cmds'));
  put('get_hits', sums.hits());
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
  put('limit_maxbytes', store.memoryLimitBytes());
  put('accepting_conns', node.health().state === 'serving' ? 1 : 0);
  put('listen_disabled_num', 0);
  put('time_in_listen_disabled_us', 0);
  put('threads', node.facts.threads);
  writeThreadCounter('conn_yields');
  writeIndexStats(store, put);
  writeItemTotals(store, node, put);
}

function writeNodeStats(store: Store, node: NodeControl, put: WriteStat): void {
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
  put('total_connections', store.sums.thread('total_connections'));
  put('rejected_connections', store.sums.thread('rejected_connections'));
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

const LOG_COUNTERS = [
  'log_worker_dropped',
  'log_worker_written',
  'log_watcher_skipped',
  'log_watcher_sent',
  'log_watchers',
];
/** The totals of the crawler and the LRU maintainer in one size class. */
const MAINTENANCE_TOTALS = [
  ['crawler_reclaimed', TOTAL.crawlerReclaimed],
  ['crawler_items_checked', TOTAL.crawlerItemsChecked],
  ['lrutail_reflocked', TOTAL.lrutailReflocked],
  ['moves_to_cold', TOTAL.movesToCold],
  ['moves_to_warm', TOTAL.movesToWarm],
  ['moves_within_lru', TOTAL.movesWithinLru],
] as const;
const HITS_BY_SEGMENT = ['hits_to_hot', 'hits_to_warm', 'hits_to_cold', 'hits_to_temp'] as const;

function writeIndexStats(store: Store, put: WriteStat): void {
  const buckets = store.index.bucketCount();
  put('hash_power_level', Math.floor(Math.log2(buckets)));
  put('hash_bytes', buckets * 4);
  put('hash_is_expanding', Number.isInteger(Math.log2(buckets)) ? 0 : 1);
}

/** Writes the counters of the page mover, the crawler and the LRU maintainer. */
function writeMaintenanceStats(store: Store, put: WriteStat): void {
  const writeThreadCounter = (name: ThreadCounterName): void => put(name, store.sums.thread(name));
  writeThreadCounter('slab_reassign_rescues');
  writeThreadCounter('slab_reassign_chunk_rescues');
  writeThreadCounter('slab_reassign_evictions_nomem');
  writeZeros(put, ['slab_reassign_inline_reclaim']);
  writeThreadCounter('slab_reassign_busy_items');
  writeZeros(put, ['slab_reassign_busy_deletes']);
  put('slab_reassign_running', store.pageMover.isMoving() ? 1 : 0);
  writeThreadCounter('slabs_moved');
  put('lru_crawler_running', store.expiryHints.isCrawling() ? 1 : 0);
  writeThreadCounter('lru_crawler_starts');
  writeThreadCounter('lru_maintainer_juggles');
}

function writeItemTotals(store: Store, node: NodeControl, put: WriteStat): void {
  const total = (slot: number): number => {
    let sum = 0;
    for (const sizeClass of classIds(store)) sum += store.total(sizeClass, slot);
    return sum;
  };
  writeMaintenanceStats(store, put);
  writeZeros(put, ['malloc_fails', ...LOG_COUNTERS]);
  const { certificateSeconds } = node.health();
  if (certificateSeconds !== undefined) {
    put('ssl_new_sessions', store.sums.thread('ssl_new_sessions'));
    put('ssl_handshake_errors', store.sums.thread('ssl_handshake_errors'));
    put('ssl_proto_errors', store.sums.thread('ssl_proto_errors'));
    put('time_since_server_cert_refresh', certificateSeconds);
  }
  writeZeros(put, ['unexpected_napi_ids', 'round_robin_fallback']);
  put('bytes', total(TOTAL.memRequested));
  put('curr_items', store.index.count());
  put('total_items', total(TOTAL.totalItems));
  put('slab_global_page_pool', store.pagePool.freeCount());
  put('expired_unfetched', total(TOTAL.expiredUnfetched));
  put('evicted_unfetched', total(TOTAL.evictedUnfetched));
  put('evicted_active', total(TOTAL.evictedActive));
  put('evictions', total(TOTAL.evicted));
  put('reclaimed', total(TOTAL.reclaimed));
  for (const [name, slot] of MAINTENANCE_TOTALS) put(name, total(slot));
  put('direct_reclaims', total(TOTAL.directReclaims));
  put('lru_bumps_dropped', 0);
}

/** Seconds since the last access to the item at the tail of a list; 0 if the list is empty. */
function ageOfTail(store: Store, sizeClass: number, segment: number): number {
  const tail = store.lru.tail(sizeClass, segment);
  return tail === NO_ITEM ? 0 : Math.max(0, store.clock.now() - store.items.access(tail));
}

/** Writes `stats items`: the size classes that hold items. */
export function writeItemStats(store: Store, put: WriteStat): void {
  for (const sizeClass of classIds(store)) {
    store.lockClass(sizeClass);
    const number = store.lru.classCount(sizeClass);
    const segments = [SEGMENT.hot, SEGMENT.warm, SEGMENT.cold, SEGMENT.temp] as const;
    const counts = segments.map((segment) => store.lru.count(sizeClass, segment));
    const ages = segments.map((segment) => ageOfTail(store, sizeClass, segment));
    store.unlockClass(sizeClass);
    if (number === 0) continue;
    const row = (name: string, value: string | number): void =>
      put(`items:${sizeClass}:${name}`, value);
    row('number', number);
    row('number_hot', counts[SEGMENT.hot]!);
    row('number_warm', counts[SEGMENT.warm]!);
    row('number_cold', counts[SEGMENT.cold]!);
    if (store.tunables.get('tempLru') === 1) row('number_temp', counts[SEGMENT.temp]!);
    row('age_hot', ages[SEGMENT.hot]!);
    row('age_warm', ages[SEGMENT.warm]!);
    row('age', ages[SEGMENT.cold]!);
    row('mem_requested', store.total(sizeClass, TOTAL.memRequested));
    row('evicted', store.total(sizeClass, TOTAL.evicted));
    row('evicted_nonzero', store.total(sizeClass, TOTAL.evictedNonzero));
    row('evicted_time', store.total(sizeClass, TOTAL.evictedTime));
    row('outofmemory', store.total(sizeClass, TOTAL.outOfMemory));
    row('tailrepairs', 0);
    row('reclaimed', store.total(sizeClass, TOTAL.reclaimed));
    row('expired_unfetched', store.total(sizeClass, TOTAL.expiredUnfetched));
    row('evicted_unfetched', store.total(sizeClass, TOTAL.evictedUnfetched));
    row('evicted_active', store.total(sizeClass, TOTAL.evictedActive));
    for (const [name, slot] of MAINTENANCE_TOTALS) row(name, store.total(sizeClass, slot));
    row('direct_reclaims', store.total(sizeClass, TOTAL.directReclaims));
    for (const name of HITS_BY_SEGMENT) row(name, store.sums.class(name, sizeClass));
  }
}

/** Writes `stats slabs`: the size classes that have pages. */
export function writeSlabStats(store: Store, put: WriteStat): void {
  const { slabs, sums } = store;
  let active = 0;
  for (const sizeClass of classIds(store)) {
    const pages = slabs.pageCount(sizeClass);
    if (pages === 0) continue;
    active++;
    const row = (name: string, value: number): void => put(`${sizeClass}:${name}`, value);
    const perPage = slabs.chunksPerPage(sizeClass);
    const free = slabs.freeChunkCount(sizeClass);
    row('chunk_size', store.chunkBytes[sizeClass]!);
    row('chunks_per_page', perPage);
    row('total_pages', pages);
    row('total_chunks', pages * perPage);
    row('used_chunks', pages * perPage - free);
    row('free_chunks', free);
    row('free_chunks_end', 0);
    row('get_hits', sums.hits(sizeClass));
    for (const name of CLASS_COUNTERS) row(name, sums.class(name, sizeClass));
  }
  put('active_slabs', active);
  put('total_malloced', store.pagePool.usedCount() * store.pageBytes);
}

/** Writes `stats sizes`: the number of items of each size, which includes the item header. */
export function writeSizeStats(store: Store, put: WriteStat): void {
  if (!store.sizeHistogram.isEnabled()) {
    put('sizes_status', 'disabled');
    return;
  }
  for (const [bytes, items] of store.sizeHistogram.counts()) put(String(bytes), items);
}

/** Writes `stats conns`. */
export function writeConnectionStats(node: NodeControl, put: WriteStat): void {
  for (const { id, address, listenAddress, state, idleSeconds } of node.connections()) {
    put(`${id}:addr`, address);
    put(`${id}:listen_addr`, listenAddress);
    put(`${id}:state`, state);
    put(`${id}:secs_since_last_cmd`, idleSeconds);
  }
}

/** memcached's bound on the reply of one cachedump. */
const DUMP_BYTES_MAX = 2 * 1024 * 1024;
const DUMP_LINE_BYTES_MAX = 320;
const ITEM_WORD = Buffer.from('ITEM ');
const BYTES_WORD = Buffer.from(' b; ');
const SECONDS_WORD = Buffer.from(' s]\r\n');
const OPEN_WORD = Buffer.from(' [');

/**
 * Writes `stats cachedump <class> <limit>` (0 means no limit): the items of one size class, newest
 * first, up to 2 MiB. The output grows before the class is locked, not while it is locked.
 */
export function writeCachedump(
  store: Store,
  sizeClass: number,
  limit: number,
  sink: ByteSink,
): void {
  if (sizeClass < 1 || sizeClass >= store.chunkBytes.length) return;
  sink.ensure(DUMP_BYTES_MAX);
  const { items, clock, arena } = store;
  const sinkEnd = sink.at + DUMP_BYTES_MAX - DUMP_LINE_BYTES_MAX;
  let shown = 0;
  store.lockClass(sizeClass);
  const segments = [SEGMENT.cold, SEGMENT.warm, SEGMENT.hot, SEGMENT.temp];
  let id = takeFirstHead(store, sizeClass, segments);
  while (id !== NO_ITEM && sink.at < sinkEnd && (limit === 0 || shown < limit)) {
    const keyAt = items.keyAt(id);
    const expiry = items.expiry(id);
    sink.putConstant(ITEM_WORD);
    sink.putRange(arena.bytes, keyAt, keyAt + items.keyBytes(id));
    sink.putConstant(OPEN_WORD);
    sink.putDecimal(items.valueBytes(id));
    sink.putConstant(BYTES_WORD);
    sink.putDecimal(expiry === 0 ? 0 : expiry + clock.epoch());
    sink.putConstant(SECONDS_WORD);
    shown++;
    id = items.lruNext(id);
    if (id === NO_ITEM) id = takeFirstHead(store, sizeClass, segments);
  }
  store.unlockClass(sizeClass);
}

/** The head of the first list that is not empty; drops that list and those before it. */
function takeFirstHead({ lru }: Store, sizeClass: number, segments: number[]): ItemId {
  for (;;) {
    const segment = segments.shift();
    if (segment === undefined) return NO_ITEM;
    const head = lru.head(sizeClass, segment);
    if (head !== NO_ITEM) return head;
  }
}

/** Writes rows of statistics in the dialect of the request. */
export function statWriter(request: Request, reply: ReplyWriter): WriteStat {
  return (name, value) => reply.stat(request, name, String(value));
}

function* classIds(store: Store): Generator<number> {
  for (let id = 1; id < store.chunkBytes.length; id++) yield id;
}
