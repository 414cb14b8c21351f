import { hostname } from 'node:os';
import { CodedError, fileReason, type Logger, readSecretFile } from '../../base/index.ts';
import type { Role } from '../../commands/index.ts';
import { escapeUser } from './login-log.ts';
import { SecretsIndex } from './secrets-index.ts';
import { parseSaslPasswords, parseUserFile } from './user-file.ts';
import { HASHES_PER_LOGIN_MAX, USER_FILE_BYTES_MAX, type UserTable } from './users.ts';

/** The paths of a node's user files; an empty path means no file. */
export interface UserSources {
  readonly authFile: string;
  readonly saslPwdb: string;
}

/**
 * Reads the user files.
 * @throws {CodedError} `ERR_USER_FILE` if a file is unreadable or has an invalid line.
 */
export async function loadUsers(
  { authFile, saslPwdb }: UserSources,
  log?: Logger,
): Promise<UserTable> {
  const tables: UserTable[] = [];
  if (saslPwdb !== '') {
    tables.push(parseSaslPasswords(saslPwdb, await readText(saslPwdb, log), hostname()));
  }
  if (authFile !== '') tables.unshift(parseUserFile(authFile, await readText(authFile, log)));
  const users = tables.flatMap((table) => table.users);
  const { hashesPerLogin } = new SecretsIndex(users, (text) => Buffer.from(text, 'latin1'));
  if (hashesPerLogin > HASHES_PER_LOGIN_MAX) {
    const path = authFile === '' ? saslPwdb : authFile;
    throw new CodedError(
      'ERR_USER_FILE',
      `${path} makes each login compute ${hashesPerLogin} hashes, because its hashes have several` +
        ` costs or a user has several hashes; the maximum is ${HASHES_PER_LOGIN_MAX}.` +
        ` Replace some of them: slabring user add <name> --replace -Y ${path}`,
    );
  }
  return { users, roles: rolesOf(tables, log) };
}

/** The roles of all files; those of the `-Y` file, which is the first, count before others. */
function rolesOf(tables: readonly UserTable[], log: Logger | undefined): Map<string, Role> {
  const roles = new Map(tables.toReversed().flatMap((table) => [...table.roles]));
  const names = new Set(tables.flatMap(({ users }) => users.map(({ name }) => name)));
  const unknown = [...roles.keys()].filter((name) => !names.has(name));
  // Not an error: a reload must not fail after an operator removed only the password of a user.
  if (unknown.length > 0) {
    log?.warn({ users: unknown.map(escapeUser) }, 'roles of users that have no password');
  }
  return roles;
}

async function readText(path: string, log: Logger | undefined): Promise<string> {
  try {
    return (await readSecretFile(path, USER_FILE_BYTES_MAX, log)).toString('latin1');
  } catch (cause) {
    throw new CodedError(
      'ERR_USER_FILE',
      `Cannot read the user file ${path}: ${fileReason(cause, path, 'read')}.` +
        ` Create one with: slabring user add <name> -Y ${path}`,
      { cause },
    );
  }
}
