import type { ClientRuntime, ClientTimer } from './runtime.ts';

/**
 * One timer for many deadlines. The owner arms it for each deadline; the timer keeps the earliest
 * one. When it fires, the owner checks all deadlines. Times are milliseconds on the monotonic
 * clock.
 */
export class DeadlineTimer {
  readonly #runtime: ClientRuntime;
  readonly #onFire: (now: number) => void;
  #timer: ClientTimer | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  constructor(runtime: ClientRuntime, onFire: (now: number) => void) {
    this.#runtime = runtime;
    this.#onFire = onFire;
  }

  /** Fires at `deadlineAt`, or earlier if the timer is already armed for an earlier deadline. */
  armBy(deadlineAt: number): void {
    if (deadlineAt >= this.#firesAt) return;
    this.stop();
    this.#firesAt = deadlineAt;
    const delayMs = Math.max(1, Math.ceil(deadlineAt - this.#runtime.now()));
    this.#timer = this.#runtime.setTimer(() => {
      this.#firesAt = Number.POSITIVE_INFINITY;
      this.#onFire(this.#runtime.now());
    }, delayMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#firesAt = Number.POSITIVE_INFINITY;
  }
}
