import type { NodeAddress } from '../../topology/index.ts';
import type { ClientClock } from '../base/client-clock.ts';
import {
  type ClientSocket,
  openSocket,
  type SocketEvents,
  type SocketOptions,
  type TlsResumption,
} from './socket.ts';

export interface ClientTimer {
  cancel(): void;
  /** The timer no longer keeps the process alive. */
  unref(): void;
}

/** What waits and delays take from the machine. */
export interface Timing extends ClientClock {
  setTimer(onFire: () => void, delayMs: number): ClientTimer;
  /** A random number in [0, 1), for jitter. */
  random(): number;
}

/** What a client takes from the machine. A test gives it a simulated machine instead. */
export interface ClientRuntime extends Timing {
  openSocket(
    address: NodeAddress,
    options: SocketOptions,
    resumption: TlsResumption,
    events: SocketEvents,
  ): ClientSocket;
}

/** The machine that runs the process. */
export const machineRuntime: ClientRuntime = {
  now: () => performance.now(),
  unixMs: () => Date.now(),
  setTimer: (onFire, delayMs) => {
    const timeout = setTimeout(onFire, delayMs);
    return { cancel: () => clearTimeout(timeout), unref: () => void timeout.unref() };
  },
  openSocket,
  random: () => Math.random(),
};
