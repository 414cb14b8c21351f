/** A source of the current time. */
export interface Clock {
  /** Milliseconds since the Unix epoch; does not jump when somebody sets the wall clock. */
  nowMs(): number;
}

/** The machine's monotonic clock, with the offset that the wall clock had at thread start. */
export const machineClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
};

/** A clock that stands still until a test advances it. */
export class ManualClock implements Clock {
  #ms: number;
  constructor(startMs = 1_700_000_000_000) {
    this.#ms = startMs;
  }
  nowMs(): number {
    return this.#ms;
  }
  advanceSeconds(seconds: number): void {
    this.#ms += seconds * 1000;
  }
}
