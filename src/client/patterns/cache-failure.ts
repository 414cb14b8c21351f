import { CacheError, type FailureCode } from '../errors.ts';

/** Codes of failures that the calling program causes. */
const CALLER_CODES: readonly FailureCode[] = [
  'ERR_ARGUMENT',
  'ERR_KEY',
  'ERR_CLOSED',
  'ERR_ABORTED',
  'ERR_ABORTED_UNSENT',
];

/** Whether the cache caused the failure, so that the application can continue without the cache. */
export function isCacheFailure(error: unknown): error is CacheError {
  return error instanceof CacheError && !CALLER_CODES.includes(error.code);
}
