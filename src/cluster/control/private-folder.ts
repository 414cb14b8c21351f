import { chmodSync, lstatSync, mkdirSync, realpathSync } from 'node:fs';
import { userInfo } from 'node:os';
import { CodedError } from '../../base/index.ts';

/** Only its owner may enter a private folder. */
const PRIVATE_MODE = 0o700;
const OTHERS_MAY_WRITE = 0o022;

/**
 * Creates a folder that only this user may enter, unless it exists; returns its real path.
 * @throws {CodedError} `ERR_STATE_FOLDER` if it cannot, or if somebody else could change it.
 */
export function openPrivateFolder(path: string): string {
  try {
    // Who creates `…/slabring-1000` in /tmp first must not get the files of user 1000.
    if (mkdirSync(path, { recursive: true, mode: PRIVATE_MODE }) !== undefined) {
      chmodSync(path, PRIVATE_MODE);
    }
    const real = realpathSync(path);
    const { uid, mode } = lstatSync(real);
    if (uid !== userInfo().uid) throw folderError(path, 'belongs to another user');
    if ((mode & OTHERS_MAY_WRITE) !== 0) {
      throw folderError(path, `can be changed by other users: chmod go-w ${path}`);
    }
    return real;
  } catch (cause) {
    if (!(cause instanceof Error) || cause instanceof CodedError) throw cause;
    throw folderError(path, `cannot be used: ${cause.message}`, cause);
  }
}

/** Whether a folder exists that no other user could have made or can change. */
export function isPrivateFolder(path: string): boolean {
  try {
    const facts = lstatSync(path);
    const isOwn = facts.isDirectory() && facts.uid === userInfo().uid;
    return isOwn && (facts.mode & OTHERS_MAY_WRITE) === 0;
  } catch {
    return false;
  }
}

function folderError(path: string, problem: string, cause?: unknown): CodedError {
  return new CodedError('ERR_STATE_FOLDER', `The folder ${path} ${problem}.`, { cause });
}
