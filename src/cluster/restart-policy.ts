/** The wait before a node that died starts again, after its first death in a row; milliseconds. */
const DELAY_FIRST_MS = 100;
const DELAY_MAX_MS = 5_000;
/** A node that lived this long has recovered: its next death counts as the first; milliseconds. */
const RECOVERED_AFTER_MS = 10_000;

/** How often a node died without having lived for a while in between. */
export function deathsInARow(before: number, livedMs: number): number {
  return livedMs >= RECOVERED_AFTER_MS ? 1 : before + 1;
}

/** Doubles with each death in a row, up to a bound: a node that cannot live must not keep a core busy. */
export function restartDelayMs(deaths: number): number {
  return Math.min(DELAY_MAX_MS, DELAY_FIRST_MS * 2 ** (deaths - 1));
}
