import { setTimeout as pause } from 'node:timers/promises';

const POLL_MS = 5;

/** Waits until `look` gives something else than `undefined` or false; fails with `what` after `patienceMs`. */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  patienceMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (seen !== undefined && seen !== false) return seen;
    if (performance.now() > deadline) throw new Error(`waited ${patienceMs} ms in vain: ${what}`);
    await pause(POLL_MS);
  }
}
