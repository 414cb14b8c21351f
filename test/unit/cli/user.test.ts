import { chmod, lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { run } from '../../../src/cli/run.ts';
import { userVerb } from '../../../src/cli/user.ts';
import { UserGate } from '../../../src/server/auth/index.ts';
import { loadUsers } from '../../../src/server/index.ts';
import { temporaryFolder } from '../../support/folder.ts';
import { TestHost } from './host.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'users');
});
afterEach(() => folder.remove());

type Said = ConstructorParameters<typeof TestHost>[0];

async function user(line: string, host: Said = {}) {
  const to = new TestHost(host);
  const code = await run(['user', ...line.split(' '), '-Y', file], [userVerb], to);
  return { code, out: to.said.join('\n'), err: to.complained.join('\n') };
}

async function opens(name: string, password: string): Promise<boolean> {
  const gate = new UserGate(await loadUsers({ authFile: file, saslPwdb: '' }));
  return gate.verify(Buffer.from(name), Buffer.from(password));
}

test('add asks twice, stores a hash, and nobody else may read it', async () => {
  const added = await user('add alice', { typed: ['pä ss', 'pä ss'] });
  expect(added).toEqual({ code: 0, out: 'alice: added', err: '' });
  expect(await readFile(file, 'latin1')).toMatch(/^alice:\$scrypt\$ln=15,r=8,p=1\$\S+\$\S+\n$/);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(await opens('alice', 'pä ss')).toBe(true);
  expect(await opens('alice', 'other')).toBe(false);
  expect(await readdir(folder.path)).toEqual(['users']);
});

test('add from standard input, replace, list, remove', async () => {
  expect((await user('add bob --password-stdin', { input: 'one\n' })).code).toBe(0);
  const again = await user('add bob --password-stdin', { input: 'two\n' });
  expect(again.code).toBe(1);
  expect(again.err).toMatch(/already.*--replace/);
  const replaced = await user('add bob --password-stdin --replace --json', { input: 'two' });
  expect(JSON.parse(replaced.out)).toEqual({ user: 'bob', replaced: true });
  expect(await opens('bob', 'two')).toBe(true);
  expect((await user('list')).out).toMatch(/bob +hashed/);
  expect(JSON.parse((await user('list --json')).out)).toEqual([
    { user: 'bob', password: 'scrypt' },
  ]);
  expect((await user('remove bob')).err).toMatch(/names no user now/);
  expect((await user('remove bob')).err).toMatch(/has no user "bob"/);
  expect((await user('list')).out).toMatch(/names no user/);
  expect(await readFile(file, 'utf8')).toBe('');
});

test('the other lines stay as they are, comments and order too', async () => {
  await writeFile(file, '# who may\n\nalice:x\nbob:old\r\ncarol:y\nbob:older\n');
  await user('add bob --password-stdin --replace', { input: 'new' });
  expect(await readFile(file, 'utf8')).toMatch(
    /^# who may\n\nalice:x\nbob:\$scrypt\$\S+\ncarol:y\n$/,
  );
  expect([await opens('bob', 'new'), await opens('bob', 'older')]).toEqual([true, false]);
  await user('remove bob');
  expect(await readFile(file, 'utf8')).toBe('# who may\n\nalice:x\ncarol:y\n');
});

test('a link stays a link, and permissions stay', async () => {
  const real = join(folder.path, 'real');
  await writeFile(real, 'a:b\n');
  await chmod(real, 0o640);
  await symlink('real', file);
  expect((await user('add bob --password-stdin', { input: 'x' })).err).toBe('');
  expect((await lstat(file)).isSymbolicLink()).toBe(true);
  expect(await readFile(real, 'utf8')).toContain('bob:$scrypt$');
  expect((await stat(real)).mode & 0o777).toBe(0o640);
});

test.each(['list', 'remove a'])('%s wants a file that is there', async (line) => {
  const { code, err } = await user(line);
  expect({ code, err }).toEqual({ code: 1, err: `slabring: There is no file ${file}.` });
});

test('a file that cannot be read is no bug', async () => {
  await mkdir(file);
  const { code, err } = await user('list');
  expect(code).toBe(1);
  expect(err).toMatch(/cannot be read: EISDIR/);
});

test('plain users stay, and a file that others can read is pointed out', async () => {
  await writeFile(file, 'old:plain text\n', { mode: 0o644 });
  const added = await user('add new --password-stdin', { input: 'x' });
  expect(added.err).toMatch(/chmod 600/);
  expect(await opens('old', 'plain text')).toBe(true);
  expect((await user('list')).out).toMatch(/old +plain text/);
});

test.each<[string, Said, RegExp]>([
  ['add alice', { typed: ['a', 'b'] }, /differ; nothing was changed/],
  ['add alice', {}, /--password-stdin/],
  ['add alice --password-stdin', { input: '\n' }, /empty/],
  ['add alice --password-stdin', { input: 'x'.repeat(251) }, /over 250 bytes/],
  ['add alice --password-stdin', { input: 'one\ntwo\n' }, /line break/],
  ['add al:ice --password-stdin', { input: 'x' }, /A user is/],
  ['add', {}, /A user is/],
  ['frobnicate', {}, /none of add, remove and list/],
  ['add a b', {}, /There is no option "b"/],
])('%s is refused with a sentence', async (line, host, sentence) => {
  const { code, err } = await user(line, host);
  expect(code).toBe(2);
  expect(err).toMatch(sentence);
  expect(await readdir(folder.path)).toEqual([]);
});

test('a file with a bad line is not written over', async () => {
  await writeFile(file, 'no colon\n');
  const { code, err } = await user('add a --password-stdin', { input: 'x' });
  expect(code).toBe(1);
  expect(err).toMatch(/line 1: there is no colon/);
  expect(await readFile(file, 'utf8')).toBe('no colon\n');
});
