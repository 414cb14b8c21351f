import { setTimeout as pause } from 'node:timers/promises';
import { CacheError } from '../errors.ts';
import type { StoreOptions } from '../options.ts';
import { isCacheFailure } from './cache-failure.ts';
import { checkNames, checkRange } from './check-options.ts';
import { abortable } from './flight.ts';
import { WriteQueue } from './write-queue.ts';

/** What write-behind needs of a cache. */
interface WritableCache {
  /** Throws ERR_KEY for a key that cannot be sent. */
  nodeOf(key: string): string;
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
}

/** Options of a WriteBehind. */
export interface WriteBehindOptions<T> {
  /**
   * Writes a batch to the source, if possible in one transaction. After a failure WriteBehind
   * writes the whole batch again, so the writes must be idempotent.
   */
  readonly store: (batch: ReadonlyMap<string, T>) => Promise<void>;
  /**
   * Keys that may wait. When the queue is full, `write` waits for room. 1 … 10,000,000.
   * @default 10000
   */
  readonly maxQueuedKeys?: number;
  /** Keys in a batch, 1 … 100,000. @default 100 */
  readonly maxKeysPerBatch?: number;
  /**
   * Milliseconds to wait for more keys before a batch that is not full is written. 0 … 3,600,000.
   * @default 100
   */
  readonly batchDelayMs?: number;
  /**
   * Milliseconds before the first retry of a batch. The delay doubles with each retry, and jitter
   * halves it at most. 1 … 3,600,000.
   * @default 50
   */
  readonly minRetryDelayMs?: number;
  /** The longest delay between two attempts, in milliseconds. 1 … 3,600,000. @default 10000 */
  readonly maxRetryDelayMs?: number;
  /** The time to live of the values in the cache, in seconds. @default 0, until evicted */
  readonly ttl?: number;
  /** Called for each failed attempt. The retries end when one succeeds or `close` times out. */
  readonly onStoreError?: (error: unknown, batch: ReadonlyMap<string, T>, attempts: number) => void;
}

/** `close` could not write all values in time. */
export class UnwrittenError<T = unknown> extends Error {
  override readonly name = 'UnwrittenError';
  /** The newest value of each key that the source does not have. */
  readonly unwritten: ReadonlyMap<string, T>;

  constructor(unwritten: ReadonlyMap<string, T>, cause: unknown) {
    super(`${unwritten.size} values are not written to the source.`, { cause });
    this.unwritten = unwritten;
  }
}

const CLOSE_TIMEOUT_MS = 30_000;

/**
 * Writes to the cache at once and to the source later, in batches. Several writes to one key become
 * one write to the source. Acknowledged values wait in the memory of this process: `close` writes
 * them, a crash loses them.
 */
export class WriteBehind<T> {
  readonly #cache: WritableCache;
  readonly #options: Required<Omit<WriteBehindOptions<T>, 'onStoreError'>>;
  readonly #onStoreError: WriteBehindOptions<T>['onStoreError'];
  readonly #random: () => number;
  readonly #queue = new WriteQueue<T>();
  /** Resolves after each written batch, for callers that wait for room or for an empty queue. */
  #progress = Promise.withResolvers<void>();
  #skipBatchDelay = new AbortController();
  readonly #stopRetrying = new AbortController();
  #worker: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #lastError: unknown;

  /** @param random returns a number from 0 to 1, for the jitter of the retry delays. */
  constructor(
    cache: WritableCache,
    { onStoreError, ...options }: WriteBehindOptions<T>,
    random: () => number = Math.random,
  ) {
    this.#cache = cache;
    this.#options = { ...DEFAULTS, ...options };
    checkNames(options, ['store', ...Object.keys(DEFAULTS)]);
    for (const [name, [min, max]] of Object.entries(RANGES)) {
      checkRange(name, this.#options[name as keyof typeof RANGES], min, max);
    }
    this.#onStoreError = onStoreError;
    this.#random = random;
  }

  /** How many keys wait for their write to the source, including the current batch. */
  get queuedKeyCount(): number {
    return this.#queue.size;
  }

  /**
   * Resolves when the value is in the queue and the request to the cache has settled. When the
   * queue is full it waits for room, until `signal` aborts: then it fails with ERR_ABORTED_UNSENT,
   * and the value is not in the queue.
   */
  async write(key: string, value: T, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#cache.nodeOf(key);
    await this.#enqueue(key, value, options.signal);
    try {
      await this.#cache.set(key, value, { ttl: this.#options.ttl });
    } catch (error) {
      if (!isCacheFailure(error)) throw error;
    }
  }

  /** Returns the newest value: from the queue, or else from the cache. */
  async get(key: string): Promise<T | undefined> {
    const waiting = this.#queue.newest(key);
    return waiting === undefined ? this.#cache.get<T>(key) : waiting.value;
  }

  /** Resolves when the source has every value that was acknowledged before the call. */
  async flush(): Promise<void> {
    // The queue is in the order of arrival, so this many batches contain every key of now.
    let batches = Math.ceil(this.#queue.size / this.#options.maxKeysPerBatch) + 1;
    for (; this.#queue.size > 0 && batches > 0; batches--) {
      this.#skipBatchDelay.abort();
      if (this.#stopRetrying.signal.aborted) throw this.#unwrittenError();
      await this.#progress.promise;
    }
  }

  /**
   * Accepts no more values and writes those that wait. After `timeoutMs` (default 30,000) it fails
   * with an UnwrittenError that contains the values which the source does not have.
   */
  close(timeoutMs: number = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#stopRetrying.abort(), timeoutMs);
    this.#skipBatchDelay.abort();
    this.#signalProgress();
    try {
      await abortable(this.#worker ?? Promise.resolve(), this.#stopRetrying.signal);
    } catch (error) {
      if (!this.#stopRetrying.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      this.#signalProgress();
    }
    if (this.#queue.size > 0) throw this.#unwrittenError();
  }

  #unwrittenError(): UnwrittenError<T> {
    return new UnwrittenError(this.#queue.unwritten(), this.#lastError);
  }

  /**
   * Takes the room in the same tick in which it has checked it, so that no other caller takes it.
   */
  async #enqueue(key: string, value: T, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (this.#closing !== undefined) throw new CacheError('ERR_CLOSED', { key });
      if (signal?.aborted === true) {
        throw new CacheError('ERR_ABORTED_UNSENT', { key, cause: signal.reason });
      }
      if (this.#queue.isWaiting(key) || this.#queue.size < this.#options.maxQueuedKeys) {
        this.#queue.put(key, value);
        this.#startWorker();
        return;
      }
      this.#skipBatchDelay.abort();
      await abortable(this.#progress.promise, signal).catch(() => {});
    }
  }

  /** Only one worker runs, so that the source gets the values of a key in order. */
  #startWorker(): void {
    this.#worker ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.hasWaiting) {
      await this.#awaitFullBatch();
      const batch = this.#queue.takeBatch(this.#options.maxKeysPerBatch);
      if (!(await this.#writeBatch(batch))) return;
      this.#queue.completeBatch();
      this.#signalProgress();
    }
    this.#worker = undefined;
  }

  async #awaitFullBatch(): Promise<void> {
    const { maxKeysPerBatch, batchDelayMs } = this.#options;
    if (this.#queue.size >= maxKeysPerBatch || this.#closing !== undefined) return;
    await sleep(batchDelayMs, this.#skipBatchDelay.signal);
    if (this.#closing === undefined) this.#skipBatchDelay = new AbortController();
  }

  /** Retries until the source has the batch. Returns false when `close` has timed out. */
  async #writeBatch(batch: ReadonlyMap<string, T>): Promise<boolean> {
    for (let attempts = 1; ; attempts++) {
      try {
        await this.#options.store(batch);
        return true;
      } catch (error) {
        this.#lastError = error;
        this.#onStoreError?.(error, batch, attempts);
      }
      await sleep(this.#retryDelayMs(attempts), this.#stopRetrying.signal);
      if (this.#stopRetrying.signal.aborted) return false;
    }
  }

  #retryDelayMs(attempts: number): number {
    const { minRetryDelayMs, maxRetryDelayMs } = this.#options;
    const maxMs = Math.min(maxRetryDelayMs, minRetryDelayMs * 2 ** Math.min(attempts - 1, 30));
    return maxMs * (1 - this.#random() / 2);
  }

  #signalProgress(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers<void>();
  }
}

const DEFAULTS = {
  maxQueuedKeys: 10_000,
  maxKeysPerBatch: 100,
  batchDelayMs: 100,
  minRetryDelayMs: 50,
  maxRetryDelayMs: 10_000,
  ttl: 0,
} as const;
const HOUR_MS = 3_600_000;
const RANGES = {
  maxQueuedKeys: [1, 10_000_000],
  maxKeysPerBatch: [1, 100_000],
  batchDelayMs: [0, HOUR_MS],
  minRetryDelayMs: [1, HOUR_MS],
  maxRetryDelayMs: [1, HOUR_MS],
} as const;

/** Resolves after `ms`, or as soon as the signal aborts. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
