import { CodedError, machineClock } from '../base/index.ts';
import type { StoreTime } from '../store/index.ts';
import type { NodeThreads } from './threads/node-threads.ts';

/** The maintainer advances the clock each second, however much it has to do. */
const CLOCK_LATE_MS_MAX = 5000;

/**
 * A worker thread lets others have their turns after a few requests, so that it answers in
 * milliseconds. Probes of Kubernetes wait a second by default.
 */
const ANSWER_MS_MAX = 900;

/** Whether the threads of a node work: what a watchdog and `/healthz` ask for. */
export class ThreadCheck {
  readonly #storeClock: Pick<StoreTime, 'now'>;
  readonly #threads: Pick<NodeThreads, 'silentThreads'>;
  readonly #nowMs: () => number;
  #seconds = -1;
  #movedAtMs = 0;

  constructor(
    storeClock: Pick<StoreTime, 'now'>,
    threads: Pick<NodeThreads, 'silentThreads'>,
    nowMs: () => number = () => machineClock.nowMs(),
  ) {
    this.#storeClock = storeClock;
    this.#threads = threads;
    this.#nowMs = nowMs;
  }

  /**
   * Resolves once every worker thread has answered, or rejects within a second.
   * @throws {CodedError} `ERR_THREAD_SILENT` if a thread does not answer, `ERR_CHANNEL_CLOSED` if
   *   one has ended, or `ERR_MAINTAINER` if the clock stands still.
   */
  async check(): Promise<void> {
    const silent = await this.#threads.silentThreads(ANSWER_MS_MAX);
    if (silent.length > 0) throw silentError(silent);
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

function silentError(threads: readonly number[]): CodedError {
  const names = threads.map((nth) => `serve-${nth}`).join(', ');
  const verb = threads.length === 1 ? 'The thread' : 'The threads';
  const text = `${verb} ${names} did not answer within ${ANSWER_MS_MAX} ms.`;
  return new CodedError('ERR_THREAD_SILENT', text);
}
