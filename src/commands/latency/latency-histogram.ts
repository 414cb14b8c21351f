import { LATENCY_BUCKETS, latencyBoundSeconds, latencyQuantile } from './latency-buckets.ts';

/** The latencies of requests, read at one moment. The counts are estimates from samples. */
export class LatencyHistogram {
  /** By bucket (latency-buckets.ts). */
  readonly counts = new Float64Array(LATENCY_BUCKETS);
  sumSeconds = 0;
  #maxSeconds = 0;

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  /** The longest sampled latency; after a reset at most one bucket too long. */
  get maxSeconds(): number {
    const bucket = this.counts.findLastIndex((count) => count > 0);
    return bucket < 0 ? 0 : Math.min(this.#maxSeconds, latencyBoundSeconds(bucket));
  }

  get meanSeconds(): number {
    const { count } = this;
    return count === 0 ? 0 : this.sumSeconds / count;
  }

  /** The latency that this share (0 … 1) of the requests did not exceed, in seconds; 0 for none. */
  quantile(share: number): number {
    return Math.min(latencyQuantile(this.counts, share) ?? 0, this.maxSeconds);
  }

  noteMax(seconds: number): void {
    this.#maxSeconds = Math.max(this.#maxSeconds, seconds);
  }

  add(other: LatencyHistogram): void {
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      this.counts[bucket]! += other.counts[bucket]!;
    }
    this.sumSeconds += other.sumSeconds;
    this.noteMax(other.#maxSeconds);
  }
}

/** The latencies of a node. */
export interface LatencyReader {
  /** Those of a kind of requests (request-kinds.ts); undefined if the node has had none. */
  of(kind: number): LatencyHistogram | undefined;
  /** Counts from 0 again. */
  reset(): void;
}
