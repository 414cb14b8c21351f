/** What a pass over the items of a class found. */
export interface CrawlFindings {
  /** Items that have an expiry and have not reached it. */
  readonly expiringItems: number;
  /**
   * How many of them expire in each minute from now on; the last minute includes all later ones.
   */
  readonly expiringByMinute: readonly number[];
  /** Seconds until the first of them expires; 0 when none will. */
  readonly soonestSeconds: number;
  /** How long the steps of the pass took together. */
  readonly passMs: number;
}

/** The share of a core that passes may take. */
const CPU_SHARE_MAX = 0.01;
/** A pass pays off once this share of the expiring items has expired. */
const EXPIRED_SHARE_MIN = 0.01;
const WAIT_SECONDS_MIN = 1;
/** Expired items wait no longer than this, unless a pass costs more than its share of a core. */
const WAIT_SECONDS_MAX = 10;

/**
 * Seconds until the next pass over a class: once 1 % of its expiring items has expired (memcached's
 * rule), or soon after the first has, but no sooner than the share of a core allows.
 */
export function secondsToNextCrawl(findings: CrawlFindings): number {
  const { expiringItems, expiringByMinute, soonestSeconds, passMs } = findings;
  const affordable = passMs / 1000 / CPU_SHARE_MAX;
  if (expiringItems === 0) return Math.max(WAIT_SECONDS_MIN, affordable);
  let expired = 0;
  let minutes = 0;
  for (; minutes < expiringByMinute.length; minutes++) {
    expired += expiringByMinute[minutes]!;
    if (expired >= expiringItems * EXPIRED_SHARE_MIN) break;
  }
  const worthwhile = Math.max(minutes * 60, soonestSeconds);
  const wait = Math.min(worthwhile, soonestSeconds + WAIT_SECONDS_MAX);
  return Math.max(WAIT_SECONDS_MIN, wait, affordable);
}
