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

/** A call of `cost` units, and the counters of three windows. `current` includes the call. */
interface RateSample {
  readonly cost: number;
  readonly previous: number;
  readonly current: number;
  /** Calls of processes whose clocks are ahead. */
  readonly next: number;
  readonly elapsedShare: number;
}

/** Whether a call may run. */
export interface RateVerdict {
  readonly allowed: boolean;
  /** Units that the window still allows. */
  readonly remaining: number;
  /**
   * Whole seconds, rounded up, as `Retry-After` needs them. For a denied call: until the limiter
   * would allow it, without other calls in between. For an allowed call: until the window ends.
   */
  readonly resetSeconds: number;
}

/** Decides whether a call may run. It is a pure function of the counters. */
export function decideRate(rule: RateRule, sample: RateSample): RateVerdict {
  const { limit, windowSeconds, kind } = rule;
  const { cost, elapsedShare } = sample;
  const counted = kind === 'fixed' ? { ...sample, previous: 0, next: 0 } : sample;
  const used = counted.previous * (1 - elapsedShare) + counted.current + counted.next;
  const allowed = used <= limit;
  const untilWindowEnds = 1 - elapsedShare;
  const windows = allowed || kind === 'fixed' ? untilWindowEnds : windowsToWait(limit, counted);
  return {
    allowed,
    remaining: Math.max(0, Math.floor(limit - (allowed ? used : used - cost))),
    resetSeconds: Math.max(1, wholeSeconds(windows * windowSeconds)),
  };
}

/** Rounds up to seconds. A microsecond more is an error of the arithmetic. */
function wholeSeconds(seconds: number): number {
  return Math.ceil(seconds - 1e-6);
}

/**
 * Windows until a sliding window has room for a denied call, whose cost is no longer counted:
 * within the current window, the next one, or the one after it.
 */
function windowsToWait(limit: number, sample: RateSample): number {
  const { cost, previous, next, elapsedShare } = sample;
  const current = sample.current - cost;
  const room = limit - cost;
  const shares = [
    Math.max(elapsedShare, shareWithRoom(previous, room - current - next)),
    shareWithRoom(current, room - next),
    shareWithRoom(next, room),
  ];
  const index = shares.findIndex((share) => share <= 1);
  return index + shares[index]! - elapsedShare;
}

/** The share of a window after which the rest of the window before it fits into the room. */
function shareWithRoom(before: number, room: number): number {
  if (room < 0) return Number.POSITIVE_INFINITY;
  return before <= room ? 0 : 1 - room / before;
}
