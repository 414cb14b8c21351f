/** The metrics that memcached_exporter lacks. */
import { type GeneralStat, LOOP_DELAY_MS, type LoopView } from '../../commands/index.ts';
import { PAGE_BYTES } from '../../store/index.ts';
import { counter, gauge, labelled, type Metric, type Point, pointsOf } from './metric.ts';
import { type MetricSample, stat, statNumber, sumOfClasses } from './sample.ts';

/** A connection that has sent nothing for so long is idle. */
const IDLE_SECONDS = 10;
const STATES = ['starting', 'serving', 'draining'] as const;

function connections({ control, node }: MetricSample): readonly Point[] {
  const open = node.health.currentConnections;
  const idle = Math.min(open, control.silentConnections(IDLE_SECONDS));
  return pointsOf({ active: open - idle, idle });
}

function logins(sample: MetricSample): readonly Point[] {
  const failed = statNumber(sample, 'auth_errors');
  return pointsOf({ ok: Math.max(0, statNumber(sample, 'auth_cmds') - failed), failed });
}

function misses(sample: MetricSample): readonly Point[] {
  const expired = statNumber(sample, 'get_expired');
  const flushed = statNumber(sample, 'get_flushed');
  const absent = Math.max(0, statNumber(sample, 'get_misses') - expired - flushed);
  return pointsOf({ absent, expired, flushed });
}

/** Where the memory of the node goes; the uses do not overlap. */
function memory(sample: MetricSample): readonly Point[] {
  const items = statNumber(sample, 'bytes');
  const usedChunks = sumOfClasses(sample, (c) => (c.used_chunks ?? 0) * (c.chunk_size ?? 0));
  const freeChunks = sumOfClasses(sample, (c) => (c.free_chunks ?? 0) * (c.chunk_size ?? 0));
  const heaps = sample.threads.flatMap(({ loop }) => loop?.heapBytes ?? []);
  return pointsOf({
    items,
    chunk_rest: Math.max(0, usedChunks - items),
    free_chunks: freeChunks,
    page_rest: Math.max(0, sample.node.view.usedBytes() - usedChunks - freeChunks),
    free_pages: statNumber(sample, 'slab_global_page_pool') * PAGE_BYTES,
    index: statNumber(sample, 'hash_bytes'),
    connection_buffers: statNumber(sample, 'conn_memory_bytes'),
    heaps: heaps.length === 0 ? undefined : heaps.reduce((sum, bytes) => sum + bytes, 0),
  });
}

/** A counter with one label; each of its values counts a number of `stats`. */
const counterBy = (
  name: string,
  help: string,
  label: string,
  numbers: Readonly<Record<string, GeneralStat>>,
): Metric =>
  labelled('counter', name, help, [label], (sample) =>
    pointsOf(
      Object.fromEntries(
        Object.entries(numbers).map(([value, number]) => [value, stat(number)(sample)]),
      ),
    ),
  );

/** A number of each thread whose event loop is measured. */
const ofLoop = (
  kind: 'counter' | 'gauge' | 'histogram',
  name: string,
  help: string,
  read: (loop: LoopView) => Point['value'],
): Metric =>
  labelled(kind, name, help, ['thread'], ({ threads }) =>
    threads.flatMap(({ name: thread, loop }) =>
      loop === undefined ? [] : [{ labels: [thread], value: read(loop) }],
    ),
  );

/** A counter of each thread. */
const ofThread = (name: string, help: string, slot: 'lock_waits' | 'lock_sleeps'): Metric =>
  labelled('counter', name, help, ['thread'], ({ threads, node }) =>
    threads.map(({ thread, name: label }) => ({
      labels: [label],
      value: node.view.threadCounter(slot, thread),
    })),
  );

const NODE_METRICS: readonly Metric[] = [
  labelled(
    'info',
    'slabring_build_info',
    'The version of slabring and of Node.js, and what answers simple requests; always 1.',
    ['version', 'node', 'fast_path'],
    ({ node }) => [
      { labels: [node.facts.packageVersion, process.versions.node, node.facts.fastPath], value: 1 },
    ],
  ),
  labelled('gauge', 'slabring_state', 'Whether the node is in this state.', ['state'], (sample) =>
    STATES.map((state) => ({
      labels: [state],
      value: sample.node.health.state === state ? 1 : 0,
    })),
  ),
  gauge('slabring_threads', 'Worker threads (-t).', stat('threads')),
  labelled(
    'gauge',
    'slabring_memory_bytes',
    'Memory by use: items; the rest of their chunks; free chunks; the rest of their pages; free ' +
      'pages; the index; the buffers of connections; the heaps of the threads.',
    ['use'],
    memory,
  ),
];

const CLIENT_METRICS: readonly Metric[] = [
  labelled(
    'gauge',
    'slabring_connections',
    `Open connections: idle ones have sent nothing for ${IDLE_SECONDS} seconds.`,
    ['state'],
    connections,
  ),
  gauge(
    'slabring_peak_connections',
    'Most connections at the same time.',
    stat('connection_structures'),
  ),
  counterBy(
    'slabring_connections_closed_total',
    'Connections that the node closed to protect itself, by reason.',
    'reason',
    {
      idle: 'idle_kicks',
      login_timeout: 'login_timeouts',
      buffer_memory: 'conn_memory_kicks',
    },
  ),
  counter(
    'slabring_connection_pauses_total',
    'Long lines that waited for buffer memory.',
    stat('conn_memory_pauses'),
  ),
  gauge(
    'slabring_connection_buffers_limit_bytes',
    'Memory for the buffers of connections.',
    stat('conn_memory_limit_bytes'),
  ),
  labelled('counter', 'slabring_logins_total', 'Logins by result.', ['status'], logins),
  counter(
    'slabring_tls_sessions_total',
    'New TLS sessions; none without TLS.',
    stat('ssl_new_sessions'),
  ),
  counterBy(
    'slabring_tls_failures_total',
    'TLS connections that failed, by reason; none without TLS.',
    'reason',
    {
      handshake: 'ssl_handshake_errors',
      protocol: 'ssl_proto_errors',
      refused: 'ssl_handshakes_refused',
    },
  ),
  gauge(
    'slabring_tls_certificate_read_age_seconds',
    'Time since the node read its certificates; none without TLS.',
    stat('time_since_server_cert_refresh'),
  ),
  gauge(
    'slabring_tls_certificate_expiry_timestamp_seconds',
    'The Unix time at which the certificate of the node ends; none without TLS.',
    stat('server_cert_expires_at'),
  ),
];

const ITEM_METRICS: readonly Metric[] = [
  labelled('counter', 'slabring_get_misses_total', 'Misses by reason.', ['reason'], misses),
  counter('slabring_meta_commands_total', 'Meta commands.', stat('cmd_meta')),
  counter(
    'slabring_items_expired_unfetched_total',
    'Expired items that no client had read.',
    stat('expired_unfetched'),
  ),
  counter(
    'slabring_items_evicted_unfetched_total',
    'Evicted items that no client had read.',
    stat('evicted_unfetched'),
  ),
  counter(
    'slabring_items_evicted_active_total',
    'Evicted items that clients had read more than once.',
    stat('evicted_active'),
  ),
  counter(
    'slabring_pages_moved_total',
    'Pages that changed their size class.',
    stat('slabs_moved'),
  ),
  counterBy(
    'slabring_snapshots_total',
    'Snapshots of --snapshot-every by result; none without it.',
    'status',
    { written: 'snapshots_written', failed: 'snapshots_failed' },
  ),
  gauge(
    'slabring_snapshot_timestamp_seconds',
    'The Unix time of the last snapshot of --snapshot-every.',
    stat('snapshot_written_at'),
  ),
  gauge('slabring_watchers', 'Clients that watch the events of the node.', stat('log_watchers')),
  counter(
    'slabring_watcher_gaps_total',
    'Times that a watcher missed events.',
    stat('log_watcher_skipped'),
  ),
  counter(
    'slabring_log_lines_dropped_total',
    'Lines that the log dropped.',
    stat('log_lines_dropped'),
  ),
];

const THREAD_METRICS: readonly Metric[] = [
  ofThread(
    'slabring_lock_waits_total',
    'Locks that were busy, by the waiting thread.',
    'lock_waits',
  ),
  ofThread(
    'slabring_lock_sleeps_total',
    'Those of them for which the thread had to sleep.',
    'lock_sleeps',
  ),
  ofLoop(
    'counter',
    'slabring_event_loop_active_seconds_total',
    'Time that the event loop was busy.',
    (loop) => loop.activeSeconds,
  ),
  ofLoop(
    'histogram',
    'slabring_event_loop_delay_seconds',
    'How late the event loop ran a timer, sampled four times a second.',
    ({ delayCounts, delaySeconds }) => ({
      bounds: LOOP_DELAY_MS.map((ms) => ms / 1000),
      counts: delayCounts,
      sum: delaySeconds,
    }),
  ),
  ofLoop(
    'counter',
    'slabring_gc_seconds_total',
    'Time of garbage collections.',
    (loop) => loop.gcSeconds,
  ),
  ofLoop('counter', 'slabring_gc_runs_total', 'Garbage collections.', (loop) => loop.gcRuns),
  ofLoop('gauge', 'slabring_heap_bytes', 'Used heap of the thread.', (loop) => loop.heapBytes),
];

/** The names that every client library of Prometheus has. */
const PROCESS_METRICS: readonly Metric[] = [
  counter(
    'process_cpu_seconds_total',
    'CPU time of the process.',
    (sample) => statNumber(sample, 'rusage_user') + statNumber(sample, 'rusage_system'),
  ),
  gauge('process_resident_memory_bytes', 'Resident memory of the process.', stat('rss_bytes')),
  gauge(
    'process_start_time_seconds',
    'The Unix time at which the node started.',
    ({ node: { health } }) => health.timeSeconds - health.uptimeSeconds,
  ),
];

export const SLABRING_METRICS: readonly Metric[] = [
  ...NODE_METRICS,
  ...CLIENT_METRICS,
  ...ITEM_METRICS,
  ...THREAD_METRICS,
  ...PROCESS_METRICS,
];
