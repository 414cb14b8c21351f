/** What a pass over a class's items found. */
export interface CrawlFindings {
  /** Items that stay and will expire. */
  readonly expiring: number;
  /** How many of them expire within each minute from now on; the last stands for all later ones. */
  readonly byMinute: readonly number[];
  /** Seconds until the first of them expires; 0 when none will. */
  readonly soonestSeconds: number;
  /** How long the pass took. */
  readonly passMs: number;
}

/** Passes may take this part of a core. */
const SHARE_OF_CORE = 0.01;
/** A pass is worth while when this part of what can expire has. */
const EXPIRED_WORTHWHILE = 0.01;
const WAIT_SECONDS_MIN = 1;
/** Expired items lie about no longer than this, unless a pass costs more than its share. */
const WAIT_SECONDS_MAX = 10;

/**
 * Seconds until a class is worth another pass: when one in a hundred of its expiring items has expired
 * (memcached's rule), or soon after the first has, and no sooner than the share of a core allows.
 */
export function secondsToNextCrawl(findings: CrawlFindings): number {
  const { expiring, byMinute, soonestSeconds, passMs } = findings;
  const affordable = passMs / 1000 / SHARE_OF_CORE;
  if (expiring === 0) return Math.max(WAIT_SECONDS_MIN, affordable);
  let expired = 0;
  let minutes = 0;
  for (; minutes < byMinute.length; minutes++) {
    expired += byMinute[minutes]!;
    if (expired >= expiring * EXPIRED_WORTHWHILE) break;
  }
  const worthwhile = Math.max(minutes * 60, soonestSeconds);
  const wait = Math.min(worthwhile, soonestSeconds + WAIT_SECONDS_MAX);
  return Math.max(WAIT_SECONDS_MIN, wait, affordable);
}
