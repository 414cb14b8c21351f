/**
 * The buckets of latencies: 16 for each power of two, so a bucket is 4.4 % wide. They are those of
 * a native histogram of Prometheus (schema 4), from 2^-20 s to 64 s:
 *
 *   0 … 2^-20 s │ … 2^(-20 + 1/16) │ … 2^(-20 + 2/16) │ … │ … 2^6 s │ longer
 *   bucket 0      1                  2                      416       417
 *
 * An upper bound belongs to its bucket.
 */
const BUCKETS_PER_OCTAVE = 16;
const OCTAVE_MIN = -20;
const OCTAVE_MAX = 6;
const LAST = (OCTAVE_MAX - OCTAVE_MIN) * BUCKETS_PER_OCTAVE + 1;
export const LATENCY_BUCKETS = LAST + 1;

const MS_PER_SECOND = 1000;
/** The exponent of a millisecond. */
const OCTAVE_OF_MS = -Math.log2(MS_PER_SECOND);

/** The bucket of a latency. */
export function latencyBucket(ms: number): number {
  if (ms <= 0) return 0;
  const place = (Math.log2(ms) + OCTAVE_OF_MS - OCTAVE_MIN) * BUCKETS_PER_OCTAVE;
  return Math.min(Math.max(Math.ceil(place), 0), LAST);
}

/** The longest latency of a bucket, in seconds. */
export function latencyBoundSeconds(bucket: number): number {
  return bucket === LAST ? Number.POSITIVE_INFINITY : 2 ** exponentOf(bucket);
}

/** The bucket that a bound ends, as `latencyBoundSeconds` gives it. */
export function bucketOfBound(seconds: number): number {
  if (seconds === Number.POSITIVE_INFINITY) return LAST;
  return Math.round((Math.log2(seconds) - OCTAVE_MIN) * BUCKETS_PER_OCTAVE);
}

/**
 * The latency that this share (0 … 1) of the requests did not exceed, in seconds; undefined without
 * requests. Inside of a bucket it assumes that the logarithms are evenly distributed.
 */
export function latencyQuantile(counts: ArrayLike<number>, share: number): number | undefined {
  let total = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) total += counts[bucket]!;
  if (total <= 0) return undefined;
  const rank = share * total;
  let below = 0;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const count = counts[bucket]!;
    if (count > 0 && below + count >= rank) {
      const part = Math.max(0, rank - below) / count;
      return 2 ** Math.min(exponentOf(bucket) - (1 - part) / BUCKETS_PER_OCTAVE, OCTAVE_MAX);
    }
    below += count;
  }
  return 2 ** OCTAVE_MAX;
}

function exponentOf(bucket: number): number {
  return OCTAVE_MIN + bucket / BUCKETS_PER_OCTAVE;
}
