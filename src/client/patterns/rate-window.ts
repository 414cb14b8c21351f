/** The window that contains a moment. */
interface RateWindow {
  /** How many windows have ended since the Unix epoch. */
  readonly index: number;
  /** The share of the window that has passed, 0 … 1. */
  readonly elapsedShare: number;
}

export function windowAt(nowMs: number, windowSeconds: number): RateWindow {
  const windows = nowMs / (windowSeconds * 1000);
  const index = Math.floor(windows);
  return { index, elapsedShare: windows - index };
}

/** How much one window allows, and whether the previous window counts. */
export interface RateRule {
  /** Units of cost that one window allows; a call costs one unit unless it says otherwise. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** `sliding` also counts the share of the previous window that the sliding window overlaps. */
  readonly kind: 'fixed' | 'sliding';
}

/** A call of `cost` units, and the counters of two windows. `current` includes the call. */
interface RateSample {
  readonly cost: number;
  readonly current: number;
  readonly previous: number;
  readonly elapsedShare: number;
}

/** Whether a call may run. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** Units that the window still allows. */
  readonly remaining: number;
  /**
   * For a denied call: seconds until the limiter would allow it, without other calls in between.
   * For an allowed call: seconds until the window ends.
   */
  readonly resetSeconds: number;
}

/** Decides whether a call may run. It is a pure function of the counters. */
export function decideRate(rule: RateRule, sample: RateSample): RateVerdict {
  const { limit, windowSeconds } = rule;
  const previous = rule.kind === 'fixed' ? 0 : sample.previous;
  const { current, cost, elapsedShare } = sample;
  const used = previous * (1 - elapsedShare) + current;
  const secondsToEnd = (1 - elapsedShare) * windowSeconds;
  if (used <= limit) {
    return { allowed: true, remaining: Math.floor(limit - used), resetSeconds: secondsToEnd };
  }
  const remaining = Math.max(0, Math.floor(limit - (used - cost)));
  return {
    allowed: false,
    remaining,
    resetSeconds: secondsUntilAllowed(rule, { ...sample, previous }, secondsToEnd),
  };
}

/** Seconds until a sliding window has room for a denied call, whose cost is no longer counted. */
function secondsUntilAllowed(
  { limit, windowSeconds, kind }: RateRule,
  { cost, current, previous, elapsedShare }: RateSample,
  secondsToEnd: number,
): number {
  if (kind === 'fixed') return secondsToEnd;
  const free = limit - current;
  if (free >= 0 && previous > 0) {
    return Math.max(0, (1 - free / previous - elapsedShare) * windowSeconds);
  }
  const othersCost = current - cost;
  const nextShare = othersCost <= limit - cost ? 0 : 1 - (limit - cost) / othersCost;
  return secondsToEnd + nextShare * windowSeconds;
}
