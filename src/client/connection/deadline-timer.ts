import { Extensions } from './extensions.ts';
import type { ClientRuntime, ClientTimer } from './runtime.ts';

interface DeadlineOwner {
  /** What the next reply is for. */
  readonly oldest: () => unknown;
  /** Checks all deadlines. */
  readonly check: (now: number) => void;
}

/**
 * One timer for many deadlines. The owner arms it for each deadline; the timer keeps the earliest
 * one. When it fires, the owner checks all deadlines. When it is late, because the process itself
 * was busy, it waits again first. Times are milliseconds on the monotonic clock.
 */
export class DeadlineTimer {
  readonly #runtime: ClientRuntime;
  readonly #extensionMsMax: number;
  readonly #owner: DeadlineOwner;
  readonly #extensions = new Extensions();
  #timer: ClientTimer | undefined;
  #firesAt = Number.POSITIVE_INFINITY;

  /** @param extensionMsMax how much longer it waits at most, when the process was busy. */
  constructor(runtime: ClientRuntime, extensionMsMax: number, owner: DeadlineOwner) {
    this.#runtime = runtime;
    this.#extensionMsMax = extensionMsMax;
    this.#owner = owner;
  }

  /** Fires at `deadlineAt`, or earlier if the timer is already armed for an earlier deadline. */
  armBy(deadlineAt: number): void {
    if (deadlineAt >= this.#firesAt) return;
    this.stop();
    this.#firesAt = deadlineAt;
    const delayMs = Math.max(1, Math.ceil(deadlineAt - this.#runtime.now()));
    this.#timer = this.#runtime.setTimer(() => {
      this.#firesAt = Number.POSITIVE_INFINITY;
      const now = this.#runtime.now();
      const { oldest } = this.#owner;
      const lateMs = now - deadlineAt;
      const extensionMs = this.#extensions.next(oldest(), lateMs, this.#extensionMsMax);
      if (extensionMs > 0) this.armBy(now + extensionMs);
      else this.#owner.check(now);
    }, delayMs);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#firesAt = Number.POSITIVE_INFINITY;
  }
}
