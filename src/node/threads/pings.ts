import { withinTime } from '../within-time.ts';

/** Asks threads whether they work. A thread has at most one question, however often it is asked. */
export class Pings {
  readonly #ask: (nth: number) => Promise<void>;
  /** The question of each thread that waits for its answer. */
  readonly #waiting = new Map<number, Promise<void>>();

  constructor(ask: (nth: number) => Promise<void>) {
    this.#ask = ask;
  }

  /**
   * Resolves with the numbers of the threads 0 … `count` - 1 that have not answered within `msMax`.
   * @throws the reason of a question that fails in this time.
   */
  async silent(count: number, msMax: number): Promise<readonly number[]> {
    const all = Array.from({ length: count }, (_, nth) => this.#question(nth));
    await withinTime(Promise.all(all), msMax);
    return [...this.#waiting.keys()].toSorted((a, b) => a - b);
  }

  #question(nth: number): Promise<void> {
    const waiting = this.#waiting.get(nth);
    if (waiting !== undefined) return waiting;
    const question = this.#ask(nth).finally(() => this.#waiting.delete(nth));
    this.#waiting.set(nth, question);
    return question;
  }
}
