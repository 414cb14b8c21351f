/** The delay before a restart, after the first of consecutive deaths. */
const RESTART_DELAY_MS_MIN = 100;
const RESTART_DELAY_MS_MAX = 5_000;
/** A node that ran this long has recovered: its next death counts as the first one again. */
const RECOVERY_MS = 10_000;

/** Counts the deaths of a node without a recovery between them. */
export function consecutiveDeaths(previous: number, ranMs: number): number {
  return ranMs >= RECOVERY_MS ? 1 : previous + 1;
}

/**
 * The delay doubles with each consecutive death, up to a bound, so restarts do not use up a core.
 */
export function restartDelayMs(deaths: number): number {
  return Math.min(RESTART_DELAY_MS_MAX, RESTART_DELAY_MS_MIN * 2 ** (deaths - 1));
}
