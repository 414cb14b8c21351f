import {
  KIND_COUNT,
  LATENCY_BUCKETS,
  LatencyHistogram,
  type LatencyReader,
  latencyBucket,
} from '../../commands/index.ts';

/**
 * The latencies that the worker threads measure, in shared memory: a block for each thread, which
 * only that thread writes, and one more, the baseline, which a reset writes. A block has a row for
 * each kind of requests. The kernel gives memory only to the rows that are used.
 *
 *   ├ buckets (418) ┼ sum of seconds ┼ longest, in seconds ┼ 4 unused ┤   64-bit floats
 */
const SUM = LATENCY_BUCKETS;
const MAX = LATENCY_BUCKETS + 1;
/** The slots of a row, in whole cache lines. */
const ROW_SLOTS = Math.ceil((MAX + 1) / 8) * 8;
const BLOCK_SLOTS = KIND_COUNT * ROW_SLOTS;
const SLOT_BYTES = 8;
const MS_PER_SECOND = 1000;

export class LatencyTable implements LatencyReader {
  readonly #slots: Float64Array;
  readonly #threads: number;

  static allocate(threads: number): SharedArrayBuffer {
    return new SharedArrayBuffer((threads + 1) * BLOCK_SLOTS * SLOT_BYTES);
  }

  constructor(memory: SharedArrayBuffer) {
    this.#slots = new Float64Array(memory);
    this.#threads = this.#slots.length / BLOCK_SLOTS - 1;
  }

  /** Counts `weight` requests of a kind; only the thread itself calls it. */
  add(thread: number, kind: number, ms: number, weight: number): void {
    const row = rowOf(thread, kind);
    const seconds = ms / MS_PER_SECOND;
    this.#slots[row + latencyBucket(ms)]! += weight;
    this.#slots[row + SUM]! += weight * seconds;
    if (seconds > this.#slots[row + MAX]!) this.#slots[row + MAX] = seconds;
  }

  of(kind: number): LatencyHistogram | undefined {
    if (!this.#isUsed(kind)) return undefined;
    const histogram = new LatencyHistogram();
    for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
      histogram.counts[bucket] = this.#sum(kind, bucket) - this.#baseline(kind, bucket);
    }
    histogram.sumSeconds = this.#sum(kind, SUM) - this.#baseline(kind, SUM);
    for (let thread = 0; thread < this.#threads; thread++) {
      histogram.noteMax(this.#slots[rowOf(thread, kind) + MAX]!);
    }
    return histogram;
  }

  reset(): void {
    for (let kind = 0; kind < KIND_COUNT; kind++) {
      if (!this.#isUsed(kind)) continue;
      const row = rowOf(this.#threads, kind);
      for (let slot = 0; slot <= SUM; slot++) this.#slots[row + slot] = this.#sum(kind, slot);
    }
  }

  #isUsed(kind: number): boolean {
    for (let thread = 0; thread < this.#threads; thread++) {
      if (this.#slots[rowOf(thread, kind) + MAX]! > 0) return true;
    }
    return false;
  }

  #baseline(kind: number, slot: number): number {
    return this.#slots[rowOf(this.#threads, kind) + slot]!;
  }

  #sum(kind: number, slot: number): number {
    let sum = 0;
    for (let thread = 0; thread < this.#threads; thread++) {
      sum += this.#slots[rowOf(thread, kind) + slot]!;
    }
    return sum;
  }
}

function rowOf(block: number, kind: number): number {
  return block * BLOCK_SLOTS + kind * ROW_SLOTS;
}
