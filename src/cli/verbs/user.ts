import { CodedError, flag, text } from '../../base/index.ts';
import { DEFAULT_ROLE, ROLES, type Role } from '../../commands/index.ts';
import { editRole, editUserFile, makeScrypt } from '../../server/index.ts';
import { EXIT } from '../process/exit-codes.ts';
import type { Host } from '../process/host.ts';
import { columns } from '../terminal/columns.ts';
import { defineVerb } from '../verb.ts';
import { readUserFile, type UserFile, writeUserFile } from './user-file.ts';

/** Names that every kind of login can carry: in memcached's ASCII login a blank ends the name. */
const NAME = /^[!-9;-~]{1,250}$/;
const PASSWORD_BYTES_MAX = 250;

const userFlags = {
  authFile: text({
    short: 'Y',
    placeholder: '<file>',
    doc: 'The file of users that slabring serve -Y reads; add creates it if it does not exist.',
  }),
  passwordStdin: flag({ doc: 'Read the password from standard input, for scripts.' }),
  replace: flag({
    isCommandLineOnly: true,
    doc: 'Let add set a new password for an existing user.',
  }),
  role: text({
    placeholder: '<role>',
    isCommandLineOnly: true,
    doc: `With add: the role of the user: ${ROLES.join(', ')}. Default: ${DEFAULT_ROLE}.`,
  }),
  json: flag({ doc: 'Print the result as JSON.' }),
};

/** `slabring user`: edits a file of users with hashed passwords. */
export const userVerb = defineVerb({
  name: 'user',
  summary: 'add, remove and list the users of a file for serve -Y, and set their roles',
  description:
    'Edits a file of users who may log in to nodes started with -Y <file> (and -S, for SASL). ' +
    'The file stores passwords as scrypt hashes. The verb prompts for a password on the ' +
    'terminal, or reads it from standard input with --password-stdin. A command line never ' +
    'contains it, because other users of the machine can see command lines.\n' +
    'A user with the role readonly may only read, one with readwrite may also change items, and ' +
    'an admin may send every command.\n' +
    'Running nodes load a changed file within two seconds.',
  parameters: ['add|remove|role|list', '[name]', '[role]'],
  flags: userFlags,
  examples: [
    { command: 'slabring user add alice -Y users', effect: 'prompt for a password' },
    {
      command: 'pass show cache | slabring user add app -Y users --password-stdin',
      effect: 'read it from a script',
    },
    { command: 'slabring user role alice admin -Y users', effect: 'alice may send every command' },
    { command: 'slabring user remove alice -Y users', effect: 'alice can no longer log in' },
    { command: 'slabring user list -Y users', effect: 'list the users' },
  ],
  async run(options, host, [action = '', name = '', role = '']) {
    const file = options.authFile;
    if (role !== '' && action !== 'role') throw usageError(`Unexpected argument "${role}".`);
    if (file === '') throw usageError('Name the file of users with -Y (--auth-file).');
    switch (action) {
      case 'list':
        return list(await readUserFile(file), options.json, host);
      case 'add':
        return add(checkedName(name), await readUserFile(file), options, host);
      case 'remove':
        return remove(checkedName(name), await readUserFile(file), options.json, host);
      case 'role':
        return setRole(
          checkedName(name),
          checkedRole(role),
          await readUserFile(file),
          options,
          host,
        );
      default:
        throw usageError(
          `There is no action "${action}"; the actions are add, remove, role and list.`,
        );
    }
  },
});

interface AddOptions {
  readonly passwordStdin: boolean;
  readonly replace: boolean;
  readonly role: string;
  readonly json: boolean;
}

async function add(name: string, file: UserFile, options: AddOptions, host: Host): Promise<number> {
  const exists = file.users.some((user) => user.name === name);
  if (exists && !options.replace) {
    const advice = 'To set a new password for this user, add --replace.';
    throw new CodedError('ERR_USER_EXISTS', `${file.path} already has a user "${name}". ${advice}`);
  }
  const role = options.role === '' ? undefined : checkedRole(options.role);
  const password = await readPassword(name, options.passwordStdin, host);
  const secret = await makeScrypt(Buffer.from(password, 'utf8'));
  const text = editUserFile(file.text ?? '', name, secret);
  await writeUserFile(file.path, role === undefined ? text : editRole(text, name, role), host);
  const result = exists ? 'replaced' : 'added';
  host.out(options.json ? JSON.stringify({ user: name, [result]: true }) : `${name}: ${result}`);
  return EXIT.ok;
}

function list(file: UserFile, json: boolean, host: Host): number {
  requireFile(file);
  host.out(json ? usersJson(file) : usersTable(file));
  return EXIT.ok;
}

async function setRole(
  name: string,
  role: Role,
  file: UserFile,
  { json }: { readonly json: boolean },
  host: Host,
): Promise<number> {
  requireUser(file, name);
  await writeUserFile(file.path, editRole(file.text ?? '', name, role), host);
  host.out(json ? JSON.stringify({ user: name, role }) : `${name}: ${role}`);
  return EXIT.ok;
}

async function remove(name: string, file: UserFile, json: boolean, host: Host): Promise<number> {
  requireUser(file, name);
  const text = editRole(editUserFile(file.text ?? '', name, undefined), name, DEFAULT_ROLE);
  await writeUserFile(file.path, text, host);
  if (file.users.every((user) => user.name === name)) {
    host.err(
      `${file.path} has no users now: running nodes refuse every login, and a node does not start` +
        ' with it. Add a user.',
    );
  }
  host.out(json ? JSON.stringify({ user: name, removed: true }) : `${name}: removed`);
  return EXIT.ok;
}

function requireUser(file: UserFile, name: string): void {
  if (requireFile(file).users.some((user) => user.name === name)) return;
  throw new CodedError('ERR_NO_SUCH_USER', `${file.path} has no user "${name}".`);
}

/** All actions but `add` need an existing file; `add` creates it. */
function requireFile(file: UserFile): UserFile {
  if (file.text !== undefined) return file;
  throw new CodedError('ERR_USER_FILE', `There is no file ${file.path}; check -Y (--auth-file).`);
}

function checkedRole(text: string): Role {
  const role = ROLES.find((each) => each === text);
  if (role !== undefined) return role;
  throw usageError(`The role is "${text}"; the roles are ${ROLES.join(', ')}.`);
}

function checkedName(name: string): string {
  if (NAME.test(name)) return name;
  const allowed =
    '1 to 250 letters, digits and punctuation marks of ASCII, without blanks and colons';
  throw usageError(`The user name is "${name}"; it must be ${allowed}.`);
}

async function readPassword(name: string, fromInput: boolean, host: Host): Promise<string> {
  const password = fromInput
    ? (await host.readInput()).toString().replace(/\r?\n$/, '')
    : await promptTwice(name, host);
  const bytes = Buffer.byteLength(password);
  if (bytes === 0) throw usageError('The password is empty.');
  if (/[\0\r\n]/.test(password)) throw usageError('The password contains a line break or a NUL.');
  if (bytes > PASSWORD_BYTES_MAX) {
    throw usageError(`The password is longer than ${PASSWORD_BYTES_MAX} bytes.`);
  }
  return password;
}

async function promptTwice(name: string, host: Host): Promise<string> {
  const prompt = host.promptSecret(`Password for ${name}: `);
  if (prompt === undefined) {
    throw usageError('There is no terminal to prompt for a password: use --password-stdin.');
  }
  const password = await prompt;
  if ((await host.promptSecret('Once more: ')) === password) return password;
  throw usageError('The two passwords differ; nothing was changed. Try again.');
}

function roleOf({ roles }: UserFile, name: string): Role {
  return roles.get(name) ?? DEFAULT_ROLE;
}

function usersJson(file: UserFile): string {
  const rows = file.users.map(({ name, secret }) => ({
    user: name,
    role: roleOf(file, name),
    password: secret.kind,
  }));
  return JSON.stringify(rows);
}

function usersTable(file: UserFile): string {
  if (file.users.length === 0) return `${file.path} has no users.`;
  const rows = file.users.map(({ name, secret }) => [
    name,
    roleOf(file, name),
    secret.kind === 'plain' ? 'plain text: add it again with --replace to hash it' : 'hashed',
  ]);
  return columns([['user', 'role', 'password'], ...rows]);
}

function usageError(message: string): CodedError {
  return new CodedError('ERR_USAGE', message);
}
