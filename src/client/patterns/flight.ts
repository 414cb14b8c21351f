import { CacheError } from '../base/errors.ts';

/** One load of a key in this process, with any number of callers that wait for its result. */
export class Flight<T> {
  /** The result of the load. A rejection without a waiting caller is not an unhandled rejection. */
  readonly result: Promise<T | undefined>;
  /**
   * The lease token that this load holds. Undefined while it waits for the lease of another
   * process.
   */
  lease: bigint | undefined;
  readonly #abort = new AbortController();
  #waitingCalls = 0;
  #isJoiningStopped = false;

  /** Calls `run` at once. */
  constructor(
    lease: bigint | undefined,
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ) {
    this.lease = lease;
    this.result = run(this, this.#abort.signal);
    this.result.catch(() => {});
  }

  /** Whether the result will be as fresh for a new caller as for the callers that wait for it. */
  get isJoinable(): boolean {
    return !this.#isJoiningStopped && !this.#abort.signal.aborted;
  }

  /** Keeps new callers out: the value that this load reads may be stale for them. */
  stopJoining(): void {
    this.#isJoiningStopped = true;
  }

  /** Waits for the result. The flight aborts the load when the last waiting caller cancels. */
  async join(signal: AbortSignal | undefined): Promise<T | undefined> {
    this.#waitingCalls++;
    try {
      return await abortable(this.result, signal);
    } catch (error) {
      if (signal?.aborted === true && this.#waitingCalls === 1) this.#abort.abort(signal.reason);
      throw error;
    } finally {
      this.#waitingCalls--;
    }
  }

  /** Lets the load continue in the background when no caller waits for it. */
  detach(): void {
    this.#waitingCalls++;
  }
}

/** The running loads of this process: the latest of each key. */
export class Flights {
  readonly #running = new Map<string, Flight<unknown>>();

  /** The load of the key, if a caller may still join it. The caller knows the type of the value. */
  joinable<T>(key: string): Flight<T> | undefined {
    const flight = this.#running.get(key) as Flight<T> | undefined;
    return flight?.isJoinable === true ? flight : undefined;
  }

  /** Starts a load. An older load of the key continues for the callers that have joined it. */
  start<T>(
    key: string,
    lease: bigint | undefined,
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ): Flight<T> {
    const flight = new Flight<T>(lease, async (self, signal) => {
      await undefined; // the flight must be in the map before it can settle
      try {
        return await run(self, signal);
      } finally {
        if (this.#running.get(key) === self) this.#running.delete(key);
      }
    });
    this.#running.set(key, flight);
    return flight;
  }
}

/**
 * Settles as `promise` does, or fails with ERR_ABORTED as soon as the signal aborts. It does not
 * cancel the work behind `promise`.
 */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  key?: string,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new CacheError('ERR_ABORTED', { key, cause: signal.reason }));
    const removeListener = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(removeListener);
  });
}
