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

/** `promise`, or ERR_ABORTED as soon as the signal is given; the promise is left to itself. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(new CacheError('ERR_ABORTED', { cause: signal.reason }));
    const done = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(done);
  });
}
