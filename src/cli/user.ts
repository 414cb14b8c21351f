import { CodedError, flag, text } from '../base/index.ts';
import { makeScrypt, type User } from '../server/index.ts';
import { columns } from './columns.ts';
import { EXIT } from './exit-codes.ts';
import type { Host } from './host.ts';
import { readUserFile, type UserFile, writeUserFile } from './user-file.ts';
import { defineVerb } from './verb.ts';

/** Names that every way to log in can carry: memcached's ASCII login ends the user at a blank. */
const NAME = /^[!-9;-~]{1,250}$/;
const PASSWORD_BYTES_MAX = 250;

const userFlags = {
  authFile: text({
    short: 'Y',
    placeholder: '<file>',
    doc: 'The file of users, as slabring serve -Y reads it; made when it is not there.',
  }),
  passwordStdin: flag({ doc: 'Take the password from standard input, for scripts.' }),
  replace: flag({ doc: 'Let add give a user that is there a new password.' }),
  json: flag({ doc: 'Print the answer as JSON.' }),
};

/** `slabring user`: keeps the file of users, with hashed passwords. */
export const userVerb = defineVerb({
  name: 'user',
  summary: 'add, remove and list the users of a file for serve -Y',
  about:
    'Keeps a file of users who may log in to nodes started with -Y <file> (and -S, for SASL).\n' +
    'Passwords are stored as scrypt hashes. They are asked for on the terminal, or read from\n' +
    'standard input with --password-stdin; never given on the command line, where others see them.\n' +
    'Running nodes notice that the file has changed within a second or two.',
  words: ['add|remove|list', '[name]'],
  flags: userFlags,
  examples: [
    { command: 'slabring user add alice -Y users', does: 'asks for a password' },
    {
      command: 'pass show cache | slabring user add app -Y users --password-stdin',
      does: 'from a script',
    },
    { command: 'slabring user remove alice -Y users', does: 'alice cannot log in any more' },
    { command: 'slabring user list -Y users', does: 'who may' },
  ],
  async run(options, host, [what = '', name = '']) {
    const file = options.authFile;
    if (file === '') throw usage('Name the file of users with -Y (--auth-file).');
    switch (what) {
      case 'list':
        return list(await readUserFile(file), options.json, host);
      case 'add':
        return add(nameOf(name), await readUserFile(file), options, host);
      case 'remove':
        return remove(nameOf(name), await readUserFile(file), options.json, host);
      default:
        throw usage(`"${what}" is none of add, remove and list.`);
    }
  },
});

interface AddOptions {
  readonly passwordStdin: boolean;
  readonly replace: boolean;
  readonly json: boolean;
}

async function add(name: string, file: UserFile, options: AddOptions, host: Host): Promise<number> {
  const isThere = file.users.some((user) => user.name === name);
  if (isThere && !options.replace) {
    const advice = 'To give that user a new password, add --replace.';
    throw new CodedError('ERR_USER_EXISTS', `${file.path} has a user "${name}" already. ${advice}`);
  }
  const password = await readPassword(name, options.passwordStdin, host);
  const secret = await makeScrypt(Buffer.from(password, 'utf8'));
  await writeUserFile(file, name, secret, host);
  const done = isThere ? 'replaced' : 'added';
  host.out(options.json ? JSON.stringify({ user: name, [done]: true }) : `${name}: ${done}`);
  return EXIT.ok;
}

function list(file: UserFile, json: boolean, host: Host): number {
  const { path, users } = thereIs(file);
  host.out(json ? asJson(users) : asPage(path, users));
  return EXIT.ok;
}

async function remove(name: string, file: UserFile, json: boolean, host: Host): Promise<number> {
  if (!thereIs(file).users.some((user) => user.name === name)) {
    throw new CodedError('ERR_NO_SUCH_USER', `${file.path} has no user "${name}".`);
  }
  await writeUserFile(file, name, undefined, host);
  if (file.users.every((user) => user.name === name)) {
    host.err(
      `${file.path} names no user now: running nodes let nobody log in, and none starts with it.`,
    );
  }
  host.out(json ? JSON.stringify({ user: name, removed: true }) : `${name}: removed`);
  return EXIT.ok;
}

/** A file that one wants to add to may be missing; one that one asks about may not. */
function thereIs(file: UserFile): UserFile {
  if (file.text !== undefined) return file;
  throw new CodedError('ERR_USER_FILE', `There is no file ${file.path}.`);
}

function nameOf(name: string): string {
  if (NAME.test(name)) return name;
  throw usage('A user is 1 to 250 letters, digits and signs of ASCII, without blanks and colons.');
}

async function readPassword(name: string, fromInput: boolean, host: Host): Promise<string> {
  const password = fromInput
    ? (await host.readInput()).replace(/\r?\n$/, '')
    : await askTwice(name, host);
  const bytes = Buffer.byteLength(password);
  if (bytes === 0) throw usage('The password is empty.');
  if (/[\0\r\n]/.test(password)) throw usage('The password has a line break or a NUL in it.');
  if (bytes > PASSWORD_BYTES_MAX) throw usage(`The password is over ${PASSWORD_BYTES_MAX} bytes.`);
  return password;
}

async function askTwice(name: string, host: Host): Promise<string> {
  const asked = host.askSecret(`Password for ${name}: `);
  if (asked === undefined) {
    throw usage('There is no terminal to ask for a password: give it with --password-stdin.');
  }
  const password = await asked;
  if ((await host.askSecret('Once more: ')) === password) return password;
  throw usage('The two passwords differ; nothing was changed.');
}

function asJson(users: readonly User[]): string {
  return JSON.stringify(users.map(({ name, secret }) => ({ user: name, password: secret.kind })));
}

function asPage(file: string, users: readonly User[]): string {
  if (users.length === 0) return `${file} names no user.`;
  const rows = users.map(({ name, secret }) => [
    name,
    secret.kind === 'plain' ? 'plain text: add it again with --replace to hash it' : 'hashed',
  ]);
  return columns([['user', 'password'], ...rows]);
}

function usage(message: string): CodedError {
  return new CodedError('ERR_USAGE', message);
}
