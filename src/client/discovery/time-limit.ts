/**
 * Runs something that has until `limitMs` passes, or `outer` is aborted. It is told by its signal, and
 * not waited for any longer, even if it does not listen.
 */
export async function withinLimit<T>(
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
  const end = (): void => abort(outer.reason);
  const text = `no answer within ${Math.round(limitMs)} ms`;
  const timer = setTimeout(() => abort(new Error(text)), limitMs);
  outer.addEventListener('abort', end, { once: true });
  try {
    return await Promise.race([run(controller.signal), aborted]);
  } finally {
    clearTimeout(timer);
    outer.removeEventListener('abort', end);
  }
}
