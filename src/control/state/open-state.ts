import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CodedError, fileReason } from '../../base/index.ts';
import { StateFile } from './state-file.ts';

const FILE = 'slabring.db';

/** Whether a manager or an access key has been in a folder. */
export const hasState = (data: string): boolean => existsSync(join(data, FILE));

/**
 * Opens the state in the folder of a manager, and makes the folder.
 * @throws {CodedError} `ERR_STATE_FILE`
 */
export function openState(data: string): StateFile {
  try {
    mkdirSync(data, { recursive: true, mode: 0o700 });
  } catch (cause) {
    const text = `The folder ${data} cannot be made: ${fileReason(cause, data, 'write')}.`;
    throw new CodedError('ERR_STATE_FILE', text, { cause });
  }
  return StateFile.open(join(data, FILE));
}
