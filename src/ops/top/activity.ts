/** What nodes do: rates between two readings of their `stats`, and what they hold. */
import {
  bucketOfBound,
  type GeneralStat,
  LATENCY_BUCKETS,
  latencyQuantile,
} from '../../commands/index.ts';
import { type ClusterActivity, clusterActivityOf } from './cluster-activity.ts';
import {
  isOtherProcess,
  numberIn,
  type Reading,
  ratePerSecond,
  type Span,
  sumOf,
  sumOfBoth,
} from './reading.ts';

/** A number is undefined if a node does not send it, and a ratio if nothing happened. */
export interface Activity extends ClusterActivity {
  readonly getsPerSecond: number | undefined;
  readonly setsPerSecond: number | undefined;
  /** The share of hits among the gets of the span: 0 … 1. */
  readonly hitRatio: number | undefined;
  readonly evictionsPerSecond: number | undefined;
  readonly items: number | undefined;
  readonly memoryUsedBytes: number | undefined;
  readonly memoryLimitBytes: number | undefined;
  readonly connections: number | undefined;
  /** 100 is one core. */
  readonly cpuPercent: number | undefined;
  readonly rssBytes: number | undefined;
  /** Of several nodes: that of the youngest. */
  readonly uptimeSeconds: number | undefined;
  /**
   * The time of the nodes for a request that 99 % of the requests of the span did not exceed, of
   * those nodes that measure it.
   */
  readonly p99Microseconds: number | undefined;
}

const US_PER_SECOND = 1e6;
const BUCKET_PREFIX = 'latency_bucket:';

/** The activity of one node, or the sum over several. */
export function activityOf(spans: readonly Span[]): Activity {
  const now = (name: GeneralStat) => sumOf(spans, ({ after }) => numberIn(after, name));
  const rate = (name: GeneralStat) => sumOf(spans, (span) => ratePerSecond(span, name));
  const hits = rate('get_hits');
  const cpu = sumOfBoth(rate('rusage_user'), rate('rusage_system'));
  const uptimes = spans.map(({ after }) => numberIn(after, 'uptime'));
  return {
    getsPerSecond: rate('cmd_get'),
    setsPerSecond: rate('cmd_set'),
    hitRatio: ratioOf(hits, sumOfBoth(hits, rate('get_misses'))),
    evictionsPerSecond: rate('evictions'),
    items: now('curr_items'),
    memoryUsedBytes: now('bytes'),
    memoryLimitBytes: now('limit_maxbytes'),
    connections: now('curr_connections'),
    cpuPercent: cpu === undefined ? undefined : 100 * cpu,
    rssBytes: now('rss_bytes'),
    p99Microseconds: p99Of(spans),
    uptimeSeconds: uptimes.reduce((least, each) => (least! < each! ? least : each), undefined),
    ...clusterActivityOf(spans),
  };
}

/** The p99 of the requests of all spans together: their buckets are the same in every node. */
function p99Of(spans: readonly Span[]): number | undefined {
  const counts = new Float64Array(LATENCY_BUCKETS);
  for (const { before, after } of spans) {
    const isOther = isOtherProcess(before, after);
    for (const [name, text] of after.stats) {
      if (!name.startsWith(BUCKET_PREFIX)) continue;
      const [was, is] = [Number(before.stats.get(name) ?? 0), Number(text)];
      const bound = Number(name.slice(BUCKET_PREFIX.length)) / US_PER_SECOND;
      counts[bucketOfBound(bound)]! += isOther || is < was ? is : is - was;
    }
  }
  const seconds = latencyQuantile(counts, 0.99);
  return seconds === undefined ? undefined : Math.round(seconds * US_PER_SECOND * 10) / 10;
}

/** The rows of `stats latency_buckets`, beside those of `stats`. */
export function withLatency(
  { atMs, stats }: Reading,
  buckets: ReadonlyMap<string, string>,
): Reading {
  const rows = [...buckets].map(([bound, count]) => [`${BUCKET_PREFIX}${bound}`, count] as const);
  return { atMs, stats: new Map([...stats, ...rows]) };
}

function ratioOf(part: number | undefined, whole: number | undefined): number | undefined {
  return part === undefined || whole === undefined || whole === 0 ? undefined : part / whole;
}
