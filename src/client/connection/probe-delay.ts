const PROBE_DELAY_MS_MIN = 50;
const PROBE_DELAY_MS_MAX = 2_000;
const JITTER = 0.25;

/**
 * The delay before probe number `attempt` (from 0) of a node that is down. It doubles up to a
 * bound; jitter keeps many clients from probing at the same moment.
 */
export function probeDelayMs(attempt: number, random: () => number): number {
  const delay = Math.min(PROBE_DELAY_MS_MAX, PROBE_DELAY_MS_MIN * 2 ** Math.min(attempt, 10));
  return jittered(delay, random);
}

/** Varies the delay by up to 25 % in both directions. */
export function jittered(delayMs: number, random: () => number): number {
  return delayMs * (1 - JITTER + 2 * JITTER * random());
}
