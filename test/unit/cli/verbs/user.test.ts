import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../../src/cli/run.ts';
import { userVerb } from '../../../../src/cli/verbs/user.ts';
import { UserAuthenticator } from '../../../../src/server/auth/index.ts';
import { loadUsers } from '../../../../src/server/auth/load-users.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { TestHost } from '../host.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'users');
});
afterEach(() => folder.remove());

type HostOptions = ConstructorParameters<typeof TestHost>[0];

async function user(line: string, options: HostOptions = {}) {
  const host = new TestHost(options);
  const code = await run(['user', ...line.split(' '), '-Y', file], [userVerb], host);
  return { code, out: host.outputLines.join('\n'), err: host.errorLines.join('\n') };
}

async function canLogIn(name: string, password: string): Promise<boolean> {
  const authenticator = new UserAuthenticator(await loadUsers({ authFile: file, saslPwdb: '' }));
  return (await authenticator.verify(Buffer.from(name), Buffer.from(password))) !== undefined;
}

test('add prompts twice and stores a hash in a file that only its owner can read', async () => {
  const added = await user('add alice', { terminalInput: ['pä ss', 'pä ss'] });
  expect(added).toEqual({ code: 0, out: 'alice: added', err: '' });
  expect(await readFile(file, 'latin1')).toMatch(/^alice:\$scrypt\$ln=15,r=8,p=1\$\S+\$\S+\n$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await canLogIn('alice', 'pä ss')).toBe(true);
  expect(await canLogIn('alice', 'other')).toBe(false);
  expect(await readdir(folder.path)).toEqual(['users']);
});

test('add reads a password from standard input; --replace, list and remove work', async () => {
  expect((await user('add bob --password-stdin', { input: 'one\n' })).code).toBe(0);
  const again = await user('add bob --password-stdin', { input: 'two\n' });
  expect(again.code).toBe(1);
  expect(again.err).toMatch(/already.*--replace/);
  const replaced = await user('add bob --password-stdin --replace --json', { input: 'two' });
  expect(JSON.parse(replaced.out)).toEqual({ user: 'bob', replaced: true });
  expect(await canLogIn('bob', 'two')).toBe(true);
  expect((await user('list')).out).toMatch(/bob +readwrite +hashed/);
  expect(JSON.parse((await user('list --json')).out)).toEqual([
    { user: 'bob', role: 'readwrite', password: 'scrypt' },
  ]);
  expect((await user('remove bob')).err).toMatch(/has no users now/);
  expect((await user('remove bob')).err).toMatch(/has no user "bob"/);
  expect((await user('list')).out).toMatch(/has no users/);
  expect(await readFile(file, 'utf8')).toBe('');
});

test('an edit keeps the other lines, the comments and the order', async () => {
  await writeFile(file, '# users\n\nalice:x\nbob:old\r\ncarol:y\nbob:older\n');
  await user('add bob --password-stdin --replace', { input: 'new' });
  expect(await readFile(file, 'utf8')).toMatch(
    /^# users\n\nalice:x\nbob:\$scrypt\$\S+\ncarol:y\n$/,
  );
  expect([await canLogIn('bob', 'new'), await canLogIn('bob', 'older')]).toEqual([true, false]);
  await user('remove bob');
  expect(await readFile(file, 'utf8')).toBe('# users\n\nalice:x\ncarol:y\n');
});

test('an edit keeps a symbolic link and the permissions', async () => {
  const real = join(folder.path, 'real');
  await writeFile(real, 'a:b\n');
  await chmod(real, 0o640);
  await symlink('real', file);
  expect((await user('add bob --password-stdin', { input: 'x' })).err).toBe('');
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(real, 'utf8')).toContain('bob:$scrypt$');
  expect((await stat(real)).mode & 0o777).toBe(0o640);
});

test.each(['list', 'remove a'])('%s fails if the file does not exist', async (line) => {
  const { code, err } = await user(line);
  expect(code).toBe(1);
  expect(err).toBe(`slabring: There is no file ${file}; check -Y (--auth-file).`);
});

test('a file that cannot be read ends the verb with exit code 1, not as a bug', async () => {
  await mkdir(file);
  const { code, err } = await user('list');
  expect(code).toBe(1);
  expect(err).toMatch(/Cannot read .*: it is a directory/);
});

test('plain-text users stay, and a warning names a file that other users can read', async () => {
  await writeFile(file, 'old:plain text\n', { mode: 0o644 });
  const added = await user('add new --password-stdin', { input: 'x' });
  expect(added.err).toMatch(/chmod 600/);
  expect(await canLogIn('old', 'plain text')).toBe(true);
  expect((await user('list')).out).toMatch(/old +readwrite +plain text/);
});

test.each<[string, HostOptions, RegExp]>([
  ['add alice', { terminalInput: ['a', 'b'] }, /differ; nothing was changed/],
  ['add alice', {}, /--password-stdin/],
  ['add alice --password-stdin', { input: '\n' }, /empty/],
  ['add alice --password-stdin', { input: 'x'.repeat(251) }, /longer than 250 bytes/],
  ['add alice --password-stdin', { input: 'one\ntwo\n' }, /line break/],
  ['add al:ice --password-stdin', { input: 'x' }, /The user name is "al:ice"/],
  ['add', {}, /The user name is ""/],
  ['frobnicate', {}, /actions are add, remove, role and list/],
  ['add a b', {}, /Unexpected argument "b"/],
])('"user %s" is refused with a message', async (line, options, message) => {
  const { code, err } = await user(line, options);
  expect(code).toBe(2);
  expect(err).toMatch(message);
  expect(await readdir(folder.path)).toEqual([]);
});

test('add does not overwrite a file with an invalid line', async () => {
  await writeFile(file, 'no colon\n');
  const { code, err } = await user('add a --password-stdin', { input: 'x' });
  expect(code).toBe(1);
  expect(err).toMatch(/line 1: it has no colon/);
  expect(await readFile(file, 'utf8')).toBe('no colon\n');
});

test('role sets the role of a user, and add and remove keep the file consistent', async () => {
  const words = { input: 'secret' };
  await user('add app --password-stdin --role readonly', words);
  expect(await readFile(file, 'latin1')).toMatch(/^app:\$scrypt\S+\nrole readonly app\n$/);
  await user('add boss --password-stdin', words);
  expect(await user('role boss admin')).toEqual({ code: 0, out: 'boss: admin', err: '' });
  expect(JSON.parse((await user('list --json')).out)).toEqual([
    { user: 'app', role: 'readonly', password: 'scrypt' },
    { user: 'boss', role: 'admin', password: 'scrypt' },
  ]);
  await user('add app --password-stdin --replace', words);
  expect((await user('list')).out).toMatch(/^app +readonly +hashed$/m);
  expect(await user('role app readwrite --json')).toMatchObject({
    out: '{"user":"app","role":"readwrite"}',
  });
  expect(await readFile(file, 'latin1')).not.toContain('app\n');
  await user('remove boss');
  expect(await readFile(file, 'latin1')).toMatch(/^app:\S+\n$/);
  expect(await user('role app owner')).toMatchObject({
    code: 2,
    err: expect.stringContaining('the roles are readonly, readwrite, admin'),
  });
  expect(await user('role nobody admin')).toMatchObject({
    err: expect.stringContaining('has no user "nobody"'),
  });
});
