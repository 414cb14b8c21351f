import { readFileSync } from 'node:fs';
import { CodedError, fileReason } from '../../base/index.ts';

/**
 * Reads a file that an option names; `what` says so, such as `the client key of --ssl-key`.
 * @throws {CodedError} `ERR_USAGE` when the file cannot be read.
 */
export function readOptionFile(what: string, path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (cause) {
    const text = `Cannot read ${what}, ${path}: ${fileReason(cause, path, 'read')}.`;
    throw new CodedError('ERR_USAGE', text, { cause });
  }
}
