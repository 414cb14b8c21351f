/** Lets so many pieces of work run at once, and so many wait; more are turned away. */
export class Turns {
  readonly #atOnce: number;
  readonly #waitingMax: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(atOnce: number, waitingMax: number) {
    this.#atOnce = atOnce;
    this.#waitingMax = waitingMax;
  }

  /** What the work comes to; undefined when it was turned away. */
  async run<T>(work: () => Promise<T>): Promise<T | undefined> {
    if (this.#running === this.#atOnce) {
      if (this.#waiting.length === this.#waitingMax) return undefined;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    } else {
      this.#running++;
    }
    try {
      return await work();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  }
}
