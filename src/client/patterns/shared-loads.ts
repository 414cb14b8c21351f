import { CacheError } from '../base/errors.ts';
import type { Timing } from '../connection/runtime.ts';
import { type Flight, Flights } from './flight.ts';
import type { LoadPlan } from './load-plan.ts';

/** What a call needs to share a load with other calls of its process. */
export interface SharedLoad<T> {
  /** Calls with the same name share a load. */
  readonly name: string;
  readonly key: string;
  readonly plan: Pick<LoadPlan, 'waitMs' | 'onLeaseTimeout' | 'leaseSeconds'>;
  /** When the call began, in milliseconds on the clock of the client. */
  readonly calledAt: number;
  /** When the call stops waiting for loads of other callers: its own deadline, or Infinity. */
  readonly deadlineAt: number;
  readonly load: (signal: AbortSignal) => Promise<T | undefined>;
  /** The flight that holds the lease of the key. */
  readonly leased?: () => Flight<T> | undefined;
  /** Reads the cache again, when the time of the load that the call has joined is over. */
  readonly retry: () => Promise<T | undefined>;
  /** Waits on, when the caller that polled the cache for all has given up. */
  readonly rejoin?: () => Promise<T | undefined>;
}

/** Loads without a lease: one at a time for each name in this process. */
export class SharedLoads {
  readonly #timing: Timing;
  readonly #flights = new Flights();
  /** Loads of calls that have waited for `waitMs`. */
  readonly #lateFlights = new Flights();

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  /** The load that a call may join: one whose time is not over. */
  running<T>(name: string): Flight<T> | undefined {
    const flight = this.#flights.joinable<T>(name);
    return flight !== undefined && flight.time.endsAt > this.#timing.now() ? flight : undefined;
  }

  /** Joins the running load, or starts one by `run`. */
  joinOrStart<T>(
    shared: SharedLoad<T>,
    signal: AbortSignal | undefined,
    run: SharedLoad<T>['load'] = shared.load,
  ): Promise<T | undefined> {
    const { name, plan } = shared;
    const running = this.running<T>(name);
    if (running !== undefined) return this.awaitFlight(running, shared, signal);
    const time = this.timeOf(plan);
    return this.#flights.start<T>(name, { time }, (_, loadSignal) => run(loadSignal)).join(signal);
  }

  /** The time of a load that begins now. */
  timeOf({ leaseSeconds }: Pick<LoadPlan, 'leaseSeconds'>): Flight<unknown>['time'] {
    const startedAt = this.#timing.now();
    return { startedAt, endsAt: startedAt + leaseSeconds * 1000 };
  }

  /**
   * Waits for a load of another caller. The load may never settle, so the call leaves it when the
   * time of the load is over, and reads the cache again; or after its own `waitMs`.
   */
  async awaitFlight<T>(
    flight: Flight<T>,
    shared: SharedLoad<T>,
    signal: AbortSignal | undefined,
  ): Promise<T | undefined> {
    const { key, plan, calledAt, deadlineAt, rejoin } = shared;
    const waitUntil = Math.min(calledAt + plan.waitMs, deadlineAt);
    for (let left: Flight<T> | undefined; ; left = flight) {
      const now = this.#timing.now();
      if (now >= deadlineAt) throw loadPastDeadline(key);
      if (now >= flight.time.endsAt) return shared.retry();
      if (now >= waitUntil) return this.loadLate(shared, signal, left);
      // A flight that waits for another process may get the lease and its end in between.
      const until = Math.min(waitUntil, flight.time.endsAt, now + plan.leaseSeconds * 1000);
      try {
        const outcome = await flight.joinFor(this.#timing, until - now, signal);
        if (outcome !== undefined) return outcome.value;
      } catch (error) {
        if (!flight.hasGivenUp || rejoin === undefined || signal?.aborted === true) throw error;
        if (this.#timing.now() < waitUntil) return rejoin();
      }
    }
  }

  /**
   * The value for a call that has waited for `waitMs`. It joins a load that began after the call,
   * so that many waiting calls do not load at once, for the time that a load may take. Without such
   * a load it loads.
   * @param left the flight for which the call has waited.
   */
  async loadLate<T>(
    { name, key, plan, calledAt, deadlineAt, load, leased }: SharedLoad<T>,
    signal: AbortSignal | undefined,
    left?: Flight<T>,
  ): Promise<T | undefined> {
    if (plan.onLeaseTimeout === 'fail') throw notLoaded(key, plan.waitMs);
    const candidates = [leased?.(), this.#lateFlights.joinable<T>(name)];
    const now = this.#timing.now();
    const flight = candidates.find((each) => each !== left && each?.isFreshFor(calledAt, now));
    if (flight === undefined) {
      const time = this.timeOf(plan);
      const start = this.#lateFlights.start<T>(name, { time }, (_, lateSignal) => load(lateSignal));
      return start.join(signal);
    }
    const leaseMs = plan.leaseSeconds * 1000;
    const leftMs = deadlineAt - now;
    const outcome = await flight.joinFor(this.#timing, Math.min(leaseMs, leftMs), signal);
    if (outcome !== undefined) return outcome.value;
    throw leftMs <= leaseMs ? loadPastDeadline(key) : notLoaded(key, plan.waitMs + leaseMs);
  }
}

export function loadPastDeadline(key: string): CacheError {
  return new CacheError('ERR_DEADLINE', { key, detail: 'Another caller still loads the value.' });
}

function notLoaded(key: string, ms: number): CacheError {
  return new CacheError('ERR_LOAD', { key, detail: `No other caller loaded it within ${ms} ms.` });
}
