import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { describeBothServers } from '../both-servers.ts';
import { type Door, PLAIN, SASL, USER } from '../doors.ts';
import { clientMissing, LIBMEMCACHED_TOOLS } from './clients.ts';

interface Ran {
  readonly code: number;
  readonly said: string;
}

/** memcached lists only the coldest of its LRU lists in a dump: so that it has only one. */
const ONE_LRU_LIST: Door = {
  ...PLAIN,
  open: async () => ({ ...(await PLAIN.open()), memcached: { args: ['-o', 'no_lru_maintainer'] } }),
};

const DIALECTS = [
  { name: 'text', door: ONE_LRU_LIST, args: [] },
  { name: 'binary', door: ONE_LRU_LIST, args: ['--binary'] },
  {
    name: 'SASL',
    door: SASL,
    args: ['--binary', `--username=${USER.user}`, `--password=${USER.password}`],
  },
] as const;

const missing = clientMissing(LIBMEMCACHED_TOOLS);

for (const { name, door, args } of DIALECTS) {
  const title = `libmemcached-tools, ${name}`;
  describeBothServers(title, (address) => everyTool(address, args), door, missing);
}

describeBothServers(
  'memcdump and memcping',
  (address) => {
    test('list every key, and answer', async () => {
      const keys = ['dump:1', 'dump:2', 'x'.repeat(250)];
      const folder = await temporaryFolder();
      for (const key of keys) await writeFile(join(folder.path, key), 'x');
      const files = keys.map((key) => join(folder.path, key));
      expect(await run('memccp', address(), ...files)).toEqual({ code: 0, said: '' });
      const dump = await run('memcdump', address());
      expect(dump.said.trim().split('\n').sort()).toEqual(keys);
      expect(await run('memcping', address())).toEqual({ code: 0, said: '' });
      await folder.remove();
    });
  },
  ONE_LRU_LIST,
  missing,
);

describeBothServers(
  'libmemcached-tools with a wrong login',
  (address) => {
    test.for(['memcexist', 'memccat', 'memcrm', 'memctouch'])('%s is refused', async (tool) => {
      const login = ['--binary', `--username=${USER.user}`, '--password=wrong'];
      const ran = await run(tool, address(), ...login, 'key');
      expect(ran.code).not.toBe(0);
    });
  },
  SASL,
  missing,
);

function run(tool: string, address: string, ...args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(tool, [`--servers=${address}`, ...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, said: `${stdout}${stderr}` });
    });
  });
}

function everyTool(address: () => string, options: readonly string[]): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder?.remove());

  const tool = (name: string, ...args: readonly string[]) =>
    run(name, address(), ...options, ...args);
  /** memccp stores files: the key is the file's name, the value is what it holds. */
  const copy = async (key: string, value: string, ...args: readonly string[]) => {
    await writeFile(join(folder.path, key), value);
    return tool('memccp', ...args, join(folder.path, key));
  };
  const DONE: Ran = { code: 0, said: '' };

  test('memccp stores, memccat shows', async () => {
    expect(await copy('one', 'first value')).toEqual(DONE);
    expect(await copy('two', 'second value')).toEqual(DONE);
    expect(await tool('memccat', 'one', 'two')).toEqual({
      code: 0,
      said: 'first value\nsecond value\n',
    });
    expect((await tool('memccat', 'none')).code).toBe(1);
  });

  test('memccp --add and --replace', async () => {
    expect(await copy('new', 'x', '--add')).toEqual(DONE);
    expect(await copy('new', 'y', '--add')).toMatchObject({ code: 1 });
    expect(await copy('new', 'z', '--replace')).toEqual(DONE);
    expect(await copy('absent', 'z', '--replace')).toMatchObject({ code: 1 });
    expect((await tool('memccat', 'new')).said).toBe('z\n');
  });

  test('memcexist, memctouch, memcrm', async () => {
    await copy('here', 'x');
    expect(await tool('memcexist', 'here')).toEqual(DONE);
    expect((await tool('memcexist', 'absent')).code).toBe(1);
    expect(await tool('memctouch', '--expire=100', 'here')).toEqual(DONE);
    expect((await tool('memctouch', '--expire=100', 'absent')).code).toBe(1);
    expect(await tool('memcrm', 'here')).toEqual(DONE);
    expect((await tool('memcrm', 'here')).code).toBe(1);
    expect((await tool('memcexist', 'here')).code).toBe(1);
  });

  test('memcstat', async () => {
    const [host, port] = address().split(':');
    const all = await tool('memcstat');
    expect(all.said).toContain(`Server: ${host} (${port})`);
    expect(all.said).toMatch(/^\s+limit_maxbytes: 67108864$/m);
    expect((await tool('memcstat', 'settings')).said).toMatch(/^\s+maxbytes: 67108864$/m);
    expect((await tool('memcstat', 'slabs')).said).toMatch(/^\s+active_slabs: \d+$/m);
    expect((await tool('memcstat', '--server-version')).said).toMatch(/ \d+\.\d+\.\d+\n$/);
  });

  test.for(['get', 'mget', 'set'])('memcslap --test=%s', async (kind) => {
    const load = ['--execute-number=500', '--concurrency=4', '--non-blocking', `--test=${kind}`];
    const ran = await tool('memcslap', ...load);
    expect(ran.code, ran.said).toBe(0);
    expect(ran.said).not.toMatch(/error|fail/i);
  });

  test('memcflush', async () => {
    await copy('seen', 'x');
    expect(await tool('memcflush')).toEqual(DONE);
    expect((await tool('memcexist', 'seen')).code).toBe(1);
  });
}
