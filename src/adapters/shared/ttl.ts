/** The longest time to live that the client accepts. */
const TTL_MAX = 2 ** 31 - 1;

/** Whole seconds, rounded up; 0 (no expiry) for a time that is not set. */
export function ttlOfMs(ms: number | null | undefined): number {
  if (ms === undefined || ms === null || ms === Number.POSITIVE_INFINITY) return 0;
  return Math.min(TTL_MAX, Math.max(1, Math.ceil(ms / 1000)));
}
