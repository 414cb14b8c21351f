/** Time and timers of the machine, or of a simulated one. */
export interface Timers {
  /** Milliseconds; never falls. */
  nowMs(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}
