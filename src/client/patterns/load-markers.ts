import { CacheError } from '../base/errors.ts';

/**
 * Texts that the cache stores instead of a value: the key has no value, or its loader failed. They
 * are texts because every client stores text unchanged, whatever its serializer. They start with a
 * NUL character, as no text of an application should.
 */
const NO_VALUE = '\u0000slabring:none';
const FAILURE_PREFIX = '\u0000slabring:failed:';
const REASON_CHARS_MAX = 200;

export const noValueMarker = (): string => NO_VALUE;

export function failureMarker(error: unknown): string {
  return FAILURE_PREFIX + reasonOf(error).slice(0, REASON_CHARS_MAX).toWellFormed();
}

/** A loader may throw anything, such as an object that has no text. */
function reasonOf(error: unknown): string {
  try {
    return String(error instanceof Error ? error.message : error);
  } catch {
    return typeof error;
  }
}

/**
 * Returns what the loader returned, given what the cache stores.
 * @throws {CacheError} ERR_LOAD for the marker of a failed load.
 */
export function unwrapMarker<T>(stored: T, key: string): T | undefined {
  if (typeof stored !== 'string' || !stored.startsWith('\u0000')) return stored;
  if (stored === NO_VALUE) return undefined;
  if (!stored.startsWith(FAILURE_PREFIX)) return stored;
  throw new CacheError('ERR_LOAD', { detail: stored.slice(FAILURE_PREFIX.length), key });
}
