/** Seconds, as the store counts them: from its own start, so that they fit 32 bits for a century. */
export interface Clock {
  /** Milliseconds since the epoch, from a source that does not jump when the wall clock is set. */
  nowMs(): number;
}

/** The machine's monotonic clock, set to the wall clock once, when the thread started. */
export const machineClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
};

/** A clock that a test turns by hand. */
export class HandClock implements Clock {
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
