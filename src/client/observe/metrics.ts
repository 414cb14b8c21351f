import type { Request } from '../../protocol/client.ts';
import type { FailureCode } from '../errors.ts';
import { Histogram } from './histogram.ts';

/** What an operation is called in metrics and events. */
export type OperationKind =
  | Exclude<Request['verb'], 'store' | 'count' | 'noop' | 'login'>
  | 'set'
  | 'add'
  | 'replace'
  | 'append'
  | 'prepend'
  | 'cas'
  | 'increment'
  | 'decrement'
  | 'other';

export function kindOf(request: Request): OperationKind {
  switch (request.verb) {
    case 'store':
      return request.cas === undefined ? request.mode : 'cas';
    case 'count':
      return request.down ? 'decrement' : 'increment';
    case 'noop':
    case 'login':
      return 'other';
    default:
      return request.verb;
  }
}

/** How one kind of operation went at one node, since the client was made. */
export interface OperationMetrics {
  /** Requests that were settled; a `getMany` is one for each node (and `keysPerGet` keys). */
  readonly count: number;
  /** Keys that were found, and that were not; both 0 for what finds nothing. */
  readonly hits: number;
  readonly misses: number;
  /** Bytes of values that came. */
  readonly valueBytes: number;
  /** By code; their time is not in `latency`. */
  readonly failures: Readonly<Partial<Record<FailureCode, number>>>;
  /** From the call to the answer, microseconds. */
  readonly latency: LatencySummary;
}

export interface LatencySummary {
  readonly count: number;
  readonly meanUs: number;
  readonly p50Us: number;
  readonly p90Us: number;
  readonly p99Us: number;
  readonly p999Us: number;
  readonly maxUs: number;
  /** How many took at most each bound: see `LATENCY_BOUNDS_US`. */
  readonly atMost: readonly number[];
}

/** Bounds for monitoring systems that want fixed buckets, microseconds. */
export const LATENCY_BOUNDS_US = [
  63, 127, 255, 511, 1023, 2047, 4095, 8191, 16_383, 32_767, 65_535, 131_071, 262_143, 524_287,
  1_048_575, 2_097_151, 4_194_303,
] as const;

/** What is counted of one kind. */
export class Tally {
  readonly latency = new Histogram();
  readonly failures: Partial<Record<FailureCode, number>> = {};
  count = 0;
  hits = 0;
  misses = 0;
  valueBytes = 0;

  fail(code: FailureCode): void {
    this.count++;
    this.failures[code] = (this.failures[code] ?? 0) + 1;
  }

  snapshot(): OperationMetrics {
    const { count, hits, misses, valueBytes, failures, latency } = this;
    return {
      count,
      hits,
      misses,
      valueBytes,
      failures: { ...failures },
      latency: summary(latency),
    };
  }
}

function summary(latency: Histogram): LatencySummary {
  return {
    count: latency.count,
    meanUs: latency.count === 0 ? 0 : latency.sum / latency.count,
    p50Us: latency.quantile(0.5),
    p90Us: latency.quantile(0.9),
    p99Us: latency.quantile(0.99),
    p999Us: latency.quantile(0.999),
    maxUs: latency.max,
    atMost: latency.cumulative(LATENCY_BOUNDS_US),
  };
}
