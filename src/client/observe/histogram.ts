/**
 * Latencies in buckets that grow with what they hold, so that each is known to within an eighth
 * however long it took:
 *
 *   0 1 2 … 7 │ 8 9 … 15 │ 16–17 18–19 … 30–31 │ 32–35 … │ …    µs, eight to each power of two
 */
const SUB_BITS = 3;
const SUBS = 1 << SUB_BITS;
/** Up to an hour, the longest that an operation may take, and what is longer. */
const VALUE_MAX = 2 ** 32 - 1;
const BUCKETS = (32 - SUB_BITS + 1) * SUBS;

/** Counts whole microseconds; takes the same room however many there are (2 KiB). */
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
    const whole = value < 0 ? 0 : value > VALUE_MAX ? VALUE_MAX : Math.floor(value);
    this.#counts[bucketOf(whole)]!++;
    this.#count++;
    this.#sum += whole;
    if (whole > this.#max) this.#max = whole;
  }

  /** The value that this share (0 … 1) of all are at most, as near as its bucket; 0 without any. */
  quantile(share: number): number {
    const rank = Math.max(1, Math.ceil(share * this.#count));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket]!;
      if (seen >= rank) return Math.min(this.#max, endOf(bucket));
    }
    return this.#max;
  }

  /** How many are at most each of these bounds: what Prometheus calls a histogram. */
  cumulative(bounds: readonly number[]): readonly number[] {
    return bounds.map((bound) => {
      let sum = 0;
      for (let bucket = 0; bucket < BUCKETS && endOf(bucket) <= bound; bucket++) {
        sum += this.#counts[bucket]!;
      }
      return sum;
    });
  }
}

function bucketOf(value: number): number {
  if (value < SUBS) return value;
  const shift = 31 - Math.clz32(value) - SUB_BITS;
  return (shift + 1) * SUBS + ((value >>> shift) & (SUBS - 1));
}

/** The largest value in a bucket. */
function endOf(bucket: number): number {
  if (bucket < SUBS) return bucket;
  const shift = Math.floor(bucket / SUBS) - 1;
  return (SUBS + (bucket % SUBS) + 1) * 2 ** shift - 1;
}
