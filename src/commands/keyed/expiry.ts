import type { StoreTime } from '../../store/index.ts';

/** Above this many seconds, an exptime is a Unix time (memcached, REALTIME_MAXDELTA). */
export const RELATIVE_SECONDS_MAX = 60 * 60 * 24 * 30;
/** The expiry of an item that never expires. */
export const NEVER = 0;
/** An expiry that has passed: the store's clock starts after it. */
export const IN_THE_PAST = 1;

/**
 * Converts a client's `exptime` to an expiry on the store's clock. 0 means never, a negative number
 * means at once, up to 30 days are seconds from now, and a larger number is a Unix time.
 */
export function expiryOf(exptime: number, clock: StoreTime): number {
  if (exptime === 0) return NEVER;
  if (exptime < 0) return IN_THE_PAST;
  if (exptime <= RELATIVE_SECONDS_MAX) return clock.now() + exptime;
  return Math.max(IN_THE_PAST, exptime - clock.epoch());
}
