/**
 * Latencies in buckets whose width grows with the value, so that the relative error is at most 1/8:
 *
 *   0 1 2 … 7 │ 8 9 … 15 │ 16–17 18–19 … 30–31 │ 32–35 … │ …    µs, eight buckets per power of two
 */
const SUB_BITS = 3;
const SUB_BUCKETS = 1 << SUB_BITS;
/** Covers an hour, the largest deadline; the last bucket also counts longer latencies. */
const VALUE_US_MAX = 2 ** 32 - 1;
const BUCKETS = (32 - SUB_BITS + 1) * SUB_BUCKETS;

/** Counts integer microseconds in constant memory (2 KiB). */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS);
  #count = 0;
  #sum = 0;
  #max = 0;

  get count(): number {
    return this.#count;
  }

  get sum(): number {
    return this.#sum;
  }

  get max(): number {
    return this.#max;
  }

  record(value: number): void {
    const integer = value < 0 ? 0 : value > VALUE_US_MAX ? VALUE_US_MAX : Math.floor(value);
    this.#counts[bucketOf(integer)]!++;
    this.#count++;
    this.#sum += integer;
    if (integer > this.#max) this.#max = integer;
  }

  /** The upper bound of the bucket that contains the quantile `share` (0 … 1); 0 if empty. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, upperBoundOf(bucket));
    }
    return this.#max;
  }

  /** The number of values up to each bound: Prometheus's cumulative histogram. */
  cumulative(bounds: readonly number[]): readonly number[] {
    return bounds.map((bound) => {
      let sum = 0;
      for (let bucket = 0; bucket < BUCKETS && upperBoundOf(bucket) <= bound; bucket++) {
        sum += this.#counts[bucket]!;
      }
      return sum;
    });
  }
}

function bucketOf(value: number): number {
  if (value < SUB_BUCKETS) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return (shift + 1) * SUB_BUCKETS + ((value >>> shift) & (SUB_BUCKETS - 1));
}

/** The largest value in a bucket. */
function upperBoundOf(bucket: number): number {
  if (bucket < SUB_BUCKETS) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  return (SUB_BUCKETS + (bucket % SUB_BUCKETS) + 1) * 2 ** shift - 1;
}
