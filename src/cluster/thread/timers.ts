import { threadClock } from '../../base/index.ts';
import type { PeerMachine } from '../peers/machine.ts';

/** Time and timers of the machine, or of a simulated one. */
export interface Timers {
  /** Milliseconds; never falls. */
  nowMs(): number;
  setTimer(onFire: () => void, delayMs: number): { cancel(): void };
}

/** The timers of a machine, with the time of this thread. */
export function machineTimers({ setTimer }: Pick<PeerMachine, 'setTimer'>): Timers {
  return { nowMs: () => threadClock.nowMs(), setTimer };
}
