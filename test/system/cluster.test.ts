import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { createClient, elastiCache } from '../../src/client.ts';
import { consecutivePorts, freePort, isFree } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { onTerminalArgs, whyNoTerminal } from '../support/terminal.ts';

const COMMAND = (args: readonly string[]): readonly string[] => [process.execPath, MAIN, ...args];
const IS_UP = /nodes? (is|are) up/;

/** One run of the command line tool, with its output. */
class Run {
  out = '';
  err = '';
  readonly pid: number;
  readonly ended: Promise<number | null>;
  readonly #child;

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}, command = COMMAND) {
    const [file, ...words] = command(args);
    this.#child = spawn(file!, words, { env: { ...process.env, ...env } });
    this.pid = this.#child.pid!;
    this.#child.stdout.on('data', (bytes) => {
      this.out += bytes;
    });
    this.#child.stderr.on('data', (bytes) => {
      this.err += bytes;
    });
    this.ended = new Promise((resolve) => this.#child.on('close', resolve));
    runs.push(this);
  }

  async waitForOutput(pattern: RegExp): Promise<RegExpExecArray> {
    const find = (): RegExpExecArray | null => pattern.exec(this.out) ?? pattern.exec(this.err);
    const ended = Symbol('ended');
    const race = await Promise.race([
      expect.poll(find, { timeout: 60_000, interval: 20 }).not.toBeNull(),
      this.ended.then(() => ended),
    ]);
    const match = find();
    if (match === null)
      throw new Error(`${String(race)} without ${pattern}:\n${this.out}\n${this.err}`);
    return match;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
}

const runs: Run[] = [];
afterEach(async () => {
  for (const run of runs) run.signal('SIGKILL');
  await Promise.all(runs.splice(0).map(({ ended }) => ended));
});

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

interface StartedNode {
  readonly nodePort: number;
  readonly nodePid: number;
  readonly address: string;
  readonly adminUrl: string;
}

/** The nodes that the log of a cluster names at its start. */
const nodesIn = (log: string): readonly StartedNode[] =>
  log.split('\n').flatMap((line) => (line.includes('listens on') ? JSON.parse(line) : []));

describe('slabring cluster', () => {
  test.skipIf(whyNoTerminal() !== undefined)(
    'the commands that the cluster proposes work',
    async () => {
      const port = await consecutivePorts(2);
      const args = ['cluster', '-N', '2', `--port=${port}`, '-t', '1', '-m', '8'];
      const run = new Run(args, {}, onTerminalArgs);
      await run.waitForOutput(/Ctrl-C stops all nodes/);
      const proposed = [...run.out.matchAll(/^ {2}(?:npx )?slabring (.*)\r$/gm)].map(
        ([, line = '']) => line,
      );
      expect(proposed.map((line) => line.split(' ')[0])).toEqual(['set', 'get', 'stats', 'bench']);
      for (const line of proposed) {
        const brief = line.startsWith('bench') ? ['--seconds=0.1', '--keys=10'] : [];
        const tried = new Run([...line.split(' '), '--deadline=20000', ...brief]);
        expect([await tried.ended, tried.err]).toEqual([0, '']);
      }
    },
  );

  test.each([
    ['a name', ['--host=localhost'], 'localhost', 'localhost'],
    ['an IPv6 address', ['--host=::1'], '[::1]', '[::1]'],
    ['--advertise', ['--host=0.0.0.0', '--advertise=localhost'], '127.0.0.1', 'localhost'],
    ['--cluster-nodes', ['--host=::1', '--cluster-nodes=[::1]:PORT'], '[::1]', '[::1]'],
  ])('the cluster publishes addresses for %s', async (_, args, endpoint, name) => {
    const port = await consecutivePorts(1);
    const own = args.map((arg) => arg.replace('PORT', `${port}`));
    const run = new Run(['cluster', ...own, `--port=${port}`, '-N', '1', '-t', '1', '-m', '8']);
    await run.waitForOutput(IS_UP);
    expect(/Everybody who reaches/.test(run.err)).toBe(args.includes('--host=0.0.0.0'));
    const discovery = elastiCache({ endpoints: [`${endpoint}:${port}`] });
    const cache = createClient({ nodes: discovery, deadlineMs: 20_000 });
    await cache.set('a', 1);
    expect(cache.nodeOf('a')).toBe(`${name}:${port}`);
    await cache.close();
  });

  test.each([
    [['--host=0.0.0.0'], /No client can connect to 0\.0\.0\.0: add --advertise <host>/],
    [['--host=::'], /No client can connect to ::: add/],
    [['--host=a', '--advertise=*'], /No client can connect to \*/],
    [['--host=a:1'], /--host is a:1; it must be a host/],
    [['--advertise=a:1'], /--advertise is a:1; it must be a host/],
    [['--port=7000', '--admin-port=7002'], /--admin-port is 7002: .* overlap with those/],
    [['--admin-port=65534'], /--admin-port is 65534: the 3 ports from there on do not exist/],
    [['--cluster-nodes=a:1,b:1,a:1'], /--cluster-nodes names a:1 twice\./],
  ])('slabring cluster refuses %j', async (args, message) => {
    const run = new Run(['cluster', ...args]);
    expect(await run.ended).toBe(2);
    expect(run.err).toMatch(message);
  });

  test('the cluster starts three nodes, restarts a killed one, stops all at Ctrl-C', async () => {
    const port = await consecutivePorts(3);
    const run = new Run(['cluster', `--port=${port}`, '-t', '1', '-m', '8']);
    await run.waitForOutput(IS_UP);
    const nodes = nodesIn(run.out);
    expect(nodes.map(({ nodePort }) => nodePort)).toEqual([port, port + 1, port + 2]);
    for (const { adminUrl } of nodes) expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    const cache = createClient({
      nodes: nodes.map(({ address }) => address),
      deadlineMs: 10_000,
    });
    expect((await cache.version()).size).toBe(3);
    process.kill(nodes[1]!.nodePid, 'SIGKILL');
    await run.waitForOutput(/"node":"node-2".*has restarted and listens/);
    const reachableNodes = (): Promise<number> =>
      cache.version().then(
        ({ size }) => size,
        () => 0,
      );
    await expect.poll(reachableNodes, { timeout: 20_000 }).toBe(3);
    await cache.close();
    run.signal('SIGINT');
    expect(await run.ended).toBe(0);
    for (const each of [port, port + 1, port + 2]) expect(await isFree(each)).toBe(true);
  });

  test('the error of the cluster names a taken port and the flag, and no node stays', async () => {
    const port = await consecutivePorts(3);
    const taken = createServer();
    await new Promise<void>((listening) => taken.listen(port + 1, '127.0.0.1', listening));
    const run = new Run(['cluster', `--port=${port}`, '-t', '1', '-m', '8']);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(new RegExp(`port ${port + 1}`, 'i'));
    expect(run.err).toMatch(/--port/);
    expect(await isFree(port)).toBe(true);
    await new Promise((closed) => taken.close(closed));
  });

  test('the error of the cluster names --host for an address that the machine lacks', async () => {
    const run = new Run(['cluster', '--nodes=1', '--host=192.0.2.1', '-t', '1', '-m', '8']);
    expect(await run.ended).toBe(1);
    expect(run.err).toMatch(/no address 192\.0\.2\.1\. Choose one of its addresses with --host\./);
  });

  test('the cluster leaves no node behind when it is killed', async () => {
    const port = await consecutivePorts(2);
    const run = new Run(['cluster', '--nodes=2', `--port=${port}`, '-t', '1', '-m', '8']);
    await run.waitForOutput(IS_UP);
    const pids = nodesIn(run.out).map(({ nodePid }) => nodePid);
    expect(pids).toHaveLength(2);
    run.signal('SIGKILL');
    await expect.poll(() => pids.some(isAlive), { timeout: 20_000 }).toBe(false);
  });
});

describe('slabring serve', () => {
  test('slabring serve accepts memcached’s spellings, and environment variables', async () => {
    const port = await freePort();
    const run = new Run(['serve', `-p${port}`, '-l', '127.0.0.1', '-m', '16', '-vv', '-c10'], {
      SLABRING_THREADS: '2',
      SLABRING_CONN_LIMIT: '77',
    });
    await run.waitForOutput(/Listening on 127\.0\.0\.1:/);
    const cache = createClient({ nodes: [`127.0.0.1:${port}`], deadlineMs: 10_000 });
    const settings = [...(await cache.stats('settings')).values()][0]!;
    expect(settings.get('maxbytes')).toBe(String(16 << 20));
    expect(settings.get('maxconns')).toBe('10');
    expect(settings.get('num_threads')).toBe('2');
    expect(settings.get('verbosity')).toBe('2');
    await cache.close();
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
  });

  test.each([
    [['serve', '-m', '0'], /-m \(--memory-limit\)/],
    [['serve', '-t', '65'], /1 to 64/],
    [['serve', '-I', '40m'], /half of -m/],
    [['serve', '--nonsense'], /nonsense/],
    [['serve', '-f', '1'], /-f \(--slab-growth-factor\)/],
    [['nonsense'], /nonsense/],
  ])('slabring serve refuses %j with a message', async (args, message) => {
    const run = new Run(args);
    expect(await run.ended).toBe(2);
    expect(run.err).toMatch(message);
    expect(run.err).not.toMatch(/\n\s+at /);
  });

  test('slabring serve prints the version and the help, and exits with code 0', async () => {
    const version = new Run(['-V']);
    expect(await version.ended).toBe(0);
    expect(version.out).toMatch(/^slabring \d+\.\d+\.\d+\n$/);
    const help = new Run(['serve', '--help']);
    expect(await help.ended).toBe(0);
    for (const flag of [
      '-p',
      '-s',
      '-l',
      '-m',
      '-c',
      '-t',
      '-I',
      '-f',
      '-n',
      '-b',
      '-R',
      '-v',
      '-U',
    ]) {
      expect(help.out).toContain(`${flag}, --`);
    }
  });
});
