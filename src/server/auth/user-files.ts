import { open } from 'node:fs/promises';
import { hostname } from 'node:os';
import { CodedError, type Logger } from '../../base/index.ts';
import { SecretsIndex } from './secrets-index.ts';
import { parseSaslPasswords, parseUserFile } from './user-file.ts';
import { HASHES_PER_LOGIN_MAX, type User, type UserTable } from './users.ts';

const FILE_BYTES_MAX = 1 << 20;
/** A file's permissions: others may read or change it. */
const OTHERS_READ_OR_WRITE = 0o006;

/** Where a node's users come from; an empty path is none. */
export interface UserSources {
  readonly authFile: string;
  readonly saslPwdb: string;
}

/**
 * Reads the files of users anew.
 * @throws {CodedError} `ERR_USER_FILE` when one cannot be read, or has a line that is no user.
 */
export async function loadUsers(
  { authFile, saslPwdb }: UserSources,
  log?: Logger,
): Promise<UserTable> {
  const users: User[] = [];
  if (authFile !== '') users.push(...parseUserFile(authFile, await readText(authFile, log)));
  if (saslPwdb !== '') {
    users.push(...parseSaslPasswords(saslPwdb, await readText(saslPwdb, log), hostname()));
  }
  const { hashesPerLogin } = new SecretsIndex(users, (text) => Buffer.from(text, 'latin1'));
  if (hashesPerLogin > HASHES_PER_LOGIN_MAX) {
    const path = authFile === '' ? saslPwdb : authFile;
    throw new CodedError(
      'ERR_USER_FILE',
      `${path} asks for ${hashesPerLogin} hashes each login, by hashes of different costs or several of one user; ` +
        `${HASHES_PER_LOGIN_MAX} are the most. Make some of them anew: slabring user add <name> --replace -Y ${path}`,
    );
  }
  return { users };
}

async function readText(path: string, log: Logger | undefined): Promise<string> {
  try {
    const file = await open(path);
    try {
      const stats = await file.stat();
      if (stats.size > FILE_BYTES_MAX) throw new Error(`it is over ${FILE_BYTES_MAX} bytes`);
      if ((stats.mode & OTHERS_READ_OR_WRITE) !== 0) {
        log?.warn(
          { file: path },
          `every user of this machine may open ${path}: chmod o-rw ${path}`,
        );
      }
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
