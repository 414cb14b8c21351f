/** Files of users, as text: memcached's `-Y` file with our hashed lines, and MEMCACHED_SASL_PWDB. */
import { CodedError } from '../../base/index.ts';
import { parseScrypt, SCRYPT_PREFIX, showScrypt } from './scrypt.ts';
import { NAME_BYTES_MAX, PASSWORD_BYTES_MAX, type Secret, USERS_MAX, type User } from './users.ts';

/** What is wrong with a line; never what is in it. */
class BadLine extends Error {}

/**
 * memcached's authentication file: `user:password` a line; the password is all that follows the
 * first colon. A password that starts with `$scrypt$` is a hash made by `slabring user`. Empty
 * lines and lines that start with `# ` are left out.
 * @throws {CodedError} `ERR_USER_FILE`, naming the file, the line and what is wrong with it.
 */
export function parseUserFile(file: string, text: string): readonly User[] {
  return parseLines(file, text, (name, rest) => [{ name, secret: secretOf(rest) }]);
}

/**
 * memcached's SASL_PWDB: `user@host:password`, or without the host; what follows a second colon is
 * left out. A user with a host may log in without it, by the line of this machine's host if there
 * are several.
 * @throws {CodedError} `ERR_USER_FILE`.
 */
export function parseSaslPasswords(file: string, text: string, host: string): readonly User[] {
  const users = parseLines(file, text, (name, rest) => {
    const [password = ''] = rest.startsWith(SCRYPT_PREFIX) ? [rest] : rest.split(':');
    return [{ name, secret: secretOf(password) }];
  });
  const names = new Map(users.map((user) => [user.name, user]));
  const local = users.filter(({ name }) => name.endsWith(`@${host}`));
  for (const user of [...local, ...users]) {
    const short = user.name.replace(/@.*$/, '');
    if (!names.has(short)) names.set(short, { ...user, name: short });
  }
  return [...names.values()];
}

/** The file as it is written: hashed users and plain ones, a line each. */
export function showUserFile(users: readonly User[]): string {
  return users.map(({ name, secret }) => `${name}:${showSecret(secret)}\n`).join('');
}

function showSecret(secret: Secret): string {
  return secret.kind === 'plain' ? secret.password : showScrypt(secret);
}

function parseLines(
  file: string,
  text: string,
  read: (name: string, rest: string) => readonly User[],
): readonly User[] {
  const users = new Map<string, User>();
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line === '' || line.startsWith('# ')) continue;
    try {
      for (const user of readLine(line, read)) addUser(users, user);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      throw new CodedError('ERR_USER_FILE', `${file}, line ${at + 1}: ${error.message}.`);
    }
  }
  if (users.size === 0) {
    throw new CodedError('ERR_USER_FILE', `${file} names no user: nobody could log in.`);
  }
  return [...users.values()];
}

function addUser(users: Map<string, User>, user: User): void {
  if (users.has(user.name)) throw new BadLine('this user has a line already');
  if (users.size === USERS_MAX) throw new BadLine(`there are more than ${USERS_MAX} users`);
  users.set(user.name, user);
}

function readLine(
  line: string,
  read: (name: string, rest: string) => readonly User[],
): readonly User[] {
  const colon = line.indexOf(':');
  if (colon < 0) throw new BadLine('there is no colon; a line is user:password');
  if (colon === 0) throw new BadLine('there is no user before the colon');
  if (line.includes('\0')) throw new BadLine('there is a NUL in it');
  const name = line.slice(0, colon);
  if (name.length > NAME_BYTES_MAX) throw new BadLine(`the user is over ${NAME_BYTES_MAX} bytes`);
  return read(name, line.slice(colon + 1));
}

function secretOf(text: string): Secret {
  if (text === '') throw new BadLine('there is no password after the colon');
  if (text.startsWith(SCRYPT_PREFIX)) {
    const secret = parseScrypt(text);
    if (secret === undefined) throw new BadLine('its $scrypt$ hash is damaged or out of bounds');
    return secret;
  }
  if (text.length > PASSWORD_BYTES_MAX) {
    throw new BadLine(`the password is over ${PASSWORD_BYTES_MAX} bytes`);
  }
  return { kind: 'plain', password: text };
}
