/** The window that a moment falls into. */
export interface RateWindow {
  /** Windows since the epoch. */
  readonly index: number;
  /** How much of it is over, 0 … 1. */
  readonly elapsedShare: number;
}

export function windowAt(nowMs: number, windowSeconds: number): RateWindow {
  const windows = nowMs / (windowSeconds * 1000);
  const index = Math.floor(windows);
  return { index, elapsedShare: windows - index };
}

/** What one window allows, and how the calls of the window before it count. */
export interface RateRule {
  /** Calls (or units of cost) in one window. */
  readonly limit: number;
  readonly windowSeconds: number;
  /** `sliding` counts what the last window had, in proportion to how much of it is still in sight. */
  readonly kind: 'fixed' | 'sliding';
}

/** A call that cost `cost`, by the counters with it counted. */
export interface RateSample {
  readonly cost: number;
  readonly current: number;
  readonly previous: number;
  readonly elapsedShare: number;
}

/** What the limiter says to a call. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** Units that are left. */
  readonly remaining: number;
  /**
   * Seconds until the same call would be allowed, if nobody else calls; for one that is allowed,
   * until the window ends.
   */
  readonly resetSeconds: number;
}

/** Judges a call. Pure: it counts nothing. */
export function judgeRate(rule: RateRule, sample: RateSample): RateVerdict {
  const { limit, windowSeconds } = rule;
  const previous = rule.kind === 'fixed' ? 0 : sample.previous;
  const { current, cost, elapsedShare } = sample;
  const used = previous * (1 - elapsedShare) + current;
  const untilEnd = (1 - elapsedShare) * windowSeconds;
  if (used <= limit) {
    return { allowed: true, remaining: Math.floor(limit - used), resetSeconds: untilEnd };
  }
  const remaining = Math.max(0, Math.floor(limit - (used - cost)));
  return {
    allowed: false,
    remaining,
    resetSeconds: secondsUntilAllowed(rule, { ...sample, previous }, untilEnd),
  };
}

/** The windows slide on: when is there room for the call, with its own cost given back? */
function secondsUntilAllowed(
  { limit, windowSeconds, kind }: RateRule,
  { cost, current, previous, elapsedShare }: RateSample,
  untilEnd: number,
): number {
  if (kind === 'fixed') return untilEnd;
  const free = limit - current;
  if (free >= 0 && previous > 0) {
    return Math.max(0, (1 - free / previous - elapsedShare) * windowSeconds);
  }
  const before = current - cost;
  const shareOver = before <= limit - cost ? 0 : 1 - (limit - cost) / before;
  return untilEnd + shareOver * windowSeconds;
}
