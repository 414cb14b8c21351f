import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 5;

/**
 * Calls `check` until it returns neither `undefined` nor false; returns its result. Throws an error
 * that contains `what` after `timeoutMs`.
 */
export async function waitUntil<T>(
  what: string,
  check: () => Promise<T | undefined | false> | T | undefined | false,
  timeoutMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result !== undefined && result !== false) return result;
    if (performance.now() > deadline) throw new Error(`timed out after ${timeoutMs} ms: ${what}`);
    await pause(POLL_MS);
  }
}
