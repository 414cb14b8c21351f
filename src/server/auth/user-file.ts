/** Files of users, as text: memcached's `-Y` file with our hashed lines, and MEMCACHED_SASL_PWDB. */
import { CodedError } from '../../base/index.ts';
import { parseScrypt, SCRYPT_PREFIX, showScrypt } from './scrypt.ts';
import {
  NAME_BYTES_MAX,
  PASSWORD_BYTES_MAX,
  PASSWORDS_PER_USER_MAX,
  type ScryptSecret,
  type Secret,
  USERS_MAX,
  type User,
} from './users.ts';

/** What is wrong with a line; never what is in it. */
class BadLine extends Error {}

/**
 * memcached's authentication file: `user:password` a line; the password is all that follows the
 * first colon. A password that starts with `$scrypt$` is a hash made by `slabring user`. Empty
 * lines and lines that start with `# ` are left out. A user may have several lines: any of the
 * passwords is right.
 * @throws {CodedError} `ERR_USER_FILE`, naming the file, the line and what is wrong with it.
 */
export function parseUserFile(file: string, text: string): readonly User[] {
  const users: User[] = [];
  const lines = new Map<string, number>();
  parseLines(file, text, (name, rest) => {
    const count = (lines.get(name) ?? 0) + 1;
    if (count > PASSWORDS_PER_USER_MAX) {
      throw new BadLine(`this user has ${PASSWORDS_PER_USER_MAX} lines already`);
    }
    lines.set(name, count);
    users.push({ name, secret: secretOf(rest) });
  });
  return users;
}

/**
 * memcached's SASL_PWDB: `user@host:password`, or without the host. The password ends at the next
 * colon or at the end of the line: memcached takes it either way. A user's first line counts. A
 * user with a host may log in without it, by the line of this machine's host if there are several.
 * @throws {CodedError} `ERR_USER_FILE`.
 */
export function parseSaslPasswords(file: string, text: string, host: string): readonly User[] {
  const byName = new Map<string, readonly Secret[]>();
  parseLines(file, text, (name, rest) => {
    const secrets = passwordsOf(rest).map(secretOf);
    if (!byName.has(name)) byName.set(name, secrets);
  });
  const full = [...byName];
  const local = full.filter(([name]) => name.toLowerCase().endsWith(`@${host.toLowerCase()}`));
  for (const [name, secrets] of [...local, ...full]) {
    const short = name.replace(/(?<=.)@[^@]*$/, '');
    if (!byName.has(short)) byName.set(short, secrets);
  }
  return [...byName].flatMap(([name, secrets]) => secrets.map((secret) => ({ name, secret })));
}

function passwordsOf(rest: string): readonly string[] {
  const colon = rest.indexOf(':');
  return colon < 0 ? [rest] : [rest.slice(0, colon), rest];
}

/**
 * The text of a file in which the user has this password and no other, or no line at all. What else
 * stands there stays, comments too.
 */
export function editUserFile(text: string, name: string, secret: ScryptSecret | undefined): string {
  const lines = text === '' ? [] : text.replace(/\n$/, '').split('\n');
  const isTheirs = (line: string): boolean => !isComment(line) && line.startsWith(`${name}:`);
  const at = lines.findIndex(isTheirs);
  const before = at < 0 ? lines : lines.slice(0, at);
  const after = at < 0 ? [] : lines.slice(at).filter((line) => !isTheirs(line));
  const own = secret === undefined ? [] : [`${name}:${showScrypt(secret)}`];
  return [...before, ...own, ...after].map((line) => `${line}\n`).join('');
}

function isComment(line: string): boolean {
  return line.startsWith('# ');
}

function parseLines(file: string, text: string, read: (name: string, rest: string) => void): void {
  let users = 0;
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\r$/, '');
    if (line === '' || isComment(line)) continue;
    try {
      if (++users > USERS_MAX) throw new BadLine(`there are more than ${USERS_MAX} users`);
      readLine(line, read);
    } catch (error) {
      if (!(error instanceof BadLine)) throw error;
      throw new CodedError('ERR_USER_FILE', `${file}, line ${at + 1}: ${error.message}.`);
    }
  }
}

function readLine(line: string, read: (name: string, rest: string) => void): void {
  const colon = line.indexOf(':');
  if (colon < 0) throw new BadLine('there is no colon; a line is user:password');
  if (colon === 0) throw new BadLine('there is no user before the colon');
  if (line.includes('\0')) throw new BadLine('there is a NUL in it');
  if (line.includes('\r')) throw new BadLine('there is a carriage return in it');
  const name = line.slice(0, colon);
  if (name.length > NAME_BYTES_MAX) throw new BadLine(`the user is over ${NAME_BYTES_MAX} bytes`);
  read(name, line.slice(colon + 1));
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
