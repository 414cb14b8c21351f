import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { describeBothServers } from '../both-servers.ts';
import { PLAIN, SASL, SASL_USER, type ServerSetup } from '../server-setups.ts';
import { clientMissing, LIBMEMCACHED_TOOLS } from './clients.ts';

interface ToolResult {
  readonly code: number;
  readonly output: string;
}

/** memcached dumps only its COLD list; without the LRU maintainer that list holds all items. */
const ONE_LRU_LIST: ServerSetup = {
  ...PLAIN,
  prepare: async () => ({
    ...(await PLAIN.prepare()),
    memcached: { args: ['-o', 'no_lru_maintainer'] },
  }),
};

const DIALECTS = [
  { name: 'text', setup: ONE_LRU_LIST, args: [] },
  { name: 'binary', setup: ONE_LRU_LIST, args: ['--binary'] },
  {
    name: 'SASL',
    setup: SASL,
    args: ['--binary', `--username=${SASL_USER.username}`, `--password=${SASL_USER.password}`],
  },
] as const;

const missing = clientMissing(LIBMEMCACHED_TOOLS);

for (const { name, setup, args } of DIALECTS) {
  const title = `libmemcached-tools, ${name}`;
  describeBothServers(title, (address) => toolTests(address, args), setup, missing);
}

describeBothServers(
  'memcdump and memcping',
  (address) => {
    test('memcdump lists every key, and memcping succeeds', async () => {
      const keys = ['dump:1', 'dump:2', 'x'.repeat(250)];
      const folder = await temporaryFolder();
      for (const key of keys) await writeFile(join(folder.path, key), 'x');
      const files = keys.map((key) => join(folder.path, key));
      expect(await run('memccp', address(), ...files)).toEqual({ code: 0, output: '' });
      const dump = await run('memcdump', address());
      expect(dump.output.trim().split('\n').sort()).toEqual(keys);
      expect(await run('memcping', address())).toEqual({ code: 0, output: '' });
      await folder.remove();
    });
  },
  ONE_LRU_LIST,
  missing,
);

describeBothServers(
  'libmemcached-tools with a wrong login',
  (address) => {
    test.for(['memcexist', 'memccat', 'memcrm', 'memctouch'])(
      'the server refuses %s',
      async (tool) => {
        const login = ['--binary', `--username=${SASL_USER.username}`, '--password=wrong'];
        const { code } = await run(tool, address(), ...login, 'key');
        expect(code).not.toBe(0);
      },
    );
  },
  SASL,
  missing,
);

function run(tool: string, address: string, ...args: readonly string[]): Promise<ToolResult> {
  return new Promise((resolve) => {
    execFile(tool, [`--servers=${address}`, ...args], (error, stdout, stderr) => {
      const code = error === null ? 0 : Number(error.code);
      resolve({ code, output: `${stdout}${stderr}` });
    });
  });
}

function toolTests(address: () => string, options: readonly string[]): void {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  beforeAll(async () => {
    folder = await temporaryFolder();
  });
  afterAll(() => folder?.remove());

  const tool = (name: string, ...args: readonly string[]) =>
    run(name, address(), ...options, ...args);
  /** memccp stores files: the key is the name of the file, the value is its content. */
  const copy = async (key: string, value: string, ...args: readonly string[]) => {
    await writeFile(join(folder.path, key), value);
    return tool('memccp', ...args, join(folder.path, key));
  };
  const DONE: ToolResult = { code: 0, output: '' };

  test('memccp stores values, and memccat prints them', async () => {
    expect(await copy('one', 'first value')).toEqual(DONE);
    expect(await copy('two', 'second value')).toEqual(DONE);
    expect(await tool('memccat', 'one', 'two')).toEqual({
      code: 0,
      output: 'first value\nsecond value\n',
    });
    expect((await tool('memccat', 'none')).code).toBe(1);
  });

  test('memccp --add needs an absent key, and --replace an existing one', async () => {
    expect(await copy('new', 'x', '--add')).toEqual(DONE);
    expect(await copy('new', 'y', '--add')).toMatchObject({ code: 1 });
    expect(await copy('new', 'z', '--replace')).toEqual(DONE);
    expect(await copy('absent', 'z', '--replace')).toMatchObject({ code: 1 });
    expect((await tool('memccat', 'new')).output).toBe('z\n');
  });

  test('memcexist, memctouch and memcrm find only existing keys', async () => {
    await copy('here', 'x');
    expect(await tool('memcexist', 'here')).toEqual(DONE);
    expect((await tool('memcexist', 'absent')).code).toBe(1);
    expect(await tool('memctouch', '--expire=100', 'here')).toEqual(DONE);
    expect((await tool('memctouch', '--expire=100', 'absent')).code).toBe(1);
    expect(await tool('memcrm', 'here')).toEqual(DONE);
    expect((await tool('memcrm', 'here')).code).toBe(1);
    expect((await tool('memcexist', 'here')).code).toBe(1);
  });

  test('memcstat prints statistics, settings, slabs and the version', async () => {
    const [host, port] = address().split(':');
    const all = await tool('memcstat');
    expect(all.output).toContain(`Server: ${host} (${port})`);
    expect(all.output).toMatch(/^\s+limit_maxbytes: 67108864$/m);
    expect((await tool('memcstat', 'settings')).output).toMatch(/^\s+maxbytes: 67108864$/m);
    expect((await tool('memcstat', 'slabs')).output).toMatch(/^\s+active_slabs: \d+$/m);
    expect((await tool('memcstat', '--server-version')).output).toMatch(/ \d+\.\d+\.\d+\n$/);
  });

  test.for(['get', 'mget', 'set'])('memcslap --test=%s has no errors', async (kind) => {
    const load = ['--execute-number=500', '--concurrency=4', '--non-blocking', `--test=${kind}`];
    const { code, output } = await tool('memcslap', ...load);
    expect(code, output).toBe(0);
    expect(output).not.toMatch(/error|fail/i);
  });

  test('memcflush makes a key invisible', async () => {
    await copy('seen', 'x');
    expect(await tool('memcflush')).toEqual(DONE);
    expect((await tool('memcexist', 'seen')).code).toBe(1);
  });
}
