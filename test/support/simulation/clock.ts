/** The clock does not wait for timers that are further away. */
const TIMER_MS_MAX = 600_000;

/** A simulated clock for code that uses the global timers; only `fireNext` advances it. */
export class SimClock {
  now = 1000;
  readonly #timers = new Map<SimTimer, { readonly at: number; readonly onFire: () => void }>();

  /** The replacements of the globals. */
  readonly globals = {
    performance: { now: (): number => this.now },
    setTimeout: (onFire: () => void, delayMs: number): SimTimer => {
      const timer = new SimTimer();
      this.#timers.set(timer, { at: this.now + Math.max(1, delayMs), onFire });
      return timer;
    },
    clearTimeout: (timer: SimTimer | undefined): void => {
      if (timer !== undefined) this.#timers.delete(timer);
    },
  };

  /** Advances to the next timer and fires it; returns false if there is none. */
  fireNext(): boolean {
    let next: SimTimer | undefined;
    let nextAt = this.now + TIMER_MS_MAX;
    for (const [timer, { at }] of this.#timers) if (at < nextAt) [next, nextAt] = [timer, at];
    if (next === undefined) return false;
    const { onFire } = this.#timers.get(next)!;
    this.#timers.delete(next);
    this.now = Math.max(this.now, nextAt);
    onFire();
    return true;
  }
}

class SimTimer {
  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }
}
