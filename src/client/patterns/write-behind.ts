import { number, type ValuesOf } from '../../base/index.ts';
import { CacheError, isCacheFailure } from '../base/errors.ts';
import { callHandler } from '../base/handlers.ts';
import { machineRuntime, type Timing } from '../connection/runtime.ts';
import type { Cache } from '../operations/cache.ts';
import { HOUR_MS } from '../option-tables/call-options.ts';
import { checkOptions, checkValue, valuesOf } from '../option-tables/resolve.ts';
import { enqueueOptions, writeBehindOptions } from '../option-tables/write-behind-options.ts';
import type { EnqueueOptions, WriteBehindOptions } from '../option-types/patterns.ts';
import { abortable } from './flight.ts';
import { pause } from './pause.ts';
import { WriteQueue } from './write-queue.ts';

/** The operations of a cache that write-behind uses. */
type WritableCache = Pick<Cache, 'nodeOf' | 'get' | 'set'>;

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

const closeTimeoutOption = number({
  default: 30_000,
  min: 0,
  max: HOUR_MS,
  unit: 'milliseconds',
  doc: 'Time that `close` may take.',
});

/**
 * Writes to the cache at once and to the source later, in batches. Several writes to one key become
 * one write to the source. Acknowledged values wait in the memory of this process: `close` writes
 * them, a crash loses them.
 */
export class WriteBehind<T> {
  readonly #cache: WritableCache;
  readonly #values: ValuesOf<(typeof writeBehindOptions)['table']>;
  readonly #store: WriteBehindOptions<T>['store'];
  readonly #onStoreError: WriteBehindOptions<T>['onStoreError'];
  readonly #timing: Timing;
  readonly #queue = new WriteQueue<T>();
  /** Resolves after each written batch, for callers that wait for room or for an empty queue. */
  #progress = Promise.withResolvers<void>();
  #skipBatchDelay = new AbortController();
  readonly #stopRetrying = new AbortController();
  #worker: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #lastError: unknown;

  /** @param timing internal: what a test simulates. */
  constructor(
    cache: WritableCache,
    options: WriteBehindOptions<T>,
    timing: Timing = machineRuntime,
  ) {
    this.#cache = cache;
    this.#values = valuesOf(writeBehindOptions, options);
    this.#store = options.store;
    this.#onStoreError = options.onStoreError;
    this.#timing = timing;
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
  async write(key: string, value: T, options: EnqueueOptions = {}): Promise<void> {
    checkOptions(enqueueOptions, options);
    this.#cache.nodeOf(key);
    await this.#enqueue(key, value, options.signal);
    try {
      await this.#cache.set(key, value, { ttl: this.#values.ttl });
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
    let batches = Math.ceil(this.#queue.size / this.#values.maxKeysPerBatch) + 1;
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
  async close(timeoutMs: number = closeTimeoutOption.default): Promise<void> {
    checkValue('timeoutMs', closeTimeoutOption, timeoutMs);
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = this.#timing.setTimer(() => this.#stopRetrying.abort(), timeoutMs);
    this.#skipBatchDelay.abort();
    this.#signalProgress();
    try {
      await abortable(this.#worker ?? Promise.resolve(), this.#stopRetrying.signal);
    } catch (error) {
      if (!this.#stopRetrying.signal.aborted) throw error;
    } finally {
      timer.cancel();
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
      if (this.#queue.isWaiting(key) || this.#queue.size < this.#values.maxQueuedKeys) {
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
      const batch = this.#queue.takeBatch(this.#values.maxKeysPerBatch);
      if (!(await this.#writeBatch(batch))) return;
      this.#queue.completeBatch();
      this.#signalProgress();
    }
    this.#worker = undefined;
  }

  async #awaitFullBatch(): Promise<void> {
    const { maxKeysPerBatch, batchDelayMs } = this.#values;
    if (this.#queue.size >= maxKeysPerBatch || this.#closing !== undefined) return;
    await pause(this.#timing, batchDelayMs, this.#skipBatchDelay.signal);
    if (this.#closing === undefined) this.#skipBatchDelay = new AbortController();
  }

  /** Retries until the source has the batch. Returns false when `close` has timed out. */
  async #writeBatch(batch: ReadonlyMap<string, T>): Promise<boolean> {
    for (let attempts = 1; ; attempts++) {
      try {
        await this.#store(batch);
        return true;
      } catch (error) {
        this.#lastError = error;
        callHandler('onStoreError', () => this.#onStoreError?.(error, batch, attempts));
      }
      await pause(this.#timing, this.#retryDelayMs(attempts), this.#stopRetrying.signal);
      if (this.#stopRetrying.signal.aborted) return false;
    }
  }

  #retryDelayMs(attempts: number): number {
    const { minRetryDelayMs, maxRetryDelayMs } = this.#values;
    const maxMs = Math.min(maxRetryDelayMs, minRetryDelayMs * 2 ** Math.min(attempts - 1, 30));
    return maxMs * (1 - this.#timing.random() / 2);
  }

  #signalProgress(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers<void>();
  }
}
