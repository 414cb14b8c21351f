/** Tells how long to rest so that work keeps a rate. A time without work gives no credit. */
export class Pacer {
  readonly #perMs: number;
  #dueAtMs = Number.NEGATIVE_INFINITY;

  /** `perSecond` is above 0; infinity is no limit. */
  constructor(perSecond: number) {
    this.#perMs = perSecond / 1000;
  }

  /** The rest, in milliseconds, after `count` pieces of work that are done at `nowMs`. */
  restMs(count: number, nowMs: number): number {
    this.#dueAtMs = Math.max(this.#dueAtMs, nowMs) + count / this.#perMs;
    return this.#dueAtMs - nowMs;
  }
}
