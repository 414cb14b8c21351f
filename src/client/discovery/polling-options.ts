import type { ValuesOf } from '../../base/index.ts';
import type { pollingOptions } from '../option-tables/discovery-options.ts';

export type ResolvedPollingOptions = ValuesOf<(typeof pollingOptions)['table']>;

const RETRY_DELAY_MS = 1000;
const JITTER = 0.2;
/** Connections of many clients break at the same moment; this spreads the polls that follow. */
const REFRESH_SPREAD_MS = 100;

/** A source of numbers in [0, 1). */
type RandomSource = () => number;

/**
 * The delay before the next poll, in milliseconds. After a failure it is short; each consecutive
 * failure doubles it, up to the interval, or up to a second if the interval is shorter.
 */
export function pollDelayMs(
  failureCount: number,
  intervalMs: number,
  random: RandomSource,
): number {
  const firstMs = Math.min(intervalMs, RETRY_DELAY_MS);
  const retryMs = firstMs * 2 ** Math.min(failureCount - 1, 20);
  const retryMsMax = Math.max(intervalMs, RETRY_DELAY_MS);
  const delayMs = failureCount === 0 ? intervalMs : Math.min(retryMs, retryMsMax);
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
