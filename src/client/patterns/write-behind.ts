import { setTimeout as pause } from 'node:timers/promises';
import { CacheError } from '../errors.ts';
import type { StoreOptions } from '../options.ts';
import { checkNames, checkRange } from './check-options.ts';
import { abortable } from './flight.ts';
import { isTrouble } from './trouble.ts';
import { WriteQueue } from './write-queue.ts';

/** What write-behind needs of a cache. */
export interface WritableCache {
  /** Throws ERR_KEY for a key that cannot be sent. */
  nodeOf(key: string): string;
  get<T>(key: string): Promise<T | undefined>;
  set(key: string, value: unknown, options?: StoreOptions): Promise<void>;
}

/** Options of a WriteBehind. */
export interface WriteBehindOptions<T> {
  /**
   * Writes a batch to the source, all or nothing as far as it can: when it fails the whole batch is
   * written again, so a write must do no harm when it is done twice.
   */
  readonly store: (batch: ReadonlyMap<string, T>) => Promise<void>;
  /** Keys that may wait; `write` waits for room when there are so many. 1 … 10,000,000. @default 10000 */
  readonly maxQueued?: number;
  /** Keys in a batch, 1 … 100,000. @default 100 */
  readonly batchSize?: number;
  /** Milliseconds for which values are gathered before a batch that is not full is written. 0 … 3,600,000. @default 100 */
  readonly gatherMs?: number;
  /** Milliseconds before the first try again; doubles up to `retryMostMs`. @default 50 */
  readonly retryFirstMs?: number;
  /** @default 10000 */
  readonly retryMostMs?: number;
  /** Seconds that values live in the cache. @default 0, until evicted */
  readonly ttl?: number;
  /** Told of each try that failed. Tries go on until one succeeds, or `close` gives up. */
  readonly onStoreError?: (error: unknown, batch: ReadonlyMap<string, T>, tries: number) => void;
}

/** What `close` could not write in time. */
export class UnwrittenError<T = unknown> extends Error {
  override readonly name = 'UnwrittenError';
  /** The newest value of each key that is only here now. */
  readonly unwritten: ReadonlyMap<string, T>;

  constructor(unwritten: ReadonlyMap<string, T>, cause: unknown) {
    super(`${unwritten.size} values could not be written to the source.`, { cause });
    this.unwritten = unwritten;
  }
}

const CLOSE_MS = 30_000;

/**
 * Writes to the cache at once and to the source later, in batches: many writes to one key become
 * one. What is acknowledged waits in this process's memory: `close` writes it, a crash loses it.
 */
export class WriteBehind<T> {
  readonly #cache: WritableCache;
  readonly #options: Required<Omit<WriteBehindOptions<T>, 'onStoreError'>>;
  readonly #onStoreError: WriteBehindOptions<T>['onStoreError'];
  readonly #random: () => number;
  readonly #queue = new WriteQueue<T>();
  /** Those who wait for room, or for the queue to be empty; all are woken by each batch written. */
  #progress = Promise.withResolvers<void>();
  #hurry = new AbortController();
  readonly #giveUp = new AbortController();
  #working: Promise<void> | undefined;
  #closing: Promise<void> | undefined;
  #lastError: unknown;

  /** `random` is for the jitter of tries, 0 … 1. */
  constructor(
    cache: WritableCache,
    { onStoreError, ...options }: WriteBehindOptions<T>,
    random: () => number = Math.random,
  ) {
    this.#cache = cache;
    this.#options = { ...DEFAULTS, ...options };
    checkNames(options, ['store', ...Object.keys(DEFAULTS)]);
    for (const [name, [least, most]] of Object.entries(RANGES)) {
      checkRange(name, this.#options[name as keyof typeof RANGES], least, most);
    }
    this.#onStoreError = onStoreError;
    this.#random = random;
  }

  /** Keys that wait to be written or are being written. */
  get queued(): number {
    return this.#queue.size;
  }

  /**
   * Resolves when the value is in the queue, and the cache has been told. When the queue is full it
   * waits for room, until `signal` is given (ERR_ABORTED_UNSENT: the value is not in the queue).
   */
  async write(key: string, value: T, options: { signal?: AbortSignal } = {}): Promise<void> {
    this.#cache.nodeOf(key);
    await this.#enqueue(key, value, options.signal);
    try {
      await this.#cache.set(key, value, { ttl: this.#options.ttl });
    } catch (error) {
      if (!isTrouble(error)) throw error;
    }
  }

  /** The newest value: one that waits to be written, else the cache's. */
  async get(key: string): Promise<T | undefined> {
    const waiting = this.#queue.newest(key);
    return waiting === undefined ? this.#cache.get<T>(key) : waiting.value;
  }

  /** When all that was acknowledged before has been written. */
  async flush(): Promise<void> {
    // Keys are written in the order in which they came: what comes later is not waited for.
    let batches = Math.ceil(this.#queue.size / this.#options.batchSize) + 1;
    for (; this.#queue.size > 0 && batches > 0; batches--) {
      this.#hurry.abort();
      if (this.#giveUp.signal.aborted) throw this.#unwritten();
      await this.#progress.promise;
    }
  }

  /**
   * Takes no more, and writes what waits. After `timeoutMs` (default 30,000) it gives up with an
   * UnwrittenError that has what is left.
   */
  close(timeoutMs: number = CLOSE_MS): Promise<void> {
    this.#closing ??= this.#close(timeoutMs);
    return this.#closing;
  }

  async #close(timeoutMs: number): Promise<void> {
    const timer = setTimeout(() => this.#giveUp.abort(), timeoutMs);
    this.#hurry.abort();
    this.#wake();
    try {
      await abortable(this.#working ?? Promise.resolve(), this.#giveUp.signal);
    } catch (error) {
      if (!this.#giveUp.signal.aborted) throw error;
    } finally {
      clearTimeout(timer);
      this.#wake();
    }
    if (this.#queue.size > 0) throw this.#unwritten();
  }

  #unwritten(): UnwrittenError<T> {
    return new UnwrittenError(this.#queue.rest(), this.#lastError);
  }

  /** Takes the room in the same turn in which it has seen it. */
  async #enqueue(key: string, value: T, signal: AbortSignal | undefined): Promise<void> {
    for (;;) {
      if (this.#closing !== undefined) throw new CacheError('ERR_CLOSED', { key });
      if (signal?.aborted === true) {
        throw new CacheError('ERR_ABORTED_UNSENT', { key, cause: signal.reason });
      }
      if (this.#queue.waits(key) || this.#queue.size < this.#options.maxQueued) {
        this.#queue.put(key, value);
        this.#work();
        return;
      }
      this.#hurry.abort();
      await abortable(this.#progress.promise, signal).catch(() => {});
    }
  }

  /** One worker at a time, so that the source sees the values of a key in their order. */
  #work(): void {
    this.#working ??= this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    while (this.#queue.hasWaiting) {
      await this.#gather();
      const batch = this.#queue.take(this.#options.batchSize);
      if (!(await this.#writeBatch(batch))) return;
      this.#queue.done();
      this.#wake();
    }
    this.#working = undefined;
  }

  async #gather(): Promise<void> {
    const { batchSize, gatherMs } = this.#options;
    if (this.#queue.size >= batchSize || this.#closing !== undefined) return;
    await sleep(gatherMs, this.#hurry.signal);
    if (this.#closing === undefined) this.#hurry = new AbortController();
  }

  /** False when `close` has given up. */
  async #writeBatch(batch: ReadonlyMap<string, T>): Promise<boolean> {
    for (let tries = 1; ; tries++) {
      try {
        await this.#options.store(batch);
        return true;
      } catch (error) {
        this.#lastError = error;
        this.#onStoreError?.(error, batch, tries);
      }
      await sleep(this.#retryDelayMs(tries), this.#giveUp.signal);
      if (this.#giveUp.signal.aborted) return false;
    }
  }

  #retryDelayMs(tries: number): number {
    const { retryFirstMs, retryMostMs } = this.#options;
    const most = Math.min(retryMostMs, retryFirstMs * 2 ** Math.min(tries - 1, 30));
    return most * (1 - this.#random() / 2);
  }

  #wake(): void {
    this.#progress.resolve();
    this.#progress = Promise.withResolvers<void>();
  }
}

const DEFAULTS = {
  maxQueued: 10_000,
  batchSize: 100,
  gatherMs: 100,
  retryFirstMs: 50,
  retryMostMs: 10_000,
  ttl: 0,
} as const;
const HOUR_MS = 3_600_000;
const RANGES = {
  maxQueued: [1, 10_000_000],
  batchSize: [1, 100_000],
  gatherMs: [0, HOUR_MS],
  retryFirstMs: [1, HOUR_MS],
  retryMostMs: [1, HOUR_MS],
} as const;

/** Ends early, and quietly, when the signal is given. */
async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal }).catch(() => {});
}
