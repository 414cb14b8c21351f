import type { ConfigEntries, ConnectionView, NodeView, PrefixStats } from '../commands/index.ts';
import { EVICTION, type Store, type TunableName } from '../store/index.ts';
import type { ConnectionTable } from './connection-table.ts';
import type { ServerOptions } from './options.ts';
import { READ_BUFFER_BYTES } from './transport.ts';
import { PROTOCOL_VERSION } from './version.ts';

const VERBOSITY_MAX = 2;

/** The actions on the whole node that client commands can start. */
interface NodeActions {
  /** Reads the certificates again; returns an error line if they are unusable. */
  readonly refreshCertificates: () => string | undefined;
  readonly shutDown: (graceful: boolean) => void;
}

/** The node as client commands see it. Its numbers are the same on every thread. */
export class SharedNodeView implements NodeView {
  readonly pid = process.pid;
  readonly version = PROTOCOL_VERSION;
  readonly maxConnections: number;
  readonly threads: number;
  readonly readBufferBytes = READ_BUFFER_BYTES;
  readonly #store: Store;
  readonly #table: ConnectionTable;
  readonly #options: ServerOptions;
  readonly #startSeconds: number;
  readonly config: ConfigEntries;
  readonly prefixes: PrefixStats;
  readonly shutdownAllowed: boolean;
  readonly #actions: NodeActions;

  constructor(
    store: Store,
    table: ConnectionTable,
    options: ServerOptions,
    startSeconds: number,
    shared: Pick<NodeView, 'config' | 'prefixes'>,
    actions: NodeActions,
  ) {
    this.config = shared.config;
    this.prefixes = shared.prefixes;
    this.shutdownAllowed = options.enableShutdown;
    this.#store = store;
    this.#table = table;
    this.#options = options;
    this.#startSeconds = startSeconds;
    this.#actions = actions;
    this.maxConnections = options.connLimit;
    this.threads = options.threads;
  }

  uptimeSeconds(): number {
    return this.#store.clock.now() - this.#startSeconds;
  }

  timeSeconds(): number {
    return this.#store.clock.now() + this.#store.clock.epoch();
  }

  currentConnections(): number {
    return this.#table.count();
  }

  peakConnections(): number {
    return this.#table.peak();
  }

  acceptingConnections(): boolean {
    return true;
  }

  connections(): readonly ConnectionView[] {
    return this.#table.views(this.#store.clock.now());
  }

  shutDown(graceful: boolean): void {
    this.#actions.shutDown(graceful);
  }

  refreshCertificates(): string | undefined {
    return this.#actions.refreshCertificates();
  }

  secondsSinceCertificates(): number | undefined {
    if (!this.#options.enableSsl) return undefined;
    const since = Math.max(this.#table.certificatesReadAt, this.#startSeconds);
    return this.#store.clock.now() - since;
  }

  setVerbosity(level: number): void {
    this.#table.verbosity = Math.min(level, VERBOSITY_MAX);
  }

  /** The rows that memcached shows with TLS. */
  #sslSettings(): readonly (readonly [string, string | number])[] {
    const options = this.#options;
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

  settings(): readonly (readonly [string, string])[] {
    const options = this.#options;
    const { tuning } = this.#store;
    const onOff = (name: TunableName, on = 'yes', off = 'no'): string =>
      tuning.get(name) === 1 ? on : off;
    const rows: readonly (readonly [string, string | number])[] = [
      ['maxbytes', tuning.memoryLimitBytes()],
      ['maxconns', options.connLimit],
      ['tcpport', options.unixSocket === '' ? options.port : 0],
      ['udpport', 0],
      ['inter', options.listen.length === 0 ? 'NULL' : options.listen.join(',')],
      ['verbosity', this.#table.verbosity],
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
      ['detail_enabled', this.prefixes.enabled ? 'yes' : 'no'],
      ['reqs_per_event', options.maxReqsPerEvent],
      ['cas_enabled', 'yes'],
      ['tcp_backlog', options.listenBacklog],
      ['binding_protocol', 'ascii'],
      ['auth_enabled_sasl', options.enableSasl ? 'yes' : 'no'],
      ['auth_enabled_ascii', options.authFile === '' ? 'no' : options.authFile],
      ['item_size_max', options.maxItemSizeBytes],
      ['maxconns_fast', 'yes'],
      ['hashpower_init', 16],
      ['slab_reassign', onOff('reassign')],
      ['slab_automove', tuning.get('automove')],
      ['slab_automove_ratio', tuning.get('automoveRatio').toFixed(2)],
      ['slab_automove_window', 0],
      ['slab_chunk_max', options.slabChunkMaxBytes],
      ['lru_crawler', onOff('crawlerEnabled')],
      ['lru_crawler_sleep', tuning.get('crawlerSleepUs')],
      ['lru_crawler_tocrawl', tuning.get('crawlerToCrawl')],
      ['tail_repair_time', 0],
      ['flush_enabled', options.disableFlushAll ? 'no' : 'yes'],
      ['dump_enabled', options.disableDumping ? 'no' : 'yes'],
      ['hash_algorithm', 'murmur3'],
      ['lru_maintainer_thread', onOff('maintainer')],
      ['lru_segmented', onOff('segmented')],
      ['hot_lru_pct', tuning.get('hotPercent')],
      ['warm_lru_pct', tuning.get('warmPercent')],
      ['hot_max_factor', tuning.get('hotMaxFactor').toFixed(2)],
      ['warm_max_factor', tuning.get('warmMaxFactor').toFixed(2)],
      ['temp_lru', onOff('tempLru')],
      ['temporary_ttl', tuning.get('tempTtl')],
      ['idle_timeout', 0],
      ['watcher_logbuf_size', 0],
      ['worker_logbuf_size', 0],
      ['read_buf_mem_limit', 0],
      ['track_sizes', onOff('trackSizes')],
      ['inline_ascii_response', 'no'],
      ['ssl_enabled', options.enableSsl ? 'yes' : 'no'],
      ...this.#sslSettings(),
      ['num_napi_ids', '(null)'],
      ['memory_file', '(null)'],
      // Not in memcached: the eviction policy.
      ['eviction', tuning.get('eviction') === EVICTION.segmented ? 'segmented' : 's3fifo'],
    ];
    return rows.map(([name, value]) => [name, String(value)]);
  }
}
