/** The pause before a node that is down is tried the n-th time (from 0), in milliseconds. */
const FIRST_PROBE_MS = 50;
const LONGEST_PROBE_MS = 2_000;
const JITTER = 0.25;

/** Doubles up to a bound; jitter keeps many clients from knocking at the same moment. */
export function probeDelayMs(attempt: number, random: () => number = Math.random): number {
  const delay = Math.min(LONGEST_PROBE_MS, FIRST_PROBE_MS * 2 ** Math.min(attempt, 10));
  return jittered(delay, random);
}

/** Give or take a quarter. */
export function jittered(delayMs: number, random: () => number = Math.random): number {
  return delayMs * (1 - JITTER + 2 * JITTER * random());
}
