import { CodedError, machineClock } from '../base/index.ts';
import type { StoreTime } from '../store/index.ts';
import type { NodeThreads } from './threads/node-threads.ts';

/** The maintainer advances the clock each second, however much it has to do. */
const CLOCK_LATE_MS_MAX = 5000;

/** Whether the threads of a node work: what a watchdog asks for. */
export class ThreadCheck {
  readonly #storeClock: Pick<StoreTime, 'now'>;
  readonly #threads: Pick<NodeThreads, 'ping'>;
  readonly #nowMs: () => number;
  #seconds = -1;
  #movedAtMs = 0;

  constructor(
    storeClock: Pick<StoreTime, 'now'>,
    threads: Pick<NodeThreads, 'ping'>,
    nowMs: () => number = () => machineClock.nowMs(),
  ) {
    this.#storeClock = storeClock;
    this.#threads = threads;
    this.#nowMs = nowMs;
  }

  /**
   * Resolves once every worker thread has answered; while one of them hangs, it does not.
   * @throws {CodedError} `ERR_CHANNEL_CLOSED` if a thread has ended, or `ERR_MAINTAINER` if the
   *   clock stands still.
   */
  async check(): Promise<void> {
    await this.#threads.ping();
    const seconds = this.#storeClock.now();
    const nowMs = this.#nowMs();
    if (seconds !== this.#seconds) {
      this.#seconds = seconds;
      this.#movedAtMs = nowMs;
    } else if (nowMs - this.#movedAtMs > CLOCK_LATE_MS_MAX) {
      throw new CodedError(
        'ERR_MAINTAINER',
        `The maintainer has not advanced the clock for ${CLOCK_LATE_MS_MAX / 1000} s.`,
      );
    }
  }
}
