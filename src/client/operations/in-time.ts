import { CacheError } from '../base/errors.ts';
import type { Timing } from '../connection/runtime.ts';

/** When the wait for another thread ends early. */
interface Limits {
  readonly signal: AbortSignal | undefined;
  readonly deadlineAt: number;
  readonly timing: Timing;
  /** Whether the node has not received the operation. */
  readonly isUnsent: boolean;
}

/**
 * Settles with the work of another thread, or fails at the deadline or when the caller cancels: the
 * thread then works for nothing.
 */
export function inTime<T>(work: Promise<T>, limits: Limits): Promise<T> {
  const { signal, deadlineAt, timing, isUnsent } = limits;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(
        new CacheError(isUnsent ? 'ERR_ABORTED_UNSENT' : 'ERR_ABORTED', { cause: signal?.reason }),
      );
    };
    if (signal?.aborted === true) abort();
    signal?.addEventListener('abort', abort, { once: true });
    const leftMs = Math.max(1, deadlineAt - timing.now());
    const timer = timing.setTimer(() => {
      reject(new CacheError(isUnsent ? 'ERR_DEADLINE_UNSENT' : 'ERR_DEADLINE'));
    }, leftMs);
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', abort);
    };
    work.then(resolve, reject).finally(end);
  });
}
