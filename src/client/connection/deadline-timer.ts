/**
 * One timer for many deadlines. The owner arms it for each deadline; the timer keeps the earliest
 * one. When it fires, the owner checks all deadlines. Times are milliseconds on the monotonic
 * clock.
 */
export class DeadlineTimer {
  readonly #onFire: (now: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(onFire: (now: number) => void) {
    this.#onFire = onFire;
  }

  /** Fires at `deadlineAt`, or earlier if the timer is already armed for an earlier deadline. */
  armBy(deadlineAt: number): void {
    if (deadlineAt >= this.#firesAt) return;
    this.stop();
    this.#firesAt = deadlineAt;
    const delayMs = Math.max(1, Math.ceil(deadlineAt - performance.now()));
    this.#timer = setTimeout(() => {
      this.#firesAt = Number.POSITIVE_INFINITY;
      this.#onFire(performance.now());
    }, delayMs);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#firesAt = Number.POSITIVE_INFINITY;
  }
}
