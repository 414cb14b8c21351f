import { CacheError } from '../base/errors.ts';
import { Extensions } from '../connection/extensions.ts';
import type { ClientTimer, Timing } from '../connection/runtime.ts';

/** When a load began, and until when it may take: milliseconds on the clock of the client. */
interface LoadTime {
  readonly startedAt: number;
  /** After it another caller may load. */
  readonly endsAt: number;
}

const NOT_LOADING: LoadTime = {
  startedAt: Number.NEGATIVE_INFINITY,
  endsAt: Number.POSITIVE_INFINITY,
};

/** One load of a key in this process, with any number of callers that wait for its result. */
export class Flight<T> {
  /** The result of the load. A rejection without a waiting caller is not an unhandled rejection. */
  readonly result: Promise<T | undefined>;
  /** The lease token that this load holds. */
  lease: bigint | undefined;
  /** NOT_LOADING while it waits for the lease of another process. */
  time: LoadTime;
  readonly #abort = new AbortController();
  #waitingCalls = 0;
  #isJoiningStopped = false;
  #hasGivenUp = false;

  /** Calls `run` at once. */
  constructor(
    { lease, time = NOT_LOADING }: Partial<Pick<Flight<T>, 'lease' | 'time'>>,
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ) {
    this.lease = lease;
    this.time = time;
    this.result = run(this, this.#abort.signal);
    this.result.catch(() => {});
  }

  /** Whether the result will be as fresh for a new caller as for the callers that wait for it. */
  get isJoinable(): boolean {
    return !this.#isJoiningStopped && !this.#abort.signal.aborted;
  }

  /** Whether a call that began at `calledAt` may take the value of this load, and wait for it. */
  isFreshFor(calledAt: number, now: number): boolean {
    return this.isJoinable && this.time.startedAt >= calledAt && this.time.endsAt > now;
  }

  /** Keeps new callers out: the value that this load reads may be stale for them. */
  stopJoining(): void {
    this.#isJoiningStopped = true;
  }

  /** Whether the wait of the first caller ended: the result is its failure, not that of a load. */
  get hasGivenUp(): boolean {
    return this.#hasGivenUp;
  }

  giveUp(): void {
    this.stopJoining();
    this.#hasGivenUp = true;
  }

  /** Waits for the result. The flight aborts the load when the last waiting caller cancels. */
  join(signal: AbortSignal | undefined): Promise<T | undefined> {
    return this.#wait(this.result, signal);
  }

  /**
   * Like `join`, for at most `ms`: then it returns undefined, and the caller no longer waits. It
   * waits on if the process itself was busy, because the result may have arrived in the meantime.
   */
  async joinFor(
    timing: Timing,
    ms: number,
    signal: AbortSignal | undefined,
    keepsProcessAlive = true,
  ): Promise<{ readonly value: T | undefined } | undefined> {
    const timeout = Promise.withResolvers<undefined>();
    const extensions = new Extensions();
    let timer: ClientTimer;
    const wait = (delayMs: number): void => {
      const firesAt = timing.now() + delayMs;
      timer = timing.setTimer(() => {
        const extensionMs = extensions.next(this, timing.now() - firesAt, ms);
        if (extensionMs > 0) wait(extensionMs);
        else timeout.resolve(undefined);
      }, delayMs);
      if (!keepsProcessAlive) timer.unref();
    };
    wait(ms);
    const result = this.result.then((value) => ({ value }));
    try {
      const outcome = await this.#wait(Promise.race([result, timeout.promise]), signal);
      if (outcome === undefined && this.#waitingCalls === 0) this.#abort.abort();
      return outcome;
    } finally {
      timer!.cancel();
    }
  }

  async #wait<R>(outcome: Promise<R>, signal: AbortSignal | undefined): Promise<R> {
    this.#waitingCalls++;
    try {
      return await abortable(outcome, signal);
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
    start: ConstructorParameters<typeof Flight<T>>[0],
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ): Flight<T> {
    const flight = new Flight<T>(start, async (self, signal) => {
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
