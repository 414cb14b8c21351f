import { CodedError } from '../../base/index.ts';
import type { Host } from '../process/host.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;

/** Ends a dump by a signal, so that it removes what it has written. */
export class DumpInterrupt {
  readonly #events: Host['events'];
  readonly #stop = new AbortController();
  readonly #onSignal = (signal: NodeJS.Signals): void => {
    const text = `${signal} ended the dump: it is not complete, and what it wrote is removed.`;
    this.#stop.abort(new CodedError('ERR_INTERRUPTED', text));
  };

  constructor({ events }: Host) {
    this.#events = events;
    for (const signal of SIGNALS) events.on(signal, this.#onSignal);
  }

  /** The result of work, or a rejection once a signal has come. */
  async unless<T>(work: Promise<T>): Promise<T> {
    const { signal } = this.#stop;
    const { promise, reject } = Promise.withResolvers<never>();
    const onAbort = (): void => reject(signal.reason);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    try {
      return await Promise.race([work, promise]);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }

  dispose(): void {
    for (const signal of SIGNALS) this.#events.off(signal, this.#onSignal);
  }
}
