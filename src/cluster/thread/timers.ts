import type { PeerMachine } from '../peers/machine.ts';

/** Time and timers of the machine, or of a simulated one. */
export interface Timers {
  /** Milliseconds; never falls. */
  nowMs(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}

/** The time and the timers of a machine. */
export function machineTimers({
  nowMs,
  setTimer,
}: Pick<PeerMachine, 'nowMs' | 'setTimer'>): Timers {
  return { nowMs, setTimer };
}
