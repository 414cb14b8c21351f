import { type Stats, unwatchFile, watchFile } from 'node:fs';
import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { CodedError } from '../../base/index.ts';
import { parseSaslPasswords, parseUserFile } from './user-file.ts';
import type { User, UserTable } from './users.ts';

const FILE_BYTES_MAX = 1 << 20;
/** How often a file is looked at for a change: editors replace files, so the path is asked, not the file. */
const LOOK_MS = 1000;

/** Where a node's users come from; an empty path is none. */
export interface UserSources {
  readonly authFile: string;
  readonly saslPwdb: string;
}

/**
 * Reads the files of users anew.
 * @throws {CodedError} `ERR_USER_FILE` when one cannot be read, or says nothing a login could use.
 */
export async function loadUsers({ authFile, saslPwdb }: UserSources): Promise<UserTable> {
  const users: User[] = [];
  if (authFile !== '') users.push(...parseUserFile(authFile, await readText(authFile)));
  if (saslPwdb !== '') {
    users.push(...parseSaslPasswords(saslPwdb, await readText(saslPwdb), hostname()));
  }
  const byName = new Map(users.toReversed().map((user) => [user.name, user]));
  return { users: [...byName.values()] };
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path);
    try {
      const { size } = await file.stat();
      if (size > FILE_BYTES_MAX) throw new Error(`it is over ${FILE_BYTES_MAX} bytes`);
      return await file.readFile('latin1');
    } finally {
      await file.close();
    }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError(
      'ERR_USER_FILE',
      `The file of users ${path} cannot be read: ${why}. Make one with: slabring user add <name> -Y ${path}`,
      { cause },
    );
  }
}

/** Calls back when one of the files has changed; the function that comes back ends it. */
export function watchUsers({ authFile, saslPwdb }: UserSources, onChange: () => void): () => void {
  const paths = [authFile, saslPwdb].filter((path) => path !== '');
  const listener = (now: Stats, before: Stats): void => {
    if (now.mtimeMs !== before.mtimeMs || now.ino !== before.ino || now.size !== before.size) {
      onChange();
    }
  };
  for (const path of paths) {
    watchFile(path, { interval: LOOK_MS, persistent: false }, listener);
  }
  return () => {
    for (const path of paths) unwatchFile(path, listener);
  };
}
