/** A source of the current time. */
export interface Clock {
  /** Milliseconds since the Unix epoch; does not jump when somebody sets the wall clock. */
  nowMs(): number;
}

/** The machine's monotonic clock, with the offset that the wall clock had at thread start. */
export const machineClock: Clock = {
  nowMs: () => performance.timeOrigin + performance.now(),
};

/** Milliseconds since the thread started, for durations: finer than the clock of the epoch. */
export const threadClock: Clock = { nowMs: () => performance.now() };
