import { CacheError } from '../errors.ts';

/** One load of a key, that any number of callers in this process wait for. */
export class Flight<T> {
  /** Settled with the value; a rejection that nobody waits for is nobody's. */
  readonly ended: Promise<T | undefined>;
  /** The lease that this load holds; undefined while it only waits for another's, or has none. */
  lease: bigint | undefined;
  readonly #abort = new AbortController();
  #callers = 0;
  #isFull = false;

  /** `run` begins at once. */
  constructor(
    lease: bigint | undefined,
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ) {
    this.lease = lease;
    this.ended = run(this, this.#abort.signal);
    this.ended.catch(() => {});
  }

  /** Whether the value will be as good for who comes now as for those who came before. */
  get isOpen(): boolean {
    return !this.#isFull && !this.#abort.signal.aborted;
  }

  /** From now on who comes must not join: what is read for this load may be old by then. */
  closeToOthers(): void {
    this.#isFull = true;
  }

  /** Waits for the value; when the last who waits gives up, the load is called off. */
  async join(signal: AbortSignal | undefined): Promise<T | undefined> {
    this.#callers++;
    try {
      return await abortable(this.ended, signal);
    } catch (error) {
      if (signal?.aborted === true && this.#callers === 1) this.#abort.abort(signal.reason);
      throw error;
    } finally {
      this.#callers--;
    }
  }

  /** Keeps the load going although nobody waits for it. */
  detach(): void {
    this.#callers++;
  }
}

/** Loads under way, the latest of each key. */
export class Flights {
  readonly #running = new Map<string, Flight<unknown>>();

  /** The load of the key, if one may still join it. Whoever asks knows the type that it loads. */
  open<T>(key: string): Flight<T> | undefined {
    const flight = this.#running.get(key) as Flight<T> | undefined;
    return flight?.isOpen === true ? flight : undefined;
  }

  /** An older load of the key goes on for those who have joined it. */
  start<T>(
    key: string,
    lease: bigint | undefined,
    run: (flight: Flight<T>, signal: AbortSignal) => Promise<T | undefined>,
  ): Flight<T> {
    const flight = new Flight<T>(lease, async (mine, signal) => {
      await undefined; // so that it is in the map before it can end
      try {
        return await run(mine, signal);
      } finally {
        if (this.#running.get(key) === mine) this.#running.delete(key);
      }
    });
    this.#running.set(key, flight);
    return flight;
  }
}

/** `promise`, or ERR_ABORTED as soon as the signal is given; the promise is left to itself. */
export function abortable<T>(
  promise: Promise<T>,
  signal: AbortSignal | undefined,
  key?: string,
): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new CacheError('ERR_ABORTED', { key, cause: signal.reason }));
    const done = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(done);
  });
}
