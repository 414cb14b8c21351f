import { type CacheClient, CacheError, type LatencySummary } from '../../client/index.ts';

/** The load that `slabring bench` puts on a cache. */
interface BenchPlan {
  readonly seconds: number;
  readonly concurrency: number;
  readonly keys: number;
  readonly valueBytes: number;
  readonly readPercent: number;
  readonly batch: number;
}

/** One kind of operation at one node; latencies are in microseconds. */
interface BenchRow {
  readonly node: string;
  readonly operation: string;
  readonly count: number;
  readonly latency: Omit<LatencySummary, 'cumulativeCounts'>;
}

export interface BenchResult {
  readonly seconds: number;
  readonly rows: readonly BenchRow[];
  readonly keys: { readonly read: number; readonly written: number };
  /** How many of the keys read were found. */
  readonly hits: number;
  /** Operations that rejected with a `CacheError`. */
  readonly failures: number;
}

/** Receives the completed fraction, 0 … 1, and the number of keys so far. */
type OnProgress = (fraction: number, keyCount: number) => void;

const TTL_SECONDS = 600;
const FILL_BATCH_KEYS = 500;
const FILL_BATCH_BYTES = 4 * 2 ** 20;
const PROGRESS_MS = 100;

/** Stores a value under every key. */
export async function fill(
  cache: CacheClient,
  { keys, valueBytes }: BenchPlan,
  onProgress: OnProgress,
): Promise<void> {
  const value = Buffer.alloc(valueBytes, 'x');
  const batch = Math.max(1, Math.min(FILL_BATCH_KEYS, Math.floor(FILL_BATCH_BYTES / valueBytes)));
  for (let at = 0; at < keys; at += batch) {
    const count = Math.min(batch, keys - at);
    const entries = Array.from({ length: count }, (_, i) => [keyOf(at + i), value] as const);
    const { failed } = await cache.setMany(entries, { ttl: TTL_SECONDS });
    for (const error of failed.values()) throw error;
    onProgress((at + count) / keys, at + count);
  }
}

/** Reads and writes random keys for `plan.seconds`. The rows come from the client's own metrics. */
export async function measure(
  cache: CacheClient,
  plan: BenchPlan,
  onProgress: OnProgress,
): Promise<BenchResult> {
  const startedAt = performance.now();
  const endsAt = startedAt + plan.seconds * 1000;
  const generator = new LoadGenerator(cache, plan);
  const ticker = setInterval(() => {
    const fraction = (performance.now() - startedAt) / (plan.seconds * 1000);
    onProgress(Math.min(1, fraction), generator.read + generator.written);
  }, PROGRESS_MS);
  try {
    await Promise.all(Array.from({ length: plan.concurrency }, () => generator.runCaller(endsAt)));
  } finally {
    clearInterval(ticker);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const { read, written, hits, failures } = generator;
  return { seconds, rows: rowsOf(cache), keys: { read, written }, hits, failures };
}

/** Runs the callers and adds up their results. */
class LoadGenerator {
  read = 0;
  written = 0;
  hits = 0;
  failures = 0;
  readonly #cache: CacheClient;
  readonly #plan: BenchPlan;
  readonly #value: Buffer;

  constructor(cache: CacheClient, plan: BenchPlan) {
    this.#cache = cache;
    this.#plan = plan;
    this.#value = Buffer.alloc(plan.valueBytes, 'x');
  }

  /** One caller: it sends its next operation when the previous one has settled. */
  async runCaller(endsAt: number): Promise<void> {
    while (performance.now() < endsAt) {
      const isRead = Math.random() * 100 < this.#plan.readPercent;
      try {
        if (!isRead) await this.#write();
        else if (this.#plan.batch === 1) await this.#readOne();
        else await this.#readMany();
      } catch (error) {
        if (!(error instanceof CacheError)) throw error;
        this.failures++;
      }
    }
  }

  async #write(): Promise<void> {
    await this.#cache.set(this.#randomKey(), this.#value, { ttl: TTL_SECONDS });
    this.written++;
  }

  async #readOne(): Promise<void> {
    const value = await this.#cache.get(this.#randomKey());
    this.read++;
    if (value !== undefined) this.hits++;
  }

  async #readMany(): Promise<void> {
    const keys = Array.from({ length: this.#plan.batch }, () => this.#randomKey());
    const { values, failed } = await this.#cache.getMany(keys);
    this.failures += failed.size > 0 ? 1 : 0;
    const readKeys = keys.filter((key) => !failed.has(key));
    this.read += readKeys.length;
    this.hits += readKeys.filter((key) => values.has(key)).length;
  }

  #randomKey(): string {
    return keyOf(Math.floor(Math.random() * this.#plan.keys));
  }
}

function rowsOf(cache: CacheClient): readonly BenchRow[] {
  return [...cache.metrics()].flatMap(([node, operations]) => {
    const sorted = [...operations].toSorted(([a], [b]) => a.localeCompare(b));
    return sorted.map(([operation, { count, latency }]) => {
      const { cumulativeCounts: _, ...rest } = latency;
      return { node, operation, count, latency: rest };
    });
  });
}

function keyOf(index: number): string {
  return `slabring-bench:${index}`;
}
