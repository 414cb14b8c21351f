import type { PeerMachine } from '../peers/machine.ts';

/** Time and timers of the machine, or of a simulated one. */
export interface Timers {
  /** Milliseconds; never falls. */
  nowMs(): number;
  /** The Unix time in milliseconds, as the store of the node has it. */
  unixMs(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}

/** The time and the timers of a machine. */
export function machineTimers({
  nowMs,
  unixMs,
  setTimer,
}: Pick<PeerMachine, 'nowMs' | 'unixMs' | 'setTimer'>): Timers {
  return { nowMs, unixMs, setTimer };
}
