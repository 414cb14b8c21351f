/** `slabring log` and `slabring watch` of real nodes. */
import { mkdir } from 'node:fs/promises';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminUrl } from '../support/admin-url.ts';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startSlabring, startVerb } from '../support/node-process.ts';
import type { OwnedProcess, TestServer } from '../support/server.ts';
import { onTerminal, whyNoTerminal } from '../support/terminal.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';

const TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug|trace) /;

let env: NodeJS.ProcessEnv;
const { pathTo, cleanups } = folderForEachTest();
beforeEach(async () => {
  const records = pathTo('records');
  await mkdir(records, { mode: 0o700 });
  env = { XDG_RUNTIME_DIR: records };
});

async function node(...args: readonly string[]): Promise<TestServer> {
  const started = await startSlabring({ args: ['-t', '1', '-m', '8', ...args], env });
  cleanups.push(() => started.stop());
  return started;
}

function slabring(...args: readonly string[]): OwnedProcess {
  const command = startVerb(args, { env });
  cleanups.push(() => command.stop());
  return command;
}

const linesOf = (text: string): readonly string[] => text.split('\n').slice(0, -1);
const recordsOf = (text: string) =>
  linesOf(text).map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);

describe('slabring log', () => {
  test('the last lines of two nodes come in order, with time, level and node', async () => {
    const nodes = [await node('--admin-port', '0'), await node('--admin-port', '0')];
    const names = nodes.map(({ port }) => `127.0.0.1:${port}`);
    const text = await slabring('log', `--nodes=${names.join(',')}`).result();
    expect([text.code, text.err]).toEqual([0, '']);
    for (const line of linesOf(text.out)) expect(line).toMatch(TEXT);
    for (const name of names) expect(text.out).toContain(`${name} | slabring `);
    const json = await slabring('log', `--nodes=${names.join(',')}`, '--json', '-n1').result();
    const records = recordsOf(json.out);
    expect(records.map((record) => record['node'])).toEqual(names);
    const times = records.map(({ time }) => String(time));
    expect(times).toEqual(times.toSorted());
    const quiet = await slabring('log', `--nodes=${names[0]}`, '--level', 'error').result();
    expect(quiet).toEqual({ code: 0, out: '', err: '' });
  });

  test('log level shows connections from then on, to a follower that Ctrl-C ends', async () => {
    const { port, address, process: owned } = await node('--admin-port', '0');
    const nodes = `--nodes=127.0.0.1:${port}`;
    const follower = slabring('log', '--follow', nodes, '--json');
    const follows = (text: string) =>
      follower.failOnExit(waitUntil(text, () => follower.stdout.includes(text)));
    await follows('Listening on');
    const set = await slabring('log', 'level', 'debug', nodes).result();
    expect(set).toEqual({ code: 0, out: `127.0.0.1:${port}  debug\n`, err: '' });
    await sendAndReadToEnd(address, 'version\r\nquit\r\n');
    await follows('client connected');
    follower.child.kill('SIGINT');
    expect((await follower.result()).code).toBe(0);
    const levels = recordsOf(follower.stdout).map(({ level }) => level);
    expect(new Set(levels)).toEqual(new Set(['info', 'debug']));
    expect(owned.stderr).toContain('client connected');
  });

  test('a follower goes on when a node has been started again', async () => {
    const first = await node('--admin-port', '0');
    const follower = slabring('log', '-f', `--nodes=127.0.0.1:${first.port}`);
    const follows = (text: string) =>
      follower.failOnExit(waitUntil(text, () => follower.stdout.includes(text)));
    await follows('Listening on');
    await first.stop();
    await follows('no connection to the node');
    const again = ['-t', '1', '-m', '8', '--admin-port', '0'];
    const second = await startSlabring({ args: again, env, port: first.port });
    cleanups.push(() => second.stop());
    await follows('the node is back');
    await waitUntil('the second start is shown', () => {
      return follower.stdout.split('Listening on').length === 3;
    });
  });

  test('a follower whose reader stops costs the node nothing', { timeout: 60_000 }, async () => {
    const { port, address } = await node('--admin-port', '0', '-vvv');
    const follower = slabring('log', '-f', `--nodes=127.0.0.1:${port}`);
    await waitUntil('it follows', () => follower.stdout.includes('Listening on'));
    follower.child.stdout?.pause();
    const client = await RawConnection.connect(address);
    for (let round = 0; round < 5; round++) await client.exchange('mg a\r\n'.repeat(10_000));
    expect((await client.exchange('mn\r\n')).toString()).toBe('MN\r\n');
    client.destroy();
    follower.child.stdout?.resume();
    follower.child.kill('SIGINT');
    expect((await follower.result()).code).toBe(0);
  });

  test('a node without an admin port, and a wrong level, are explained', async () => {
    const { port } = await node();
    const without = await slabring('log', `--nodes=127.0.0.1:${port}`).result();
    expect([without.code, without.out]).toEqual([2, '']);
    expect(without.err).toContain('--admin');
    const closed = await slabring('log', '--admin=127.0.0.1:1').result();
    expect([closed.code, closed.err]).toEqual([
      1,
      expect.stringContaining('The admin port http://127.0.0.1:1: '),
    ]);
    for (const words of [['level'], ['level', 'loud'], ['lever', 'debug']]) {
      const wrong = await slabring('log', ...words).result();
      expect([wrong.code, wrong.err]).toEqual([2, expect.stringContaining('log level <level>')]);
    }
  });

  test.skipIf(whyNoTerminal() !== undefined)('a terminal shows levels in colors', async () => {
    const started = await node('--admin-port', '0');
    const { code, shown } = await onTerminal(['log', '--admin', adminUrl(started), '-n', '1'], [], {
      columns: 200,
      env,
    });
    expect(code).toBe(0);
    expect(shown).toContain('\u001b[1minfo\u001b[22m');
  });
});

const SERVERS = ['slabring', ...(whyNoMemcached() === undefined ? ['memcached'] : [])] as const;

describe.each(SERVERS)('slabring watch of %s', (kind) => {
  const start = async (): Promise<TestServer> => {
    if (kind === 'slabring') return node();
    const started = await startMemcached();
    cleanups.push(() => started.stop());
    return started;
  };

  test('gets and sets appear with time, node and key, until Ctrl-C', async () => {
    const { port, address } = await start();
    const watch = slabring('watch', 'fetchers', 'mutations', `--nodes=127.0.0.1:${port}`, '--json');
    const client = await RawConnection.connect(address);
    await waitUntil('events arrive', async () => {
      await client.exchange('set a-key 0 0 6\r\nsecret\r\nget a-key\r\n');
      return /"msg":"item_get"/.test(watch.stdout) && /"msg":"item_store"/.test(watch.stdout);
    });
    client.destroy();
    watch.child.kill('SIGINT');
    expect((await watch.result()).code).toBe(0);
    for (const record of recordsOf(watch.stdout)) {
      expect(record).toMatchObject({
        time: expect.stringMatching(/^\d{4}-.*Z$/),
        level: 'info',
        ...{ node: `127.0.0.1:${port}`, key: 'a-key' },
      });
    }
    expect(watch.stdout).not.toContain('secret');
  });
});

test('slabring watch says why it cannot watch', async () => {
  const { port } = await node('-W');
  const refused = await slabring('watch', `--nodes=127.0.0.1:${port}`).result();
  expect([refused.code, refused.out]).toEqual([3, '']);
  expect(refused.err).toContain('watch commands not allowed');
  const wrong = await slabring('watch', 'everything').result();
  expect([wrong.code, wrong.err]).toEqual([
    2,
    expect.stringContaining('"everything" is no stream of events; there are fetchers, '),
  ]);
});
