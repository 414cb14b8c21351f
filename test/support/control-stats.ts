interface Numbers {
  readonly startedSeconds?: number;
  readonly gets?: number;
  readonly hits?: number;
  readonly evictions?: number;
  readonly items?: number;
  readonly usedBytes?: number;
  readonly connections?: number;
  /** Of processors, so far. */
  readonly cpuSeconds?: number;
  readonly ghostHits?: number;
  /** Observed latencies of up to 1 ms, and of up to 10 ms. */
  readonly latencies?: readonly [number, number];
}

/** What `/stats.json` of a node says, as far as tests need it. */
export function statsText(numbers: Numbers): string {
  const { startedSeconds = 1000, gets = 0, hits = 0, evictions = 0, ...now } = numbers;
  const get = (status: string, value: number) => ({ labels: { command: 'get', status }, value });
  const distribution = { bounds: [0.001, 0.01], counts: [...(now.latencies ?? [0, 0]), 0], sum: 0 };
  const metrics = [
    one('process_start_time_seconds', startedSeconds),
    { name: 'memcached_commands_total', points: [get('hit', hits), get('miss', gets - hits)] },
    one('memcached_items_evicted_total', evictions),
    one('memcached_current_items', now.items ?? 0),
    one('memcached_current_bytes', now.usedBytes ?? 0),
    one('memcached_limit_bytes', 64 * 2 ** 20),
    one('memcached_current_connections', now.connections ?? 0),
    one('process_cpu_seconds_total', now.cpuSeconds ?? 0),
    one('slabring_threads', 1),
    {
      name: 'slabring_slab_ghost_hits_total',
      points: [{ labels: { slab: '3' }, value: now.ghostHits ?? 0 }],
    },
    {
      name: 'slabring_request_duration_seconds',
      points: [{ labels: { command: 'get', dialect: 'meta' }, value: distribution }],
    },
    {
      name: 'memcached_slab_chunk_size_bytes',
      points: [{ labels: { slab: '3' }, value: 128 }],
    },
    { name: 'memcached_slab_current_items', points: [{ labels: { slab: '3' }, value: 7 }] },
    { name: 'slabring_memory_bytes', points: [{ labels: { use: 'items' }, value: 5 }] },
  ];
  return JSON.stringify({ version: '1', state: 'serving', timeSeconds: 0, metrics });
}

const one = (name: string, value: number) => ({ name, points: [{ labels: {}, value }] });
