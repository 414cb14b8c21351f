import { CacheError, isCacheFailure } from '../base/errors.ts';
import { callHandler } from '../base/handlers.ts';
import type { Timing } from '../connection/runtime.ts';
import type { Loader } from '../operations/cache.ts';
import type { FetchResult } from '../operations/reply-handlers.ts';
import type { LoadOptions } from '../option-types/patterns.ts';
import { abortable, type Flight, Flights } from './flight.ts';
import {
  addWithoutLease,
  deadlineOf,
  type LeasingCache,
  type LoadJob,
  releaseLease,
  storeWithLease,
  undefinedOnFailure,
} from './lease-writes.ts';
import { failureMarker, noValueMarker, unwrapMarker } from './load-markers.ts';
import { deadlineMsOf, drawTtl, type LoadPlan, LoadPlanner, pollDelayMs } from './load-plan.ts';
import { pause } from './pause.ts';
import { loadPastDeadline, type SharedLoad, SharedLoads } from './shared-loads.ts';

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
  /** How often a call waited for a load in this process or in another one. */
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
  readonly #planner = new LoadPlanner();
  /** The latest load of each key that holds a lease, or waits for the lease of another process. */
  readonly #flights = new Flights();
  /** Loads without a lease, because the cache is down, has no leases, or another load is late. */
  readonly #sharedLoads: SharedLoads;
  /** Each settles with a refresh in the background, at the latest when its lease is over. */
  readonly #refreshes = new Set<Promise<unknown>>();
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
    this.#sharedLoads = new SharedLoads(timing);
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
    const plan = this.#planner.planOf(options);
    const { signal, onRefreshError } = options;
    const calledAt = this.#timing.now();
    const job: LoadJob<T> = { cache, key, load, plan, onRefreshError, calledAt };
    if (signal?.aborted === true)
      throw new CacheError('ERR_ABORTED_UNSENT', { key, cause: signal.reason });
    // The signal does not cancel the fetch: its reply may grant a lease, which must be released.
    return abortable(this.#fetchOrLoad(job, signal), signal, key);
  }

  /** Resolves when the refreshes that run now have settled, or their leases are over. */
  async settled(): Promise<void> {
    await Promise.all(this.#refreshes);
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
    return this.#joinOrPoll(job, fetched.cas, signal);
  }

  async #serveHit<T>(job: LoadJob<T>, fetched: FetchResult<T>, value: T): Promise<T | undefined> {
    this.#counts.hits++;
    if (fetched.wonLease || fetched.leaseHeldByOther) this.#counts.staleHits++;
    if (fetched.wonLease && fetched.cas !== undefined) {
      const flight = this.#startLoad(job, fetched.cas, fetched.ttl);
      flight.detach();
      if (this.#refreshes.size < REFRESHES_MAX) this.#refreshInBackground(job, flight);
      else {
        const leaseMs = job.plan.leaseSeconds * 1000;
        const outcome = await flight.joinFor(this.#timing, leaseMs, undefined);
        if (outcome !== undefined) return outcome.value;
      }
    }
    return unwrapMarker(value, job.key);
  }

  #refreshInBackground<T>(job: LoadJob<T>, flight: Flight<T>): void {
    const { key, plan, onRefreshError } = job;
    flight.result.catch((error: unknown) => {
      callHandler('onRefreshError', () => onRefreshError?.(error, key));
    });
    const settled = flight.joinFor(this.#timing, plan.leaseSeconds * 1000, undefined, false);
    const refresh = settled.catch(() => {}).finally(() => this.#refreshes.delete(refresh));
    this.#refreshes.add(refresh);
  }

  /**
   * Joins the flight that has this lease, or one that waits for another process; without one it
   * polls the cache itself.
   */
  #joinOrPoll<T>(
    job: LoadJob<T>,
    lease: bigint | undefined,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const flight = this.#flights.joinable<T>(job.key);
    const fits = flight !== undefined && (flight.lease === undefined || flight.lease === lease);
    if (fits && flight.time.endsAt > this.#timing.now()) {
      return this.#sharedLoads.awaitFlight(flight, this.#shared(job, signal), signal);
    }
    const polling = this.#flights.start<T>(job.key, {}, (self, flightSignal) => {
      return this.#awaitOtherProcess(job, self, flightSignal);
    });
    return polling.join(signal);
  }

  /** What the job shares with other calls of the key. */
  #shared<T>(job: LoadJob<T>, signal: AbortSignal | undefined): SharedLoad<T> {
    const { key } = job;
    return {
      ...job,
      name: key,
      deadlineAt: deadlineOf(job, this.#timing.now()),
      load: (loadSignal) => this.#load(job, loadSignal),
      leased: () => this.#flights.joinable<T>(key),
      retry: () => this.#fetchOrLoad(job, signal),
      rejoin: () => this.#joinOrPoll(job, undefined, signal),
    };
  }

  /**
   * Starts a load with a lease. An earlier load of the key, whose lease has ended, continues for
   * its callers but cannot store its value. New callers do not join it, because its value may be
   * stale.
   * @param staleTtl the remaining `ttl` of the old value, when the load is a refresh.
   */
  #startLoad<T>(job: LoadJob<T>, lease: bigint, staleTtl?: number): Flight<T> {
    const time = this.#sharedLoads.timeOf(job.plan);
    return this.#flights.start(job.key, { lease, time }, (_, signal) => {
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
    const waitUntil = Math.min(job.calledAt + plan.waitMs, deadlineOf(job, this.#timing.now()));
    for (let attempt = 0; this.#timing.now() < waitUntil; attempt++) {
      const leftMs = waitUntil - this.#timing.now();
      await pause(this.#timing, Math.min(leftMs, pollDelayMs(attempt, random)), signal);
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
        flight.time = this.#sharedLoads.timeOf(plan);
        return this.#loadLeased(job, fetched.cas, undefined, signal);
      }
      if (!fetched.leaseHeldByOther) return undefined;
    }
    return this.#afterWait(job, flight, signal);
  }

  /** What the caller that polled the cache for all does after its `waitMs` or its deadline. */
  async #afterWait<T>(
    job: LoadJob<T>,
    flight: Flight<T>,
    signal: AbortSignal,
  ): Promise<T | undefined> {
    const { key, plan } = job;
    const isPastDeadline = deadlineOf(job, this.#timing.now()) <= job.calledAt + plan.waitMs;
    if (isPastDeadline || plan.onLeaseTimeout === 'fail') flight.giveUp();
    else flight.stopJoining();
    if (isPastDeadline) throw loadPastDeadline(key);
    return this.#sharedLoads.loadLate(this.#shared(job, signal), signal);
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
      if (value !== undefined) {
        this.#counts.hits++;
        return unwrapMarker(value, key);
      }
    } else {
      this.#counts.cacheErrors++;
      if (plan.onCacheError === 'fail') throw error;
    }
    // The failed request may have taken all the time until the deadline of the call.
    const deadlineAt = this.#timing.now() + deadlineMsOf(plan);
    const shared = { ...this.#shared(job, signal), deadlineAt };
    if (this.#sharedLoads.running(key) !== undefined) this.#counts.waits++;
    const run = async (loadSignal: AbortSignal): Promise<T | undefined> => {
      const value = await this.#load(job, loadSignal);
      if (canStore) await addWithoutLease(job, value, this.#drawTtl(plan));
      return value;
    };
    return this.#sharedLoads.joinOrStart(shared, signal, run);
  }

  #drawTtl(plan: LoadPlan): number {
    return drawTtl(plan, () => this.#timing.random());
  }
}
