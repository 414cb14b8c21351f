/** `stats latency` and `stats latency_buckets`. */
import type { WriteStat } from '../admin/inspect.ts';
import { LATENCY_BUCKETS, latencyBoundSeconds } from './latency-buckets.ts';
import { LatencyHistogram, type LatencyReader } from './latency-histogram.ts';
import { KINDS } from './request-kinds.ts';

const US_PER_SECOND = 1e6;

/** A number of one kind of requests, each declared once. */
const LATENCY_STATS = {
  count: (histogram) => histogram.count,
  mean_us: (histogram) => microseconds(histogram.meanSeconds),
  p50_us: (histogram) => microseconds(histogram.quantile(0.5)),
  p99_us: (histogram) => microseconds(histogram.quantile(0.99)),
  p999_us: (histogram) => microseconds(histogram.quantile(0.999)),
  max_us: (histogram) => microseconds(histogram.maxSeconds),
} as const satisfies Readonly<Record<string, (histogram: LatencyHistogram) => number>>;
const LATENCY_ROWS = Object.entries(LATENCY_STATS);

/** The latencies of one kind of requests. */
interface KindLatency {
  readonly command: string;
  readonly dialect: string;
  readonly isKeyed: boolean;
  readonly histogram: LatencyHistogram;
}

/** The kinds of which the node has measured requests. */
export function measuredKinds(latency: LatencyReader): readonly KindLatency[] {
  return KINDS.flatMap((names, kind) => {
    const histogram = latency.of(kind);
    return histogram === undefined || histogram.count === 0 ? [] : [{ ...names, histogram }];
  });
}

/**
 * Writes `stats latency`: all requests that name keys together, then each command in each dialect.
 * A program that asks for statistics does not see its own requests in the former.
 */
export function writeLatencyStats(latency: LatencyReader, put: WriteStat): void {
  const kinds = measuredKinds(latency);
  writeRows('all', sumOf(kinds), put);
  for (const { command, dialect, histogram } of kinds) {
    writeRows(`${command}:${dialect}`, histogram, put);
  }
}

/**
 * Writes `stats latency_buckets`: how many requests that name keys took at most so many
 * microseconds, and more than the bound before. Programs merge those of several nodes.
 */
export function writeLatencyBuckets(latency: LatencyReader, put: WriteStat): void {
  const { counts } = sumOf(measuredKinds(latency));
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const bound = latencyBoundSeconds(bucket) * US_PER_SECOND;
    if (counts[bucket]! > 0)
      put(Number.isFinite(bound) ? bound.toFixed(3) : 'Infinity', counts[bucket]!);
  }
}

/** The latencies of all requests that name keys. */
function sumOf(kinds: readonly KindLatency[]): LatencyHistogram {
  const sum = new LatencyHistogram();
  for (const { isKeyed, histogram } of kinds) if (isKeyed) sum.add(histogram);
  return sum;
}

function writeRows(name: string, histogram: LatencyHistogram, put: WriteStat): void {
  for (const [stat, read] of LATENCY_ROWS) put(`${name}:${stat}`, read(histogram));
}

/** To a tenth, which is far below the error of a quantile. */
function microseconds(seconds: number): number {
  return Math.round(seconds * US_PER_SECOND * 10) / 10;
}
