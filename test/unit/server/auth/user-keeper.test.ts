import { chmod, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Logger } from '../../../../src/base/index.ts';
import { makeScrypt, showScrypt } from '../../../../src/server/auth/scrypt.ts';
import { UserKeeper } from '../../../../src/server/auth/user-keeper.ts';
import type { UserTable } from '../../../../src/server/auth/users.ts';
import { temporaryFolder } from '../../../support/folder.ts';
import { until } from '../../../support/wait.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let file: string;
let lines: string[];
let told: string[];
const keepers: UserKeeper[] = [];
beforeEach(async () => {
  folder = await temporaryFolder();
  file = join(folder.path, 'users');
  lines = [];
  told = [];
});
afterEach(async () => {
  for (const keeper of keepers.splice(0)) keeper.close();
  await folder.remove();
});

const keep = (_facts: object, text: string): void => void lines.push(text);
const log: Logger = { error: keep, warn: keep, info: keep, debug: keep, trace: keep };
const namesOf = ({ users }: UserTable): string => users.map(({ name }) => name).join(' ');

async function opened(text: string): Promise<UserKeeper> {
  await writeFile(file, text, { mode: 0o600 });
  return openedAt(file);
}

async function openedAt(authFile: string): Promise<UserKeeper> {
  const keeper = await UserKeeper.open({ authFile, saslPwdb: '' }, log);
  keepers.push(keeper);
  return keeper;
}

const watch = (keeper: UserKeeper): void =>
  keeper.watch((table) => void told.push(namesOf(table) || '-'));

describe('a node starts', () => {
  test('with the users of its file', async () => {
    expect(namesOf((await opened('a:1\nb:2\n')).table)).toBe('a b');
    expect(lines).toEqual([]);
  });

  test.each<[string, RegExp]>([
    ['', /names no user: nobody could log in. Add one: slabring user add/],
    ['a:1\nbad\n', /line 2: there is no colon/],
  ])('not with %j', async (text, why) => {
    await expect(opened(text)).rejects.toThrow(why);
  });

  test('not without the file', async () => {
    await expect(openedAt(file)).rejects.toThrow(/cannot be read: ENOENT/);
  });

  test('not when a login would take too many hashes', async () => {
    const secret = await makeScrypt(Buffer.from('x'));
    const dear = [11, 12, 13, 14, 15].map((log2N) => showScrypt({ ...secret, log2N }));
    const text = (hashes: readonly string[]): string =>
      hashes.map((hash, i) => `u${i}:${hash}\n`).join('');
    await expect(opened(text(dear))).rejects.toThrow(/asks for 5 hashes each login/);
    await opened(text(dear.slice(1)));
  });

  test('and warns when everybody on the machine may read the file', async () => {
    await writeFile(file, 'a:1\n');
    await chmod(file, 0o644);
    await openedAt(file);
    expect(lines.join()).toContain(`chmod o-rw ${file}`);
  });
});

describe('a file changes', () => {
  test('and is read again when told to; a bad one changes nothing', async () => {
    const keeper = await opened('a:1\n');
    watch(keeper);
    await writeFile(file, 'bad\n');
    await keeper.reload();
    expect(told).toEqual([]);
    expect(lines.join()).toMatch(/the users stay as they were: .*line 1: there is no colon/);
    expect(namesOf(keeper.table)).toBe('a');
    await writeFile(file, 'b:1\n');
    await keeper.reload();
    expect(told).toEqual(['b']);
  });

  test('to nobody: then nobody may log in', async () => {
    const keeper = await opened('a:1\n');
    watch(keeper);
    await writeFile(file, '# none left\n');
    await keeper.reload();
    expect(told).toEqual(['-']);
    expect(lines.join()).toContain('nobody can log in');
  });

  test('and the last of many readings sees the last change', async () => {
    const keeper = await opened('a:1\n');
    watch(keeper);
    const readings: Promise<void>[] = [];
    for (const name of ['b', 'c', 'd']) {
      await writeFile(file, `${name}:1\n`);
      readings.push(keeper.reload(), keeper.reload());
    }
    await Promise.all(readings);
    expect(told.at(-1)).toBe('d');
    expect(told.length).toBeLessThan(6);
  });

  const ways: readonly (readonly [string, (text: string) => Promise<void>])[] = [
    ['in place', (text) => writeFile(file, text)],
    [
      'by another in its place',
      async (text) => {
        await writeFile(`${file}.new`, text);
        await rename(`${file}.new`, file);
      },
    ],
    [
      'after it was gone',
      async (text) => {
        await rm(file);
        await until('it is missed', () => lines.some((line) => line.includes('ENOENT')));
        await writeFile(file, text);
      },
    ],
  ];
  test.for(ways)('%s, and that is noticed', async ([, change]) => {
    watch(await opened('a:1\n'));
    await change('b:2\n');
    await until('the change is noticed', () => told.includes('b'));
    expect(told).toEqual(['b']);
  });

  test('behind a link that is moved, as Kubernetes does', async () => {
    for (const name of ['one', 'two']) await writeFile(join(folder.path, name), `${name}:x\n`);
    await symlink('one', file);
    watch(await openedAt(file));
    await symlink('two', `${file}.new`);
    await rename(`${file}.new`, file);
    await until('the change is noticed', () => told.includes('two'));
  });

  test('between the first reading and the watch, and that is noticed too', async () => {
    const keeper = await opened('a:1\n');
    await writeFile(file, 'b:2\n');
    watch(keeper);
    await until('the change is noticed', () => told.includes('b'));
  });
});
