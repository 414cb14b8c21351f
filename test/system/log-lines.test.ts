/** Every line that a node or a cluster writes has its time and level, as JSON and as text. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, fstatSync, openSync } from 'node:fs';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { readRecords } from '../../src/ops/index.ts';
import { adminUrl } from '../support/admin-url.ts';
import { Authority } from '../support/certificates.ts';
import { act } from '../support/http.ts';
import { startSlabring } from '../support/node-process.ts';
import { consecutivePorts } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { RawConnection, sendAndReadToEnd } from '../support/wire.ts';

const pathOf = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const CRASH = pathOf('../support/crash-preload.ts');
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const TEXT = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (error|warn |info |debug|trace) \S/;
const LEVELS = ['error', 'warn', 'info', 'debug', 'trace'];

type Line = Readonly<Record<string, unknown>>;

const { pathTo, cleanups } = folderForEachTest();

const linesIn = (text: string): readonly string[] => text.split('\n').slice(0, -1);

/** Parses each line; a line that is no object with a time and a level fails the test. */
function recordsIn(text: string): readonly Line[] {
  return linesIn(text).map((line) => {
    const record = JSON.parse(line) as Line;
    expect(String(record['time'])).toMatch(TIME);
    expect(LEVELS).toContain(record['level']);
    expect(record['msg']).toEqual(expect.any(String));
    return record;
  });
}

/** The levels of the lines with this text; one word is the whole text. */
const levelsOf = (records: readonly Line[], text: string): readonly unknown[] => {
  const isOf = (msg: string): boolean => (text.includes(' ') ? msg.includes(text) : msg === text);
  return [...new Set(records.filter(({ msg }) => isOf(String(msg))).map(({ level }) => level))];
};

/** What a node logs, part of the text of its line, and its level. */
const EVENTS: readonly (readonly [string, string])[] = [
  ['no effect', 'warn'],
  ['the admin port is listening', 'info'],
  ['Listening on', 'info'],
  ['client connected', 'debug'],
  ['a login succeeded', 'debug'],
  ['a login failed', 'warn'],
  ['request', 'trace'],
  ['connection closed', 'debug'],
  ['kept the previous users', 'warn'],
  ['reloaded the users', 'info'],
  ['kept the previous certificates', 'warn'],
  ['reloaded the certificates', 'info'],
  ['an admin action was requested', 'info'],
  ['a library warns', 'warn'],
  ['the node drains', 'info'],
  ['the node has stopped', 'info'],
];

/** Makes a node do all of EVENTS, and stop; returns what it wrote. */
async function everyEvent(format: 'text' | 'json'): Promise<string> {
  const authority = await Authority.create(pathTo(), 'ca');
  const { cert, key } = await authority.issue('node');
  const users = pathTo('users');
  const warn = pathTo('warn');
  await writeFile(users, 'bob:builder\n', { mode: 0o600 });
  const tls = ['-Z', '-o', `ssl_chain_cert=${cert},ssl_key=${key}`, '-l', 'notls:127.0.0.1:0'];
  const args = ['-t', '1', '-vvv', '-k', '-Y', users, '--admin-port', '0', ...tls];
  const node = await startSlabring({
    args: [...args, `--log-format=${format}`],
    nodeArgs: ['--import', CRASH],
    env: { WARN_FILE: warn, CRASH_FILE: pathTo('never') },
  });
  cleanups.push(() => node.stop());
  const output = () => node.process.stdout + node.process.stderr;
  const logged = (text: string, count = 1) =>
    waitUntil(text, () => output().split(text).length > count);
  const port = Number(/127\.0\.0\.1:(\d+) \(no TLS\)/.exec(output())?.[1]);
  const plain = { host: '127.0.0.1', port };
  await sendAndReadToEnd(plain, 'set x 0 0 9\r\nbob wrong\r\n');
  const client = await RawConnection.connect(plain);
  await client.exchange('set x 0 0 11\r\nbob builder\r\n');
  await client.exchange('get some-key\r\n');
  client.destroy();
  await logged('connection closed', 2);
  await writeFile(users, 'no colon\n');
  await writeFile(cert, 'no certificate\n');
  node.process.child.kill('SIGHUP');
  await logged('kept the previous certificates');
  await logged('kept the previous users');
  const other = await authority.issue('other');
  await writeFile(users, 'carol:singer\n');
  await copyFile(other.cert, cert);
  await copyFile(other.key, key);
  node.process.child.kill('SIGHUP');
  await logged('reloaded the certificates');
  await logged('reloaded the users');
  await act(adminUrl(node), 'rotate', {}, { authorization: `Bearer ${tokenOf(node)}` });
  await writeFile(warn, '');
  await logged('a library warns');
  expect(await node.stop()).toMatchObject({ code: 0 });
  return output();
}

/** The token that the node made, for the commands of its user. */
function tokenOf(node: TestServer): string {
  return readRecords(process.env).find(({ pid }) => pid === node.pid)?.token ?? '';
}

describe('the log of a node', () => {
  test('each line is a JSON object with time and level, whatever happens', async () => {
    const output = await everyEvent('json');
    const records = recordsIn(output);
    expect(EVENTS.map(([text]) => [text, ...levelsOf(records, text)])).toEqual(EVENTS);
    expect(output).not.toContain('some-key');
    expect(output).not.toContain('builder');
  });

  test('each line of text begins with time and level, whatever happens', async () => {
    const output = await everyEvent('text');
    for (const line of linesIn(output)) expect(line).toMatch(TEXT);
    for (const [text, level] of EVENTS) {
      const line = linesIn(output).find((each) => each.includes(text));
      expect([text, line?.split(' ')[1]]).toEqual([text, level]);
    }
  });

  test.each(['json', 'text'] as const)(
    'an error that nothing catches is an error of the log, in %s, and ends the node with 70',
    async (format) => {
      const crash = pathTo('crash');
      const node = await startSlabring({
        args: ['-t', '1', `--log-format=${format}`],
        nodeArgs: ['--import', CRASH],
        env: { WARN_FILE: pathTo('never'), CRASH_FILE: crash },
      });
      cleanups.push(() => node.stop());
      await writeFile(crash, '');
      expect(await node.process.exited).toEqual({ code: 70, signal: null });
      const { stderr } = node.process;
      const text = 'the process ended by a bug: Error: an error that nothing catches';
      if (format === 'json') {
        expect(recordsIn(stderr)).toEqual([
          expect.objectContaining({ level: 'error', msg: text, stack: expect.any(String) }),
        ]);
      } else {
        for (const line of linesIn(stderr)) expect(line).toMatch(/^\S+Z error /);
        expect(stderr).toContain(text);
        expect(linesIn(stderr)[1]).toMatch(/error {5}at /);
      }
    },
  );

  test('a failure of the start is an error of the log, with its code', async () => {
    const other = await startSlabring({ args: ['-t', '1'] });
    cleanups.push(() => other.stop());
    const command = [process.execPath, MAIN, '-l', '127.0.0.1', '-p', `${other.port}`, '-t', '1'];
    const node = new OwnedProcess(command, { env: { SLABRING_LOG_FORMAT: 'json' } });
    expect((await node.exited).code).toBe(1);
    expect(recordsIn(node.stdout + node.stderr)).toEqual([
      expect.objectContaining({ level: 'error', code: 'ERR_PORT_TAKEN' }),
    ]);
  });

  test.skipIf(process.platform !== 'linux')(
    'a log in the journal of systemd is text with priorities, and JSON keeps them',
    async () => {
      for (const [more, pattern] of [
        [[], /^<4>\S+Z warn {2}Everybody who reaches/],
        [['--log-format=json'], /^<4>\{"time":.*\}$/],
      ] as const) {
        const path = pathTo(`journal-${more.length}`);
        const fd = openSync(path, 'w');
        const { dev, ino } = fstatSync(fd, { bigint: true });
        const args = ['-p', '0', '-t', '1', '-m', '8', ...more];
        const env = { ...process.env, JOURNAL_STREAM: `${dev}:${ino}` };
        const node = spawn(process.execPath, [MAIN, ...args], { stdio: ['ignore', fd, fd], env });
        closeSync(fd);
        cleanups.push(() => node.kill('SIGKILL'));
        const ended = once(node, 'exit');
        const read = () => readFile(path, 'utf8');
        await waitUntil('it listens', async () => (await read()).includes('Listening'));
        node.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
        const lines = linesIn(await read());
        expect(lines[0]).toMatch(pattern);
        expect(lines.map((line) => line.slice(0, 3))).toEqual(['<4>', '<6>']);
      }
    },
  );

  test('a variable that no option has is a warning of the log', async () => {
    const command = [process.execPath, MAIN, '-l', '127.0.0.1', '-p', '0', '-t', '1'];
    const node = new OwnedProcess(command, { env: { SLABRING_THREDS: '1' } });
    cleanups.push(() => node.stop());
    await node.failOnExit(waitUntil('it listens', () => node.stdout.includes('Listening')));
    expect(recordsIn(node.stderr)).toEqual([
      expect.objectContaining({ level: 'warn', msg: expect.stringContaining('SLABRING_THREDS') }),
    ]);
  });
});

describe('the log of a cluster', () => {
  test.each(['json', 'text'] as const)(
    'each line names its node once, with time and level, in %s, also after a death',
    async (format) => {
      const port = await consecutivePorts(2);
      const args = ['cluster', '-N', '2', `--port=${port}`, '-t', '1', '-m', '8', '-vv'];
      const cluster = new OwnedProcess([process.execPath, MAIN, ...args, `--log-format=${format}`]);
      cleanups.push(() => cluster.stop());
      const output = () => cluster.stdout + cluster.stderr;
      const logged = (text: string | RegExp) =>
        cluster.failOnExit(waitUntil(String(text), () => output().search(text) >= 0));
      await logged('2 nodes are up');
      await sendAndReadToEnd({ host: '127.0.0.1', port }, 'version\r\nquit\r\n');
      await logged('client connected');
      const pid = Number(/node-2.*?listens on.*?\(pid (\d+)/.exec(output())?.[1]);
      process.kill(pid, 'SIGKILL');
      await logged(/ended by signal SIGKILL/);
      await logged('has restarted and listens');
      expect(await cluster.stop()).toMatchObject({ code: 0 });
      await logged('the node has stopped');
      if (format === 'text') {
        for (const line of linesIn(output())) expect(line).toMatch(TEXT);
        const line = linesIn(output()).find((each) => each.includes('client connected'));
        expect(line).toMatch(new RegExp(`Z debug node-1:${port} \\| client connected  conn`));
        return;
      }
      const records = recordsIn(output());
      const named = (text: string): readonly unknown[] =>
        records.filter(({ msg }) => String(msg).includes(text)).map(({ node }) => node);
      // From before the node listened, and from a start after a death.
      const starts = ['node-1', 'node-2', 'node-2'];
      expect(named('the admin port is listening').toSorted()).toEqual(starts);
      expect(named('client connected')).toEqual(['node-1']);
      expect(named('ended by signal SIGKILL')).toEqual(['node-2']);
      expect(named('has restarted and listens')).toEqual(['node-2']);
      expect(named('the node drains').toSorted()).toEqual(['node-1', 'node-2']);
      for (const record of records) {
        if (record['node'] === undefined) continue;
        expect(record['nodePort']).toBe(record['node'] === 'node-1' ? port : port + 1);
      }
    },
  );
});
