/** Requests of one access key: so many at once, and so many a second after that. */
const BURST = 200;
const PER_SECOND = 100;
const KEYS_MAX = 1000;

interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

interface Bucket {
  tokens: number;
  atMs: number;
}

/** Bounds the requests of each access key, or of something else. */
export class RateLimit {
  readonly #buckets = new Map<string, Bucket>();
  readonly #rate: Rate;

  constructor(rate: Rate = { burst: BURST, perSecond: PER_SECOND }) {
    this.#rate = rate;
  }

  /** Whether a request may go on now. */
  takes(key: string, nowMs: number): boolean {
    const { burst, perSecond } = this.#rate;
    const bucket = this.#buckets.get(key) ?? { tokens: burst, atMs: nowMs };
    const earned = (Math.max(0, nowMs - bucket.atMs) / 1000) * perSecond;
    const tokens = Math.min(burst, bucket.tokens + earned);
    this.#buckets.delete(key);
    this.#buckets.set(key, { tokens: tokens < 1 ? tokens : tokens - 1, atMs: nowMs });
    if (this.#buckets.size > KEYS_MAX) this.#buckets.delete(this.#buckets.keys().next().value!);
    return tokens >= 1;
  }
}
