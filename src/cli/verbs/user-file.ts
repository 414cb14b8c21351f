import { chmod, chown, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { CodedError, readRegularFile } from '../../base/index.ts';
import {
  parseUserFile,
  USER_FILE_BYTES_MAX,
  type User,
  type UserTable,
} from '../../server/index.ts';
import type { Host } from '../process/host.ts';

/** A new file of users is readable for its owner only. */
const FILE_MODE = 0o600;
/** Rights that the file should not give. The group may read: a node often runs as another user. */
const EXCESS_MODE_BITS = 0o027;
const PERMISSIONS = 0o777;

/** The content of a file of users; `text` is undefined if the file does not exist. */
export interface UserFile {
  readonly path: string;
  readonly text: string | undefined;
  readonly users: readonly User[];
  readonly roles: UserTable['roles'];
}

/** @throws {CodedError} `ERR_USER_FILE` if the file cannot be read or has an invalid line. */
export async function readUserFile(path: string): Promise<UserFile> {
  try {
    const { bytes } = await readRegularFile(path, USER_FILE_BYTES_MAX);
    const text = bytes.toString('latin1');
    return { path, text, ...parseUserFile(path, text) };
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if (codeOf(error) === 'ENOENT') return { path, text: undefined, users: [], roles: new Map() };
    throw userFileError(path, 'read', error);
  }
}

/**
 * Writes the text of a file of users. A complete new file replaces the old one by rename: no reader
 * sees half a file. Owner, permissions and symbolic links stay.
 */
export async function writeUserFile(path: string, text: string, host: Host): Promise<void> {
  try {
    const mode = await replace(path, text);
    if ((mode & EXCESS_MODE_BITS) === 0) return;
    host.err(`Other users may open ${path}; restrict it to its owner with: chmod 600 ${path}`);
  } catch (error) {
    throw userFileError(path, 'write', error);
  }
}

/** Replaces the file and returns its permissions. */
async function replace(path: string, text: string): Promise<number> {
  const target = await realpath(path).catch(() => path);
  const previous = await stat(target).catch(() => undefined);
  const mode = previous === undefined ? FILE_MODE : previous.mode & PERMISSIONS;
  const temporaryFile = `${target}.${process.pid}.new`;
  try {
    const options = { mode: FILE_MODE, flag: 'wx', encoding: 'latin1', flush: true } as const;
    await writeFile(temporaryFile, text, options);
    if (previous !== undefined) await copyOwner(temporaryFile, previous);
    await chmod(temporaryFile, mode);
    await rename(temporaryFile, target);
    return mode;
  } catch (error) {
    await rm(temporaryFile, { force: true });
    throw error;
  }
}

/** Gives the new file the owner of the old one, so that the same node can read it. */
async function copyOwner(file: string, owner: { uid: number; gid: number }): Promise<void> {
  const { uid, gid } = await stat(file);
  if (uid !== owner.uid || gid !== owner.gid) await chown(file, owner.uid, owner.gid);
}

function userFileError(path: string, action: 'read' | 'write', cause: unknown): CodedError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new CodedError('ERR_USER_FILE', `Cannot ${action} ${path}: ${reason}.`, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
