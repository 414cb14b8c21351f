/** Above this many seconds, an exptime is a Unix time (memcached, REALTIME_MAXDELTA). */
const RELATIVE_SECONDS_MAX = 60 * 60 * 24 * 30;
const NEVER = 0;
/** A moment that has passed: the store's clock starts after it. */
const LONG_AGO = 1;

/**
 * When an item with this `exptime` expires on the store's clock; 0 is never.
 * 0 is never, a negative one is at once, up to 30 days are seconds from now, more is a Unix time.
 */
export function expiryOf(exptime: number, now: number, epoch: number): number {
  if (exptime === 0) return NEVER;
  if (exptime < 0) return LONG_AGO;
  if (exptime <= RELATIVE_SECONDS_MAX) return now + exptime;
  return Math.max(LONG_AGO, exptime - epoch);
}
