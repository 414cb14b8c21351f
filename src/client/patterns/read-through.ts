import { setTimeout as pause } from 'node:timers/promises';
import type { Fetched } from '../answers.ts';
import { CacheError } from '../errors.ts';
import { abortable, type Flight, Flights } from './flight.ts';
import { addWithoutLease, giveUp, type Job, storeByLease, tried } from './lease-writes.ts';
import type { LeasingCache } from './leasing-cache.ts';
import { failureMark, noneMark, unmarked } from './load-marks.ts';
import {
  type Load,
  type LoadOptions,
  type LoadPlan,
  lifeSeconds,
  planLoad,
  pollDelayMs,
} from './load-plan.ts';
import { isTrouble } from './trouble.ts';

/** Refreshes in the background at a time; over that, who was elected to load waits for it. */
const REFRESHES_MAX = 256;

/** What `getOrSet` did since the start. */
export interface LoadCounts {
  /** Calls answered by the cache; `staleHits` of them while the value was loaded anew. */
  readonly hits: number;
  readonly staleHits: number;
  /** Calls of loaders, and those that failed. */
  readonly loads: number;
  readonly failedLoads: number;
  /** Calls that waited for a load that was under way, here or in another process. */
  readonly waits: number;
  /** Calls for which the cache could not be asked. */
  readonly cacheErrors: number;
}

/**
 * Lazy loading with one loader for each key across all processes.
 *
 * Who misses asks the node for a lease, and the node gives it to one. That one loads, and stores
 * with the lease's cas, so that nothing older ever overwrites what was set or deleted meanwhile.
 * The others in this process wait for that very load, and those in other processes look again and
 * again.
 */
export class ReadThrough {
  readonly #cache: LeasingCache;
  readonly #random: () => number;
  /** Loads with a lease, and waits for one: the latest of each key. */
  readonly #flights = new Flights();
  /** Loads without a lease, because the cache is down or cannot lease. */
  readonly #unleased = new Flights();
  readonly #refreshes = new Set<Flight<unknown>>();
  readonly #counts = {
    hits: 0,
    staleHits: 0,
    loads: 0,
    failedLoads: 0,
    waits: 0,
    cacheErrors: 0,
  };

  /** `random` is for jitter, 0 … 1. */
  constructor(cache: LeasingCache, random: () => number = Math.random) {
    this.#cache = cache;
    this.#random = random;
  }

  get counts(): LoadCounts {
    return { ...this.#counts };
  }

  /** The value of the key; it is loaded, and stored, when the cache has none. */
  async getOrSet<T>(key: string, load: Load<T>, options: LoadOptions = {}): Promise<T | undefined> {
    const job = { key, load, plan: planLoad(options) };
    const { signal } = options;
    if (signal?.aborted === true)
      throw new CacheError('ERR_ABORTED_UNSENT', { key, cause: signal.reason });
    // Not called off with the caller: the answer may be a lease, which must not be lost.
    return abortable(this.#ask(job, signal), signal, key);
  }

  /** When the loads in the background that run now have ended. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#refreshes].map(({ ended }) => ended));
  }

  async #ask<T>(job: Job<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    let found: Fetched<T>;
    try {
      found = await this.#cache.fetch<T>(job.key, job.plan.terms);
    } catch (error) {
      return this.#loadUnleased(job, error, signal);
    }
    if (found.value !== undefined) return this.#hit(job, found, found.value);
    if (found.won && found.cas !== undefined) {
      if (signal?.aborted === true) return giveUp(this.#cache, job, found.cas, undefined);
      return this.#startLoad(job, found.cas).join(signal);
    }
    if (!found.isTaken) return undefined;
    this.#counts.waits++;
    return this.#flightFor(job, found.cas).join(signal);
  }

  async #hit<T>(job: Job<T>, found: Fetched<T>, value: T): Promise<T | undefined> {
    this.#counts.hits++;
    if (found.won || found.isTaken) this.#counts.staleHits++;
    if (found.won && found.cas !== undefined) {
      const flight = this.#startLoad(job, found.cas, found.ttlSeconds);
      if (this.#refreshes.size >= REFRESHES_MAX) return flight.join(undefined);
      this.#inBackground(job, flight);
    }
    return unmarked(value, job.key);
  }

  #inBackground<T>(job: Job<T>, flight: Flight<T>): void {
    flight.detach();
    this.#refreshes.add(flight);
    const { onRefreshError } = job.plan;
    flight.ended
      .catch((error: unknown) => onRefreshError?.(error, job.key))
      .finally(() => this.#refreshes.delete(flight));
  }

  /** The load that holds this lease, if it is in this process; else one that waits for it. */
  #flightFor<T>(job: Job<T>, lease: bigint | undefined): Flight<T> {
    const flight = this.#flights.open<T>(job.key);
    const fits = flight !== undefined && (flight.lease === undefined || flight.lease === lease);
    if (fits) return flight;
    return this.#flights.start(job.key, undefined, (mine, signal) => {
      return this.#awaitOther(job, mine, signal);
    });
  }

  /**
   * Loads with a lease. A slower load of the same key goes on for those who wait for it, and
   * cannot store any more; who comes now wants nothing that was read before the new lease.
   */
  #startLoad<T>(job: Job<T>, lease: bigint, staleSeconds?: number): Flight<T> {
    return this.#flights.start(job.key, lease, (_, signal) => {
      return this.#loadLeased(job, lease, staleSeconds, signal);
    });
  }

  async #loadLeased<T>(
    job: Job<T>,
    lease: bigint,
    staleSeconds: number | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { plan } = job;
    let value: T | undefined;
    try {
      value = await this.#load(job, signal);
    } catch (error) {
      const isRemembered = plan.errorTtl > 0 && staleSeconds === undefined && !signal.aborted;
      if (isRemembered)
        await storeByLease(this.#cache, job, failureMark(error), lease, plan.errorTtl);
      else await giveUp(this.#cache, job, lease, staleSeconds);
      throw error;
    }
    if (value !== undefined) await storeByLease(this.#cache, job, value, lease, this.#life(plan));
    else if (plan.negativeTtl > 0)
      await storeByLease(this.#cache, job, noneMark(), lease, plan.negativeTtl);
    else await giveUp(this.#cache, job, lease, undefined);
    return value;
  }

  async #load<T>({ key, load }: Job<T>, signal: AbortSignal): Promise<T | undefined> {
    this.#counts.loads++;
    try {
      return await load({ key, signal });
    } catch (error) {
      this.#counts.failedLoads++;
      throw error;
    }
  }

  /** Looks again until another process has set the value, or has lost its lease to this one. */
  async #awaitOther<T>(
    job: Job<T>,
    flight: Flight<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { key, plan } = job;
    const endsAt = performance.now() + plan.waitMs;
    for (let attempt = 0; performance.now() < endsAt; attempt++) {
      await pause(pollDelayMs(attempt, this.#random), undefined, { signal });
      let found: Fetched<T>;
      try {
        found = await this.#cache.fetch<T>(key, plan.terms);
      } catch (error) {
        flight.closeToOthers();
        return this.#loadUnleased(job, error, signal);
      }
      if (found.value !== undefined) return this.#hit(job, found, found.value);
      if (found.won && found.cas !== undefined) {
        flight.lease = found.cas;
        return this.#loadLeased(job, found.cas, undefined, signal);
      }
      if (!found.isTaken) return undefined;
    }
    flight.closeToOthers();
    if (plan.whenBusy === 'load') return this.#load(job, signal);
    throw new CacheError('ERR_LOAD', {
      detail: `Another has loaded it for ${plan.waitMs} ms.`,
      key,
    });
  }

  /** Without the cache, or without leases: one load at a time in this process. */
  async #loadUnleased<T>(
    job: Job<T>,
    error: unknown,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const { key, plan } = job;
    if (!isTrouble(error)) throw error;
    const canStore = error.code === 'ERR_UNSUPPORTED';
    if (canStore) {
      const value = await tried(this.#cache.get<T>(key, plan.call));
      if (value !== undefined) return this.#plainHit(key, value);
    } else {
      this.#counts.cacheErrors++;
      if (plan.onCacheError === 'fail') throw error;
    }
    const flight = this.#unleased.open<T>(key);
    if (flight !== undefined) {
      this.#counts.waits++;
      return flight.join(signal);
    }
    const started = this.#unleased.start<T>(key, undefined, async (_, aborted) => {
      const value = await this.#load(job, aborted);
      if (canStore) await addWithoutLease(this.#cache, job, value, this.#life(plan));
      return value;
    });
    return started.join(signal);
  }

  #plainHit<T>(key: string, value: T): T | undefined {
    this.#counts.hits++;
    return unmarked(value, key);
  }

  #life(plan: LoadPlan): number {
    return lifeSeconds(plan, this.#random);
  }
}
