/** Parsers of user files: memcached's `-Y` file, with our hashed lines, and MEMCACHED_SASL_PWDB. */
import { CodedError } from '../../base/index.ts';
import { DEFAULT_ROLE, ROLES, type Role } from '../../commands/index.ts';
import { formatScrypt, parseScrypt, SCRYPT_PREFIX } from './scrypt.ts';
import {
  NAME_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  PASSWORDS_PER_USER_MAX,
  type ScryptSecret,
  type Secret,
  USERS_MAX,
  type User,
  type UserTable,
} from './users.ts';

/** `role <role> <user>`; a line with a colon is always a password. */
const ROLE_LINE = /^role (\S+) ([^:]+)$/;

/** The reason why a line is invalid. It never contains text of the line. */
class BadLine extends Error {}

/**
 * Parses memcached's authentication file: `user:password` on each line; the password is all text
 * after the first colon. A password that starts with `$scrypt$` is a hash by `slabring user`. The
 * parser skips empty lines and lines that start with `# `. A user may have several lines: each of
 * the passwords is valid. A line `role <role> <user>` gives a user a role: it has no colon, so no
 * file of memcached has such a line.
 * @throws {CodedError} `ERR_USER_FILE`, with the file, the line and the reason.
 */
export function parseUserFile(file: string, text: string): UserTable {
  const users: User[] = [];
  const lines = new Map<string, number>();
  const roles = parseLines(file, text, (name, rest) => {
    const count = (lines.get(name) ?? 0) + 1;
    if (count > PASSWORDS_PER_USER_MAX) {
      throw new BadLine(`this user already has ${PASSWORDS_PER_USER_MAX} lines`);
    }
    lines.set(name, count);
    users.push({ name, secret: secretOf(rest) });
  });
  return { users, roles };
}

/**
 * Parses memcached's SASL_PWDB: `user@host:password`, or without the host. The password ends at the
 * next colon or at the end of the line; as in memcached, both passwords are valid. Only the first
 * line of a user counts. A user with a host may log in without it; if several lines have the user,
 * the line with this machine's host counts. Role lines are those of `parseUserFile`.
 * @throws {CodedError} `ERR_USER_FILE`.
 */
export function parseSaslPasswords(file: string, text: string, host: string): UserTable {
  const byName = new Map<string, readonly Secret[]>();
  const roles = parseLines(file, text, (name, rest) => {
    const secrets = passwordsOf(rest).map(secretOf);
    if (!byName.has(name)) byName.set(name, secrets);
  });
  const full = [...byName];
  const local = full.filter(([name]) => name.toLowerCase().endsWith(`@${host.toLowerCase()}`));
  for (const [name, secrets] of [...local, ...full]) {
    const short = name.replace(/(?<=.)@[^@]*$/, '');
    if (byName.has(short)) continue;
    byName.set(short, secrets);
    const role = roles.get(name);
    if (role !== undefined && !roles.has(short)) roles.set(short, role);
  }
  const users = [...byName].flatMap(([name, secrets]) =>
    secrets.map((secret) => ({ name, secret })),
  );
  return { users, roles };
}

function passwordsOf(rest: string): readonly string[] {
  const colon = rest.indexOf(':');
  return colon < 0 ? [rest] : [rest.slice(0, colon), rest];
}

/**
 * Returns the text of a user file in which the user has this password and no other, or no line at
 * all if `secret` is undefined. All other lines stay, comments included.
 */
export function editUserFile(text: string, name: string, secret: ScryptSecret | undefined): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const isOfUser = (line: string): boolean => !isComment(line) && line.startsWith(`${name}:`);
  const at = lines.findIndex(isOfUser);
  const before = at < 0 ? lines : lines.slice(0, at);
  const after = at < 0 ? [] : lines.slice(at).filter((line) => !isOfUser(line));
  const own = secret === undefined ? [] : [`${name}:${formatScrypt(secret)}`];
  return [...before, ...own, ...after].map((line) => `${line}\n`).join('');
}

/**
 * Returns the text of a user file in which the user has this role and no other. The default role
 * needs no line; all other lines stay, comments included.
 */
export function editRole(text: string, name: string, role: Role): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const others = lines.filter((line) => ROLE_LINE.exec(line.replace(/\r$/, ''))?.[2] !== name);
  const own = role === DEFAULT_ROLE ? [] : [`role ${role} ${name}`];
  return [...others, ...own].map((line) => `${line}\n`).join('');
}

function isComment(line: string): boolean {
  return line.startsWith('# ');
}

/** Reads the role lines, which it returns by user, and passes each other line to `read`. */
function parseLines(
  file: string,
  text: string,
  read: (name: string, rest: string) => void,
): Map<string, Role> {
  const roles = new Map<string, Role>();
  let users = 0;
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line === '' || isComment(line)) continue;
    try {
      if (readRole(line, roles)) continue;
      if (++users > USERS_MAX) throw new BadLine(`the file has more than ${USERS_MAX} users`);
      readLine(line, read);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      throw new CodedError('ERR_USER_FILE', `${file}, line ${at + 1}: ${error.message}.`);
    }
  }
  return roles;
}

/** Reads a role line; returns false if the line is none. */
function readRole(line: string, roles: Map<string, Role>): boolean {
  const [, word, name = ''] = ROLE_LINE.exec(line) ?? [];
  const role = ROLES.find((each) => each === word);
  if (word === undefined) return false;
  if (role === undefined) throw new BadLine(`its role is not one of ${ROLES.join(', ')}`);
  if (roles.has(name)) throw new BadLine('this user already has a role');
  if (roles.size === USERS_MAX) throw new BadLine(`the file has more than ${USERS_MAX} roles`);
  roles.set(name, role);
  return true;
}

function readLine(line: string, read: (name: string, rest: string) => void): void {
  const colon = line.indexOf(':');
  if (colon < 0) {
    throw new BadLine('it has no colon; a line is user:password, or role <role> <user>');
  }
  if (colon === 0) throw new BadLine('it has no user before the colon');
  if (line.includes('\0')) throw new BadLine('it contains a NUL');
  if (line.includes('\r')) throw new BadLine('it contains a carriage return');
  const name = line.slice(0, colon);
  if (name.length > NAME_BYTES_MAX)
    throw new BadLine(`the user name is longer than ${NAME_BYTES_MAX} bytes`);
  read(name, line.slice(colon + 1));
}

function secretOf(text: string): Secret {
  if (text === '') throw new BadLine('it has no password after the colon');
  if (text.startsWith(SCRYPT_PREFIX)) {
    const secret = parseScrypt(text);
    if (secret === undefined) throw new BadLine('its $scrypt$ hash is invalid or out of bounds');
    return secret;
  }
  if (text.length > PASSWORD_BYTES_MAX) {
    throw new BadLine(`the password is longer than ${PASSWORD_BYTES_MAX} bytes`);
  }
  return { kind: 'plain', password: text };
}
