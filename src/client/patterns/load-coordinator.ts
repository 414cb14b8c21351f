import { CacheError, isCacheFailure } from '../base/errors.ts';
import type { Timing } from '../connection/runtime.ts';
import type { Loader } from '../operations/cache.ts';
import type { FetchResult } from '../operations/reply-handlers.ts';
import type { LoadOptions } from '../option-types/patterns.ts';
import { abortable, type Flight, Flights } from './flight.ts';
import {
  addWithoutLease,
  type LeasingCache,
  type LoadJob,
  releaseLease,
  storeWithLease,
  undefinedOnFailure,
} from './lease-writes.ts';
import { failureMarker, noValueMarker, unwrapMarker } from './load-markers.ts';
import { drawTtl, type LoadPlan, planLoad, pollDelayMs } from './load-plan.ts';
import { pause } from './pause.ts';

/** Refreshes that run in the background. Above it, the caller with the lease waits for its load. */
const REFRESHES_MAX = 256;

/** Counters of `getOrSet`. */
export interface LoadCounts {
  /** Calls that the cache served; `staleHits` of them while a caller refreshed the value. */
  readonly hits: number;
  readonly staleHits: number;
  /** Calls of loaders; `failedLoads` of them failed. */
  readonly loads: number;
  readonly failedLoads: number;
  /** Calls that waited for a load in this process or in another one. */
  readonly waits: number;
  /** Calls whose request to the cache failed. */
  readonly cacheErrors: number;
}

/**
 * Lazy loading with one loader for each key across all processes. It knows the running loads of one
 * cache, and gets the cache with each call.
 *
 * On a miss each caller asks the node for a lease, and the node grants it to one caller. That
 * caller loads the value and stores it with the lease token, so that an older value never
 * overwrites a later set or delete. The other callers of its process wait for the same load.
 * Callers of other processes poll the cache.
 */
export class LoadCoordinator {
  readonly #timing: Timing;
  /** The latest load of each key that holds a lease, or waits for the lease of another process. */
  readonly #flights = new Flights();
  /** Loads without a lease, because the cache is down or does not support leases. */
  readonly #unleasedFlights = new Flights();
  readonly #refreshes = new Set<Flight<unknown>>();
  readonly #counts = {
    hits: 0,
    staleHits: 0,
    loads: 0,
    failedLoads: 0,
    waits: 0,
    cacheErrors: 0,
  };

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  get counts(): LoadCounts {
    return { ...this.#counts };
  }

  /** Returns the value of the key; on a miss it calls `load` and stores the result. */
  async getOrSet<T>(
    cache: LeasingCache,
    key: string,
    load: Loader<T>,
    options: LoadOptions = {},
  ): Promise<T | undefined> {
    const job = { cache, key, load, plan: planLoad(options) };
    const { signal } = options;
    if (signal?.aborted === true)
      throw new CacheError('ERR_ABORTED_UNSENT', { key, cause: signal.reason });
    // The signal does not cancel the fetch: its reply may grant a lease, which must be released.
    return abortable(this.#fetchOrLoad(job, signal), signal, key);
  }

  /** Resolves when the refreshes that run in the background now have settled. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#refreshes].map(({ result }) => result));
  }

  async #fetchOrLoad<T>(job: LoadJob<T>, signal: AbortSignal | undefined): Promise<T | undefined> {
    let fetched: FetchResult<T>;
    try {
      fetched = await job.cache.fetch<T>(job.key, job.plan.fetchOptions);
    } catch (error) {
      return this.#loadUnleased(job, error, signal);
    }
    if (fetched.value !== undefined) return this.#serveHit(job, fetched, fetched.value);
    if (fetched.wonLease && fetched.cas !== undefined) {
      if (signal?.aborted === true) return releaseLease(job, fetched.cas, undefined);
      return this.#startLoad(job, fetched.cas).join(signal);
    }
    if (!fetched.leaseHeldByOther) return undefined;
    this.#counts.waits++;
    return this.#flightFor(job, fetched.cas).join(signal);
  }

  async #serveHit<T>(job: LoadJob<T>, fetched: FetchResult<T>, value: T): Promise<T | undefined> {
    this.#counts.hits++;
    if (fetched.wonLease || fetched.leaseHeldByOther) this.#counts.staleHits++;
    if (fetched.wonLease && fetched.cas !== undefined) {
      const flight = this.#startLoad(job, fetched.cas, fetched.ttl);
      if (this.#refreshes.size >= REFRESHES_MAX) return flight.join(undefined);
      this.#continueInBackground(job, flight);
    }
    return unwrapMarker(value, job.key);
  }

  #continueInBackground<T>(job: LoadJob<T>, flight: Flight<T>): void {
    flight.detach();
    this.#refreshes.add(flight);
    const { onRefreshError } = job.plan;
    flight.result
      .catch((error: unknown) => onRefreshError?.(error, job.key))
      .finally(() => this.#refreshes.delete(flight));
  }

  /** The flight with this lease if this process has it; else one that waits for another process. */
  #flightFor<T>(job: LoadJob<T>, lease: bigint | undefined): Flight<T> {
    const flight = this.#flights.joinable<T>(job.key);
    const fits = flight !== undefined && (flight.lease === undefined || flight.lease === lease);
    if (fits) return flight;
    return this.#flights.start(job.key, undefined, (self, signal) => {
      return this.#awaitOtherProcess(job, self, signal);
    });
  }

  /**
   * Starts a load with a lease. An earlier load of the key, whose lease has ended, continues for
   * its callers but cannot store its value. New callers do not join it, because its value may be
   * stale.
   * @param staleTtl the remaining `ttl` of the old value, when the load is a refresh.
   */
  #startLoad<T>(job: LoadJob<T>, lease: bigint, staleTtl?: number): Flight<T> {
    return this.#flights.start(job.key, lease, (_, signal) => {
      return this.#loadLeased(job, lease, staleTtl, signal);
    });
  }

  async #loadLeased<T>(
    job: LoadJob<T>,
    lease: bigint,
    staleTtl: number | undefined,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { plan } = job;
    let value: T | undefined;
    try {
      value = await this.#load(job, signal);
    } catch (error) {
      const isRemembered = plan.errorTtl > 0 && staleTtl === undefined && !signal.aborted;
      if (isRemembered) await storeWithLease(job, failureMarker(error), lease, plan.errorTtl);
      else await releaseLease(job, lease, staleTtl);
      throw error;
    }
    if (value !== undefined) await storeWithLease(job, value, lease, this.#drawTtl(plan));
    else if (plan.negativeTtl > 0)
      await storeWithLease(job, noValueMarker(), lease, plan.negativeTtl);
    else await releaseLease(job, lease, undefined);
    return value;
  }

  async #load<T>({ key, load }: LoadJob<T>, signal: AbortSignal): Promise<T | undefined> {
    this.#counts.loads++;
    try {
      return await load({ key, signal });
    } catch (error) {
      this.#counts.failedLoads++;
      throw error;
    }
  }

  /** Polls the cache until another process has stored the value, or this process gets its lease. */
  async #awaitOtherProcess<T>(
    job: LoadJob<T>,
    flight: Flight<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { cache, key, plan } = job;
    const random = (): number => this.#timing.random();
    const waitUntil = this.#timing.now() + plan.waitMs;
    for (let attempt = 0; this.#timing.now() < waitUntil; attempt++) {
      await pause(this.#timing, pollDelayMs(attempt, random), signal);
      signal.throwIfAborted();
      let fetched: FetchResult<T>;
      try {
        fetched = await cache.fetch<T>(key, plan.fetchOptions);
      } catch (error) {
        flight.stopJoining();
        return this.#loadUnleased(job, error, signal);
      }
      if (fetched.value !== undefined) return this.#serveHit(job, fetched, fetched.value);
      if (fetched.wonLease && fetched.cas !== undefined) {
        flight.lease = fetched.cas;
        return this.#loadLeased(job, fetched.cas, undefined, signal);
      }
      if (!fetched.leaseHeldByOther) return undefined;
    }
    flight.stopJoining();
    if (plan.onLeaseTimeout === 'load') return this.#load(job, signal);
    throw new CacheError('ERR_LOAD', {
      detail: `Another process did not load it within ${plan.waitMs} ms.`,
      key,
    });
  }

  /** Loads without a lease, when the cache fails or has no leases: once at a time per process. */
  async #loadUnleased<T>(
    job: LoadJob<T>,
    error: unknown,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const { cache, key, plan } = job;
    if (!isCacheFailure(error)) throw error;
    const canStore = error.code === 'ERR_UNSUPPORTED';
    if (canStore) {
      const value = await undefinedOnFailure(cache.get<T>(key, plan.callOptions));
      if (value !== undefined) return this.#serveUnleasedHit(key, value);
    } else {
      this.#counts.cacheErrors++;
      if (plan.onCacheError === 'fail') throw error;
    }
    const flight = this.#unleasedFlights.joinable<T>(key);
    if (flight !== undefined) {
      this.#counts.waits++;
      return flight.join(signal);
    }
    const started = this.#unleasedFlights.start<T>(key, undefined, async (_, loadSignal) => {
      const value = await this.#load(job, loadSignal);
      if (canStore) await addWithoutLease(job, value, this.#drawTtl(plan));
      return value;
    });
    return started.join(signal);
  }

  #serveUnleasedHit<T>(key: string, value: T): T | undefined {
    this.#counts.hits++;
    return unwrapMarker(value, key);
  }

  #drawTtl(plan: LoadPlan): number {
    return drawTtl(plan, () => this.#timing.random());
  }
}
