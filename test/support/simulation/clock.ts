/** A timer that is further away is not waited for. */
const FURTHEST_MS = 600_000;

/** Time that passes only when it is told to, for code that uses the global timers. */
export class SimClock {
  now = 1000;
  readonly #timers = new Map<SimTimer, { readonly at: number; readonly ring: () => void }>();

  /** What takes the place of the globals. */
  readonly globals = {
    performance: { now: (): number => this.now },
    setTimeout: (ring: () => void, delayMs: number): SimTimer => {
      const timer = new SimTimer();
      this.#timers.set(timer, { at: this.now + Math.max(1, delayMs), ring });
      return timer;
    },
    clearTimeout: (timer: SimTimer | undefined): void => {
      if (timer !== undefined) this.#timers.delete(timer);
    },
  };

  /** Goes on to the next timer and lets it ring; false when there is none. */
  tick(): boolean {
    let first: SimTimer | undefined;
    let firstAt = this.now + FURTHEST_MS;
    for (const [timer, { at }] of this.#timers) if (at < firstAt) [first, firstAt] = [timer, at];
    if (first === undefined) return false;
    const { ring } = this.#timers.get(first)!;
    this.#timers.delete(first);
    this.now = Math.max(this.now, firstAt);
    ring();
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
