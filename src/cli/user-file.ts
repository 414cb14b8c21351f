import { chmod, chown, readFile, realpath, rename, rm, stat, writeFile } from 'node:fs/promises';
import { CodedError } from '../base/index.ts';
import { editUserFile, type makeScrypt, parseUserFile, type User } from '../server/index.ts';
import type { Host } from './host.ts';

type ScryptSecret = Awaited<ReturnType<typeof makeScrypt>>;

/** Only the owner reads who may log in. */
const FILE_MODE = 0o600;
/** Its group may be given the right to read: a node often runs as another user. */
const TOO_OPEN = 0o027;
const PERMISSIONS = 0o777;

/** A file of users as it was read; `text` is undefined when it is not there. */
export interface UserFile {
  readonly path: string;
  readonly text: string | undefined;
  readonly users: readonly User[];
}

/** @throws {CodedError} `ERR_USER_FILE` when it cannot be read, or has a line that is no user. */
export async function readUserFile(path: string): Promise<UserFile> {
  try {
    const text = await readFile(path, 'latin1');
    return { path, text, users: parseUserFile(path, text) };
  } catch (error) {
    if (error instanceof CodedError) throw error;
    if (codeOf(error) === 'ENOENT') return { path, text: undefined, users: [] };
    throw failure(path, 'read', error);
  }
}

/**
 * Gives a user this password, or takes it out. A whole new file comes in place of the old one, so
 * that no reader ever sees half of it; owner and permissions stay, and a link stays a link.
 */
export async function writeUserFile(
  { path, text = '' }: UserFile,
  name: string,
  secret: ScryptSecret | undefined,
  host: Host,
): Promise<void> {
  try {
    const mode = await replace(path, editUserFile(text, name, secret));
    if ((mode & TOO_OPEN) === 0) return;
    host.err(`Others may open ${path}; keep it to its owner with: chmod 600 ${path}`);
  } catch (error) {
    throw failure(path, 'written', error);
  }
}

/** Returns the permissions that the file has now. */
async function replace(path: string, text: string): Promise<number> {
  const target = await realpath(path).catch(() => path);
  const before = await stat(target).catch(() => undefined);
  const mode = before === undefined ? FILE_MODE : before.mode & PERMISSIONS;
  const draft = `${target}.${process.pid}.new`;
  try {
    const options = { mode: FILE_MODE, flag: 'wx', encoding: 'latin1', flush: true } as const;
    await writeFile(draft, text, options);
    if (before !== undefined) await keepOwner(draft, before);
    await chmod(draft, mode);
    await rename(draft, target);
    return mode;
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}

/** A node that may read the old file must be able to read the new one. */
async function keepOwner(draft: string, before: { uid: number; gid: number }): Promise<void> {
  const { uid, gid } = await stat(draft);
  if (uid !== before.uid || gid !== before.gid) await chown(draft, before.uid, before.gid);
}

function failure(path: string, what: string, cause: unknown): CodedError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new CodedError('ERR_USER_FILE', `${path} cannot be ${what}: ${why}.`, { cause });
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
