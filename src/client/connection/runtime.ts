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
  /**
   * The timer fires after what has arrived by then was read: a process that was busy in the
   * meantime must not take an unread reply for none.
   */
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
    // The event loop runs timers, then reads the sockets, then runs immediates.
    let immediate: NodeJS.Immediate | undefined;
    const timeout = setTimeout(() => {
      immediate = setImmediate(onFire);
    }, delayMs);
    const cancel = (): void => {
      clearTimeout(timeout);
      clearImmediate(immediate);
    };
    return { cancel, unref: () => void timeout.unref() };
  },
  openSocket,
  random: () => Math.random(),
};
