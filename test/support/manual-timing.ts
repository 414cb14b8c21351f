import type { ClientTimer, Timing } from '../../src/client/connection/runtime.ts';

interface PendingTimer {
  readonly atMs: number;
  readonly onFire: () => void;
  isHeld: boolean;
}

/** Time that stands still until a test advances it; every random number is the middle one. */
export class ManualTiming implements Timing {
  #nowMs = 1000;
  readonly #timers = new Set<PendingTimer>();

  now(): number {
    return this.#nowMs;
  }

  unixMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  random(): number {
    return 0.5;
  }

  setTimer(onFire: () => void, delayMs: number): ClientTimer {
    const timer: PendingTimer = { atMs: this.#nowMs + delayMs, onFire, isHeld: true };
    this.#timers.add(timer);
    return {
      cancel: () => void this.#timers.delete(timer),
      unref: () => {
        timer.isHeld = false;
      },
    };
  }

  get timerCount(): number {
    return this.#timers.size;
  }

  /** Whether a timer keeps the process alive. */
  get keepsProcessAlive(): boolean {
    return [...this.#timers].some(({ isHeld }) => isHeld);
  }

  /** Fires the timers of the next `ms`, each at its time, and lets promises settle in between. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settlePromises();
    for (let next = this.#next(endMs); next !== undefined; next = this.#next(endMs)) {
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.onFire();
      await settlePromises();
    }
    this.#nowMs = endMs;
  }

  /** The first timer that fires until then. */
  #next(endMs: number): PendingTimer | undefined {
    const due = [...this.#timers].filter(({ atMs }) => atMs <= endMs);
    return due.sort((a, b) => a.atMs - b.atMs)[0];
  }
}

function settlePromises(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
