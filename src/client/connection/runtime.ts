import type { NodeAddress } from '../../topology/index.ts';
import {
  type ClientSocket,
  openSocket,
  type SocketEvents,
  type SocketOptions,
  type TlsResumption,
} from './socket.ts';

/** A clock that never jumps. */
export interface MonotonicClock {
  /** Milliseconds since an arbitrary moment. */
  now(): number;
}

export interface ClientTimer {
  cancel(): void;
  /** The timer no longer keeps the process alive. */
  unref(): void;
}

/** What a client takes from the machine. A test gives it a simulated machine instead. */
export interface ClientRuntime extends MonotonicClock {
  setTimer(onFire: () => void, delayMs: number): ClientTimer;
  openSocket(
    address: NodeAddress,
    options: SocketOptions,
    resumption: TlsResumption,
    events: SocketEvents,
  ): ClientSocket;
  /** A random number in [0, 1). */
  random(): number;
}

/** The machine that runs the process. */
export const machineRuntime: ClientRuntime = {
  now: () => performance.now(),
  setTimer: (onFire, delayMs) => {
    const timeout = setTimeout(onFire, delayMs);
    return { cancel: () => clearTimeout(timeout), unref: () => void timeout.unref() };
  },
  openSocket,
  random: () => Math.random(),
};
