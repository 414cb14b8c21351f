import type { Request } from '../../protocol/client.ts';
import type { FailureCode } from '../base/errors.ts';
import { Histogram } from './histogram.ts';

/** The name of an operation in metrics and events. */
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
      return request.isDecrement ? 'decrement' : 'increment';
    case 'noop':
    case 'login':
      return 'other';
    default:
      return request.verb;
  }
}

/** The results of one kind of operation at one node, since the client was created. */
export interface OperationMetrics {
  /** Settled requests; a `getMany` sends one per node and `maxKeysPerGet` keys. */
  readonly count: number;
  /** Keys found and not found; both 0 for operations without a lookup. */
  readonly hits: number;
  readonly misses: number;
  /** Bytes of the received values. */
  readonly valueBytes: number;
  /** Failures by code; `latency` does not include them. */
  readonly failures: Readonly<Partial<Record<FailureCode, number>>>;
  /** Time from the call to the reply, microseconds. */
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
  /** The number of operations up to each bound of `LATENCY_BOUNDS_US`. */
  readonly cumulativeCounts: readonly number[];
}

/** Bucket bounds for monitoring systems with fixed buckets, microseconds. */
export const LATENCY_BOUNDS_US = [
  63, 127, 255, 511, 1023, 2047, 4095, 8191, 16_383, 32_767, 65_535, 131_071, 262_143, 524_287,
  1_048_575, 2_097_151, 4_194_303,
] as const;

/** A map whose JSON is an object. */
class JsonMap<K extends string, V> extends Map<K, V> {
  toJSON(): object {
    return Object.fromEntries(this);
  }
}

/** Metrics of one node, by kind of operation. */
export class NodeMetrics extends JsonMap<OperationKind, OperationMetrics> {}

/** The sums over all nodes and kinds of operations. */
export interface OperationTotals {
  readonly count: number;
  readonly hits: number;
  readonly misses: number;
  /** hits / (hits + misses); undefined before the first look-up. */
  readonly hitRatio: number | undefined;
  readonly valueBytes: number;
  readonly failures: Readonly<Partial<Record<FailureCode, number>>>;
}

/** Metrics by node; `JSON.stringify` makes `{ totals, nodes }` of them. */
export class ClientMetrics extends JsonMap<string, NodeMetrics> {
  get totals(): OperationTotals {
    const sums = { count: 0, hits: 0, misses: 0, valueBytes: 0 };
    const failures: Partial<Record<FailureCode, number>> = {};
    for (const each of [...this.values()].flatMap((node) => [...node.values()])) {
      sums.count += each.count;
      sums.hits += each.hits;
      sums.misses += each.misses;
      sums.valueBytes += each.valueBytes;
      for (const [code, count] of Object.entries(each.failures) as [FailureCode, number][]) {
        failures[code] = (failures[code] ?? 0) + count;
      }
    }
    const lookups = sums.hits + sums.misses;
    return { ...sums, hitRatio: lookups === 0 ? undefined : sums.hits / lookups, failures };
  }

  override toJSON(): object {
    return { totals: this.totals, nodes: super.toJSON() };
  }
}

/** The counters of one kind of operation. */
export class OperationCounters {
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
    cumulativeCounts: latency.cumulative(LATENCY_BOUNDS_US),
  };
}
