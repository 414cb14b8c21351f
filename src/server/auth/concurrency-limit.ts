/** Runs at most `runningMax` tasks at the same time, lets `waitingMax` wait, and refuses more. */
export class ConcurrencyLimit {
  readonly #runningMax: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(runningMax: number, waitingMax: number) {
    this.#runningMax = runningMax;
    this.#waitingMax = waitingMax;
  }

  /** Runs a task; resolves with its result, or with undefined if the limit refuses it. */
  async run<T>(task: () => Promise<T>): Promise<T | undefined> {
    if (this.#running === this.#runningMax) {
      if (this.#waiting.length === this.#waitingMax) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
