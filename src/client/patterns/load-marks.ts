import { CacheError } from '../errors.ts';

/**
 * What is stored in place of a value: that there is none, or that its loader failed. Text, because
 * text is stored as it is whatever the client's serializer; no sensible value begins so.
 */
const NONE = '\u0000slabring:none';
const FAILED = '\u0000slabring:failed:';
const REASON_CHARS_MAX = 200;

export const noneMark = (): string => NONE;

export function failureMark(error: unknown): string {
  const reason = error instanceof Error ? error.message : String(error);
  return FAILED + reason.slice(0, REASON_CHARS_MAX);
}

/** What was loaded, from what is stored; throws ERR_LOAD for a failure that is remembered. */
export function unmarked<T>(stored: T, key: string): T | undefined {
  if (typeof stored !== 'string' || !stored.startsWith('\u0000')) return stored;
  if (stored === NONE) return undefined;
  if (!stored.startsWith(FAILED)) return stored;
  throw new CacheError('ERR_LOAD', { detail: stored.slice(FAILED.length), key });
}
