import type { Timing } from '../connection/runtime.ts';

export class TimeLimitError extends Error {
  override readonly name = 'TimeLimitError';

  constructor(limitMs: number) {
    super(`no reply within ${Math.round(limitMs)} ms`);
  }
}

/**
 * Runs `run` for at most `limitMs`, or until `outer` aborts. Then its signal aborts and the
 * returned promise rejects at once, even if `run` ignores the signal.
 */
export async function withTimeLimit<T>(
  timing: Pick<Timing, 'setTimer'>,
  limitMs: number,
  outer: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  outer.throwIfAborted();
  const controller = new AbortController();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = (reason: unknown): void => {
    controller.abort(reason);
    reject(reason);
  };
  const onOuterAbort = (): void => abort(outer.reason);
  const timer = timing.setTimer(() => abort(new TimeLimitError(limitMs)), limitMs);
  outer.addEventListener('abort', onOuterAbort, { once: true });
  try {
    return await Promise.race([run(controller.signal), aborted]);
  } finally {
    timer.cancel();
    outer.removeEventListener('abort', onOuterAbort);
  }
}
