/** Requests of one access key: so many at once, and so many a second after that. */
const BURST = 200;
const PER_SECOND = 100;
const KEYS_MAX = 1000;

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Bounds the requests of each access key. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();

  /** Whether a request may go on now. */
  takes(key: string, nowMs: number): boolean {
    const bucket = this.#buckets.get(key) ?? { tokens: BURST, atMs: nowMs };
    const earned = (Math.max(0, nowMs - bucket.atMs) / 1000) * PER_SECOND;
    const tokens = Math.min(BURST, bucket.tokens + earned);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs });
    if (this.#buckets.size > KEYS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    return tokens >= 1;
  }
}
