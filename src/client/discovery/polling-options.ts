import { argumentError } from '../options.ts';

/** How often a discovery polls for the topology, and how long one poll may take. */
export interface PollingOptions {
  /**
   * Milliseconds between two polls. The discovery varies it by up to 20 %, so that clients that
   * start together do not poll together. After a failed poll it polls sooner. 100 … 86,400,000.
   * @default 60000 for ElastiCache (as AWS's clients), 30000 for DNS
   */
  readonly intervalMs?: number;
  /**
   * Minimum milliseconds between two polls, however often `refresh` is called. 0 … 86,400,000.
   * @default 5000
   */
  readonly minRefreshGapMs?: number;
  /**
   * Milliseconds that one poll may take, all endpoints together. 1 … 60,000.
   * @default 3000
   */
  readonly deadlineMs?: number;
  /**
   * Whether waiting for the next poll keeps the process alive. A running poll always does, for at
   * most `deadlineMs`.
   * @default false
   */
  readonly keepProcessAlive?: boolean;
}

export type ResolvedPollingOptions = Required<PollingOptions>;

const RANGES = {
  intervalMs: [100, 86_400_000],
  minRefreshGapMs: [0, 86_400_000],
  deadlineMs: [1, 60_000],
} as const satisfies Readonly<Record<string, readonly [min: number, max: number]>>;

/** @throws {CacheError} ERR_ARGUMENT for a number outside its range. */
export function resolvePollingOptions(
  options: PollingOptions,
  intervalMs: number,
): ResolvedPollingOptions {
  const resolved = {
    intervalMs: options.intervalMs ?? intervalMs,
    minRefreshGapMs: options.minRefreshGapMs ?? 5000,
    deadlineMs: options.deadlineMs ?? 3000,
    keepProcessAlive: options.keepProcessAlive ?? false,
  };
  for (const name of Object.keys(RANGES) as (keyof typeof RANGES)[]) {
    const [min, max] = RANGES[name];
    const value = resolved[name];
    if (!(Number.isInteger(value) && value >= min && value <= max)) {
      throw argumentError(`${name} is ${value}, not a whole number from ${min} to ${max}.`);
    }
  }
  return resolved;
}

/**
 * @throws {CacheError} ERR_ARGUMENT for an option that is neither in `own` nor a polling option.
 */
export function rejectUnknownOptions(options: object, own: readonly string[]): void {
  const known = new Set([...own, ...Object.keys(RANGES), 'keepProcessAlive']);
  const unknown = Object.keys(options).find((name) => !known.has(name));
  if (unknown !== undefined) throw argumentError(`There is no option "${unknown}".`);
}

const RETRY_DELAY_MS_MIN = 1000;
const JITTER = 0.2;
/** Connections of many clients break at the same moment; this spreads the polls that follow. */
const REFRESH_SPREAD_MS = 100;

/** A source of numbers in [0, 1). */
export type RandomSource = () => number;

/**
 * The delay before the next poll, in milliseconds. After a failure it is short; each consecutive
 * failure doubles it, up to the interval.
 */
export function pollDelayMs(
  failureCount: number,
  intervalMs: number,
  random: RandomSource,
): number {
  const retryMs = RETRY_DELAY_MS_MIN * 2 ** Math.min(failureCount - 1, 20);
  const delayMs = failureCount === 0 ? intervalMs : Math.min(intervalMs, retryMs);
  return delayMs * (1 - JITTER + 2 * JITTER * random());
}

/** The delay before a requested poll, `sincePollMs` after the last poll began; milliseconds. */
export function refreshDelayMs(
  sincePollMs: number,
  minGapMs: number,
  random: RandomSource,
): number {
  return Math.max(0, minGapMs - sincePollMs) + random() * REFRESH_SPREAD_MS;
}
