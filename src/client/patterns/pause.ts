import type { Timing } from '../connection/runtime.ts';

/** Resolves after `ms`, or as soon as the signal aborts. */
export function pause(
  timing: Pick<Timing, 'setTimer'>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const end = (): void => {
      timer.cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = timing.setTimer(end, ms);
    signal.addEventListener('abort', end);
  });
}
