import { chmod, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../../../src/base/index.ts';
import { formatScrypt, makeScrypt } from '../../../../src/server/auth/scrypt.ts';
import { UserFileWatcher } from '../../../../src/server/auth/user-file-watcher.ts';
import type { UserTable } from '../../../../src/server/auth/users.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { waitUntil } from '../../../support/wait.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
let lines: string[];
/** The user names of each table that the watcher reported. */
let reported: string[];
const watchers: UserFileWatcher[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'users');
  lines = [];
  reported = [];
});
afterEach(async () => {
  for (const watcher of watchers.splice(0)) watcher.close();
  await folder.remove();
});

const record = (_facts: object, text: string): void => void lines.push(text);
const log: Logger = { error: record, warn: record, info: record, debug: record, trace: record };
const namesOf = ({ users }: UserTable): string => users.map(({ name }) => name).join(' ');

async function openWith(text: string): Promise<UserFileWatcher> {
  await writeFile(file, text, { mode: 0o600 });
  return openFile(file);
}

async function openFile(authFile: string): Promise<UserFileWatcher> {
  const watcher = await UserFileWatcher.open({ authFile, saslPwdb: '' }, log);
  watchers.push(watcher);
  return watcher;
}

const watch = (watcher: UserFileWatcher): void =>
  watcher.watch((table) => void reported.push(namesOf(table) || '-'));

describe('opening a user file', () => {
  test('opening a user file loads its users', async () => {
    expect(namesOf((await openWith('a:1\nb:2\n')).table)).toBe('a b');
    expect(lines).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['', /contains no user, so no client could log in. Add one: slabring user add/],
    ['a:1\nbad\n', /line 2: it has no colon/],
  ])('opening a user file fails with %j', async (text, message) => {
    await expect(openWith(text)).rejects.toThrow(message);
  });

  test('opening a user file fails without the file', async () => {
    await expect(openFile(file)).rejects.toThrow(
      /Cannot read the user file .*: there is no such file; correct its name/,
    );
  });

  test('opening a user file fails if a login would compute too many hashes', async () => {
    const secret = await makeScrypt(Buffer.from('x'));
    const costs = [11, 12, 13, 14, 15].map((log2N) => formatScrypt({ ...secret, log2N }));
    const text = (hashes: readonly string[]): string =>
      hashes.map((hash, i) => `u${i}:${hash}\n`).join('');
    await expect(openWith(text(costs))).rejects.toThrow(/makes each login compute 5 hashes/);
    await openWith(text(costs.slice(1)));
  });

  test('opening a user file warns if every user of the machine can read the file', async () => {
    await writeFile(file, 'a:1\n');
    await chmod(file, 0o644);
    await openFile(file);
    expect(lines.join()).toContain(`chmod o-rw ${file}`);
  });
});

describe('a changed user file', () => {
  test('a reload replaces the users, unless the file is bad', async () => {
    const watcher = await openWith('a:1\n');
    watch(watcher);
    await writeFile(file, 'bad\n');
    expect(await watcher.reload()).toMatch(/line 1: it has no colon/);
    expect(reported).toEqual([]);
    expect(lines.join()).toMatch(/kept the previous users: .*line 1: it has no colon/);
    expect(namesOf(watcher.table)).toBe('a');
    await writeFile(file, 'b:1\n');
    expect(await watcher.reload()).toBeUndefined();
    expect(reported).toEqual(['b']);
  });

  test('a user file without users leaves no user that can log in', async () => {
    const watcher = await openWith('a:1\n');
    watch(watcher);
    await writeFile(file, '# none left\n');
    await watcher.reload();
    expect(reported).toEqual(['-']);
    expect(lines.join()).toContain('no client can log in');
  });

  test('the last version of the file is what the last of many reloads sees', async () => {
    const watcher = await openWith('a:1\n');
    watch(watcher);
    const reloads: Promise<unknown>[] = [];
    for (const name of ['b', 'c', 'd']) {
      await writeFile(file, `${name}:1\n`);
      reloads.push(watcher.reload(), watcher.reload());
    }
    await Promise.all(reloads);
    expect(reported.at(-1)).toBe('d');
    expect(reported.length).toBeLessThan(6);
  });

  const ways: readonly (readonly [string, (text: string) => Promise<void>])[] = [
    ['a write in place', (text) => writeFile(file, text)],
    [
      'a rename over it',
      async (text) => {
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
      },
    ],
    [
      'a removal and a new file',
      async (text) => {
        await rm(file);
        await waitUntil('it is missed', () =>
          lines.some((line) => line.includes('there is no such file')),
        );
        await writeFile(file, text);
      },
    ],
  ];
  test.for(ways)('a changed user file is noticed after %s', async ([, change]) => {
    watch(await openWith('a:1\n'));
    await change('b:2\n');
    await waitUntil('the change is noticed', () => reported.includes('b'));
    expect(reported).toEqual(['b']);
  });

  test('a changed user file is noticed after a link to it changes, as in Kubernetes', async () => {
    for (const name of ['one', 'two']) await writeFile(join(folder.path, name), `${name}:x\n`);
    await symlink('one', file);
    watch(await openFile(file));
    await symlink('two', `${file}.new`);
    await rename(`${file}.new`, file);
    await waitUntil('the change is noticed', () => reported.includes('two'));
  });

  test('a user file is read again if it changed between the first load and the watch', async () => {
    const watcher = await openWith('a:1\n');
    await writeFile(file, 'b:2\n');
    watch(watcher);
    await waitUntil('the change is noticed', () => reported.includes('b'));
  });
});
