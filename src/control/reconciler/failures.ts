import { CodedError } from '../../base/index.ts';

/** Busy, read-only, a failed read or write, full, cannot open. Source: sqlite.org/rescode.html. */
const SQLITE_CODES: ReadonlySet<number> = new Set([5, 8, 10, 13, 14]);
/** The other bits of a code of SQLite say more about it. */
const SQLITE_CODE_MASK = 0xff;

/**
 * The failure of something outside the program, such as a disk that is full: it may work later.
 * Undefined for a bug.
 */
export function failureOf(error: unknown): CodedError | undefined {
  if (error instanceof CodedError) return error;
  if (!(error instanceof Error) || !isOfSystem(error)) return undefined;
  return new CodedError('ERR_RUNTIME', `${error.message}.`, { cause: error });
}

function isOfSystem(error: Error): boolean {
  if ('syscall' in error) return true;
  return 'errcode' in error && SQLITE_CODES.has(Number(error.errcode) & SQLITE_CODE_MASK);
}
