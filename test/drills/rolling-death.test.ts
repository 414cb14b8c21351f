/** SIGKILL at each phase of a restart: no half file counts, nothing hangs, no old value returns. */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { ownKeys } from '../support/own-keys.ts';
import { isFree } from '../support/ports.ts';
import { OwnedProcess } from '../support/server.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil as waitFor } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const { pathTo, cleanups } = folderForEachTest();
/** Several processes start one after the other, on a machine that runs other tests, too. */
const waitUntil: typeof waitFor = (what, check) => waitFor(what, check, 120_000);

const HOLD_START = new URL('../support/hold-start.ts', import.meta.url).href;

const state = (): string => pathTo('state');
const itemsOf = (node: string): string => join(state(), `${node}.items`);

async function start(...args: readonly string[]): Promise<SupervisedCluster> {
  const cluster = await SupervisedCluster.start(pathTo('tmp'), ...args);
  cleanups.push(() => cluster.owned.stop());
  return cluster;
}

const exchange = (port: number, request: string): Promise<string> =>
  exchangeOnce({ host: '127.0.0.1', port }, request);

/** Two nodes, each with items. */
async function startWithItems(...args: readonly string[]): Promise<SupervisedCluster> {
  const cluster = await start(...(await portsFor(2)), ...args);
  for (const [at, { port }] of cluster.rows.entries()) {
    const [small, large] = ownKeys(cluster.addresses, at, 2);
    const sets = `set ${small} 0 0 3\r\nold\r\nset ${large} 0 0 200000\r\n${'x'.repeat(200_000)}`;
    expect(await exchange(port, `${sets}\r\n`)).toBe('STORED\r\nSTORED\r\n');
  }
  return cluster;
}

/** What each node has of a key of its own. */
const valuesOf = ({ rows, addresses }: SupervisedCluster): Promise<readonly string[]> =>
  Promise.all(
    rows.map(async ({ port }, at) => {
      const reply = await exchange(port, `get ${ownKeys(addresses, at, 1)[0]}\r\n`);
      return reply.includes('\r\nold\r\nEND\r\n') ? HIT : reply;
    }),
  );
const HIT = 'the old value';
const MISS = 'END\r\n';

/** A node that writes its items to this pipe waits in the middle of its file. */
async function blockWritesOf(node: string): Promise<FileHandle> {
  const part = `${itemsOf(node)}.part`;
  expect(spawnSync('mkfifo', [part]).status).toBe(0);
  const pipe = await open(part, 'r+');
  cleanups.push(() => pipe.close().catch(() => {}));
  return pipe;
}

/** Resolves once the node has written to the pipe. */
async function untilItWrites(pipe: FileHandle): Promise<void> {
  const { bytesRead } = await pipe.read(Buffer.alloc(1));
  expect(bytesRead).toBe(1);
}

async function killSupervisor(cluster: SupervisedCluster): Promise<void> {
  cluster.owned.child.kill('SIGKILL');
  await cluster.owned.exited;
}

describe('a node that is killed', () => {
  test('while it serves, after a restart, it starts empty: no old file comes back', async () => {
    const cluster = await startWithItems('--state', state());
    expect((await cluster.run('restart', 'node-1')).code).toBe(0);
    const [first] = cluster.rows;
    expect(await valuesOf(cluster)).toEqual([HIT, HIT]);
    const pid = /STAT pid (\d+)/.exec(await exchange(first!.port, 'stats\r\n'))![1]!;
    const starts = () => cluster.owned.stderr.match(/"node":"node-1".*has restarted/g)?.length ?? 0;
    const before = starts();
    process.kill(Number(pid), 'SIGKILL');
    await waitUntil('the node is back', () => starts() > before);
    expect(await valuesOf(cluster)).toEqual([MISS, HIT]);
  });

  test('while it writes, it starts empty, the restart ends, and the next one works', async () => {
    const cluster = await startWithItems('--state', state());
    const [first] = cluster.rows;
    const pipe = await blockWritesOf('node-1');
    const command = cluster.command('restart', '--rolling');
    await untilItWrites(pipe);
    process.kill(first!.pid, 'SIGKILL');
    expect((await command.exited).code).toBe(1);
    expect(command.stderr).toMatch(/node-1 serves again, but without its items: it ended before/);
    expect(command.stderr).toMatch(/node-2 was not restarted/);
    expect(await valuesOf(cluster)).toEqual([MISS, HIT]);
    expect(readdirSync(state()).sort()).toEqual(['cluster.json', 'control.sock']);
    expect((await cluster.run('restart', '--rolling')).code).toBe(0);
    expect(await valuesOf(cluster)).toEqual([MISS, HIT]);
  });

  test('before its turn, the restart ends and names what the node lost', async () => {
    const cluster = await startWithItems();
    const second = cluster.rows[1]!;
    const command = cluster.command('restart', '--rolling', '--pause', '0');
    const { owned } = cluster;
    const hasBegun = () => /"node":"node-1".*restarts/.test(owned.stderr);
    await command.failOnExit(waitUntil('the restart has begun', hasBegun));
    process.kill(second.pid, 'SIGKILL');
    expect((await command.exited).code).toBe(1);
    expect(command.stdout).toMatch(/^node-1: 2 items kept/);
    expect(command.stderr).toMatch(
      /node-2 crashed at 20.*Z \(signal SIGKILL\), and .* empty: it had 2 items/,
    );
    expect(command.stderr).toMatch(/node-2 was not restarted/);
    const isBack = () => /"node":"node-2".*has restarted/.test(owned.stderr);
    await waitUntil('the node is back', isBack);
    expect(await valuesOf(cluster)).toEqual([HIT, MISS]);
  });

  test('while it starts with its file, it starts again, and the other node keeps all', async () => {
    const held = pathTo('hold');
    vi.stubEnv('NODE_OPTIONS', `--import ${HOLD_START}`);
    vi.stubEnv('HOLD_FILE', held);
    vi.stubEnv('HOLD_ARGUMENT', 'node-1.items');
    cleanups.push(async () => void vi.unstubAllEnvs());
    const cluster = await startWithItems('--state', state());
    writeFileSync(held, '');
    const command = cluster.command('restart', 'node-1');
    await waitUntil('the file is complete', () => existsSync(itemsOf('node-1')));
    // If it hits the next process, the other node has answered for its keys since: the file of the
    // first process counts no more.
    const killed = await waitUntil('the next process runs', () => nodeProcess(cluster, 'node-1'));
    process.kill(killed, 'SIGKILL');
    rmSync(held);
    await command.exited;
    await waitUntil('the node is back', async () => !(await isFree(cluster.rows[0]!.port)));
    const [first, second] = await valuesOf(cluster);
    expect([HIT, MISS]).toContain(first);
    expect(second).toBe(HIT);
  });
});

/** The process of a node other than the first one, which is about to end. */
function nodeProcess({ rows, owned }: SupervisedCluster, name: string): number | undefined {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,command='], { encoding: 'utf8' });
  const first = rows.find((row) => row.name === name)!.pid;
  for (const line of stdout.split('\n')) {
    const [, pid, parent, command] = /^ *(\d+) +(\d+) +(.*)$/.exec(line) ?? [];
    const isNode = Number(parent) === owned.pid && command?.includes(`${name}.items`);
    if (isNode === true && Number(pid) !== first) return Number(pid);
  }
  return undefined;
}

describe('a supervisor that is killed', () => {
  test('between two nodes, each node keeps its items for the next start', async () => {
    const cluster = await startWithItems('--state', state());
    const command = cluster.command('restart', '--rolling', '--pause', '3600');
    await command.failOnExit(waitUntil('a node is back', () => command.stdout.includes('node-1:')));
    await killSupervisor(cluster);
    expect((await command.exited).code).toBe(1);
    expect(command.stderr).toMatch(/The supervisor ended/);
    expect(await valuesOf(await start('--state', state()))).toEqual([HIT, HIT]);
  });

  test('while a node writes, the next start waits for it, and takes no half file', async () => {
    const cluster = await startWithItems('--state', state());
    const pipe = await blockWritesOf('node-1');
    const command = cluster.command('restart', '--rolling');
    await untilItWrites(pipe);
    await killSupervisor(cluster);
    expect((await command.exited).code).toBe(1);
    const next = SupervisedCluster.spawn(pathTo('tmp'), '--state', state());
    cleanups.push(() => next.owned.stop());
    const waits = () => next.owned.stderr.includes('waiting for nodes whose supervisor');
    await next.owned.failOnExit(waitUntil('it waits', waits));
    // The node writes the rest, but a pipe is no file that it could put on the disk.
    const reader = new OwnedProcess(['cat', `${itemsOf('node-1')}.part`]);
    await pipe.close();
    await reader.exited;
    await next.up();
    expect(await valuesOf(next)).toEqual([MISS, HIT]);
  });

  test('while a node starts with its file, the next start has the items', async () => {
    const cluster = await startWithItems('--state', state());
    const command = cluster.command('restart', '--rolling');
    await waitUntil('the file is complete', () => existsSync(itemsOf('node-1')));
    await killSupervisor(cluster);
    expect((await command.exited).code).toBe(1);
    expect(await valuesOf(await start('--state', state()))).toEqual([HIT, HIT]);
  });

  test('without a folder, its nodes end, and the next cluster removes what it left', async () => {
    const cluster = await startWithItems();
    await killSupervisor(cluster);
    for (const { port } of cluster.rows) {
      await waitUntil('the node has ended', () => isFree(port));
    }
    const entriesOf = () => {
      const tmp = pathTo('tmp');
      const [root = ''] = readdirSync(tmp).filter((name) => name.startsWith('slabring-clusters-'));
      return readdirSync(join(tmp, root));
    };
    expect(entriesOf()).toHaveLength(1);
    const next = await startWithItems();
    expect(entriesOf()).toEqual([expect.stringMatching(new RegExp(`^${next.owned.pid}-`))]);
    expect(await next.stop()).toBe(0);
    expect(entriesOf()).toEqual([]);
  });
});
