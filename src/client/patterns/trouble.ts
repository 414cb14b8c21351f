import { CacheError, type FailureCode } from '../errors.ts';

/** The calling program's own doing. */
const CALLERS_OWN: readonly FailureCode[] = [
  'ERR_ARGUMENT',
  'ERR_KEY',
  'ERR_CLOSED',
  'ERR_ABORTED',
  'ERR_ABORTED_UNSENT',
];

/** Whether the cache is to blame: what an application can do without. */
export function isTrouble(error: unknown): error is CacheError {
  return error instanceof CacheError && !CALLERS_OWN.includes(error.code);
}
