import { EVICTION, type StoreTuning, type TunableName } from '../../store/index.ts';
import type { NodeMemory } from '../memory.ts';
import { chunkBytesMaxOf } from '../options/policies.ts';
import type { ServerOptions } from '../options/server-flags.ts';

type Row = readonly [name: string, value: string | number];

/** The rows that memcached shows with TLS. */
function sslSettings(options: ServerOptions): readonly Row[] {
  if (!options.enableSsl) return [];
  const orNull = (text: string): string => (text === '' ? 'NULL' : text);
  return [
    ['ssl_chain_cert', options.sslChainCert],
    ['ssl_key', orNull(options.sslKey)],
    ['ssl_verify_mode', options.sslVerifyMode],
    ['ssl_keyformat', 1],
    ['ssl_ciphers', orNull(options.sslCiphers)],
    ['ssl_ca_cert', orNull(options.sslCaCert)],
    ['ssl_wbuf_size', 0],
    ['ssl_session_cache', 'yes'],
    ['ssl_kernel_tls', 'no'],
    ['ssl_min_version', options.sslMinVersion === 3 ? 'tlsv1.3' : 'tlsv1.2'],
  ];
}

function pageSettings(tuning: StoreTuning): readonly Row[] {
  return [
    ['slab_reassign', tuning.get('reassign') === 1 ? 'yes' : 'no'],
    ['slab_automove', tuning.get('automove')],
    ['slab_automove_ratio', tuning.get('automoveRatio').toFixed(2)],
    ['slab_automove_window', tuning.get('automoveWindow')],
  ];
}

export function settingsOf(memory: NodeMemory): readonly (readonly [string, string])[] {
  const { options, store, state, prefixes } = memory;
  const { tuning } = store;
  const onOff = (name: TunableName, on = 'yes', off = 'no'): string =>
    tuning.get(name) === 1 ? on : off;
  const rows: readonly Row[] = [
    ['maxbytes', tuning.memoryLimitBytes()],
    ['maxconns', options.connLimit],
    ['tcpport', options.unixSocket === '' ? options.port : 0],
    ['udpport', 0],
    ['inter', options.listen.length === 0 ? 'NULL' : options.listen.join(',')],
    ['verbosity', state.verbosity],
    ['oldest', 0],
    ['evictions', onOff('evictsToFree', 'on', 'off')],
    ['domain_socket', options.unixSocket === '' ? 'NULL' : options.unixSocket],
    ['umask', options.unixMask.toString(8)],
    ['shutdown_command', options.enableShutdown ? 'yes' : 'no'],
    ['growth_factor', options.slabGrowthFactor.toFixed(2)],
    ['chunk_size', options.slabMinSizeBytes],
    ['num_threads', options.threads],
    ['num_threads_per_udp', 0],
    ['stat_key_prefix', options.prefixDelimiter[0] ?? ':'],
    ['detail_enabled', prefixes.enabled ? 'yes' : 'no'],
    ['reqs_per_event', options.maxReqsPerEvent],
    ['cas_enabled', options.disableCas ? 'no' : 'yes'],
    ['tcp_backlog', options.listenBacklog],
    ['binding_protocol', options.protocol === 'auto' ? 'auto-negotiate' : options.protocol],
    ['auth_enabled_sasl', options.enableSasl ? 'yes' : 'no'],
    ['auth_enabled_ascii', options.authFile === '' ? 'no' : options.authFile],
    ['item_size_max', options.maxItemSizeBytes],
    ['maxconns_fast', 'yes'],
    ['hashpower_init', 16],
    ...pageSettings(tuning),
    ['slab_chunk_max', chunkBytesMaxOf(options)],
    ['lru_crawler', onOff('crawlerEnabled')],
    ['lru_crawler_sleep', tuning.get('crawlerSleepUs')],
    ['lru_crawler_tocrawl', tuning.get('crawlerToCrawl')],
    ['tail_repair_time', 0],
    ['flush_enabled', options.disableFlushAll ? 'no' : 'yes'],
    ['dump_enabled', options.disableDumping ? 'no' : 'yes'],
    ['hash_algorithm', 'halfsiphash13'],
    ['lru_maintainer_thread', onOff('maintainer')],
    ['lru_segmented', onOff('segmented')],
    ['hot_lru_pct', tuning.get('hotPercent')],
    ['warm_lru_pct', tuning.get('warmPercent')],
    ['hot_max_factor', tuning.get('hotMaxFactor').toFixed(2)],
    ['warm_max_factor', tuning.get('warmMaxFactor').toFixed(2)],
    ['temp_lru', onOff('tempLru')],
    ['temporary_ttl', tuning.get('tempTtl')],
    ['idle_timeout', options.idleTimeout],
    ['watcher_logbuf_size', 0],
    ['worker_logbuf_size', 0],
    ['read_buf_mem_limit', options.connMemoryBytes],
    ['track_sizes', onOff('trackSizes')],
    ['inline_ascii_response', 'no'],
    ['slab_automove_freeratio', tuning.get('automoveFreeRatio').toFixed(3)],
    ['ssl_enabled', options.enableSsl ? 'yes' : 'no'],
    ...sslSettings(options),
    ['num_napi_ids', '(null)'],
    ['memory_file', memory.share.memoryFile || '(null)'],
    // Not in memcached.
    ['slow_ms', state.slowMs],
    ['fast_path', options.noFastPath ? 'no' : 'yes'],
    ['eviction', tuning.get('eviction') === EVICTION.segmented ? 'segmented' : 's3fifo'],
  ];
  return rows.map(([name, value]) => [name, String(value)]);
}
