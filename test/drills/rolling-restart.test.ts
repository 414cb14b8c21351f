/** A cluster whose nodes restart one after the other, under clients that nobody tells. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import memjs from 'memjs';
import { describe, expect, test } from 'vitest';
import { CacheClient } from '../../src/client.ts';
import { ownKeys } from '../support/own-keys.ts';
import { isFree } from '../support/ports.ts';
import { startReads } from '../support/read-load.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil as waitFor } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 2000;
const NODES = 3;
/** Long, so that no operation reaches it on a slow machine. */
const DEADLINE_MS = 20_000;

/**
 * The codes of operations on a node that is down, or that goes down; ERR_REFUSED is what other
 * nodes reply for its keys.
 */
const DOWN: ReadonlySet<string> = new Set(['ERR_NODE_DOWN', 'ERR_REPLY_LOST', 'ERR_REFUSED']);

interface Restarted {
  readonly nodes: readonly { readonly node: string; readonly items: number }[];
  readonly untouched: readonly string[];
  readonly error?: string;
}

const { pathTo, cleanups } = folderForEachTest();
/** Several processes start one after the other, on a machine that runs other tests, too. */
const waitUntil: typeof waitFor = (what, check) => waitFor(what, check, 120_000);

async function start(...args: readonly string[]): Promise<SupervisedCluster> {
  const cluster = await SupervisedCluster.start(pathTo('tmp'), '-m', '64', ...args);
  cleanups.push(() => cluster.owned.stop());
  return cluster;
}

function clientOf({ addresses }: SupervisedCluster): CacheClient {
  const cache = new CacheClient({ nodes: addresses, deadlineMs: DEADLINE_MS });
  cleanups.push(() => cache.close());
  return cache;
}

/** Sends a request to one node on a new connection. */
const exchange = (port: number, request: string): Promise<string> =>
  exchangeOnce({ host: '127.0.0.1', port }, request);

/** A node of the cluster as it was at the start; the first one is 0. */
const rowOf = ({ rows }: SupervisedCluster, at: number) => rows[at]!;

async function rolling(cluster: SupervisedCluster, ...more: readonly string[]) {
  const { code, out, err } = await cluster.run('restart', '--rolling', '--json', ...more);
  return { code, err, result: JSON.parse(out) as Restarted };
}

/** Without this file a node with `--admin-token-file` does not start. */
function writeToken(): string {
  const path = pathTo('token');
  writeFileSync(path, 'a-token-of-many-characters');
  return path;
}

const names = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);

describe('a rolling restart', () => {
  test('two thousand keys of each client are there afterwards, and clients go on', async () => {
    const cluster = await start(...(await portsFor(NODES)));
    const cache = clientOf(cluster);
    const other = memjs.Client.create(cluster.addresses.join(','), {
      timeout: DEADLINE_MS / 1000,
      retries: 1,
      logger: { log: () => {} },
    });
    cleanups.push(() => other.close());
    await cache.setMany(new Map(names.map((name) => [name, `value of ${name}`])));
    await Promise.all(names.map((name) => other.set(`memjs-${name}`, `memjs of ${name}`)));
    const casBefore = await exchange(
      cluster.rows[0]!.port,
      'mn\r\nset raw 7 0 3\r\nraw\r\ngets raw\r\n',
    );
    const { load, end } = startReads(cache, names);
    const { code, result, err } = await rolling(cluster, '--pause', '0');
    await end();
    expect([code, err]).toEqual([0, '']);
    expect(result.nodes.map(({ node }) => node)).toEqual(['node-1', 'node-2', 'node-3']);
    const kept = result.nodes.reduce((sum, { items }) => sum + items, 0);
    expect(kept).toBeGreaterThanOrEqual(2 * KEYS + 1);
    // The client tries a node that was down at most every two seconds.
    const { values } = await waitUntil('the client uses all nodes again', async () => {
      const found = await cache.getMany(names);
      return found.failed.size === 0 && found;
    });
    expect([...values].filter(([name, value]) => value === `value of ${name}`)).toHaveLength(KEYS);
    const replies = await Promise.all(names.map((name) => other.get(`memjs-${name}`)));
    expect(replies.map(({ value }) => String(value))).toEqual(
      names.map((name) => `memjs of ${name}`),
    );
    expect(casBefore).toContain(await exchange(cluster.rows[0]!.port, 'gets raw\r\n'));
    // A node that is down rejects its operations; none of them finds less than before.
    expect(load.misses).toBe(0);
    expect(load.wrong).toBe(0);
    expect(load.hits).toBeGreaterThan(0);
    const others = [...load.codes].filter(([code]) => !DOWN.has(code));
    expect(others).toEqual([]);
  });

  test('a node keeps its ports, its CAS ids rise, and what expires stays away', async () => {
    const cluster = await start(...(await portsFor(1)));
    const { port, adminUrl, pid } = rowOf(cluster, 0);
    await exchange(port, 'set long 0 0 1\r\na\r\nset short 0 1 1\r\nb\r\n');
    const before = await exchange(port, 'mg long c\r\n');
    const { code, out } = await cluster.run('restart', 'node-1');
    expect(code).toBe(0);
    expect(out).toMatch(/^node-1: [12] items? kept(, 1 not: .*)?; it was down for [\d.]+ s\n$/);
    await waitUntil(
      'the short one has expired',
      async () => (await exchange(port, 'get short\r\n')) === 'END\r\n',
    );
    expect(await exchange(port, 'mg long c\r\n')).toBe(before);
    const [, cas] = /HD c(\d+)/.exec(await exchange(port, 'ms new 1 c\r\nx\r\n')) ?? [];
    const [, earlier] = /HD c(\d+)/.exec(before) ?? [];
    expect(Number(cas)).toBeGreaterThan(Number(earlier) + 1);
    expect((await fetch(`${adminUrl}/readyz`)).status).toBe(200);
    expect(await exchange(port, 'stats\r\n')).not.toContain(`STAT pid ${pid}\r\n`);
    const settings = await exchange(port, 'stats settings\r\n');
    expect(settings).toMatch(/STAT memory_file \/.*\/node-1\.items\r\n/);
  });

  test('memory that a running node got stays with it', async () => {
    const cluster = await start(...(await portsFor(1)));
    const { port } = rowOf(cluster, 0);
    expect(await exchange(port, 'cache_memlimit 100\r\n')).toBe('OK\r\n');
    expect((await cluster.run('restart', 'node-1')).code).toBe(0);
    expect(await exchange(port, 'stats\r\n')).toContain(`STAT limit_maxbytes ${100 << 20}\r\n`);
  });

  test('--dry-run shows the plan and restarts nothing', async () => {
    const cluster = await start(...(await portsFor(2)));
    const { port, pid } = rowOf(cluster, 0);
    const [own] = ownKeys(cluster.addresses, 0, 1);
    await exchange(port, `set ${own} 0 0 1\r\na\r\n`);
    const { code, out } = await cluster.run('restart', '--rolling', '--dry-run');
    expect(code).toBe(0);
    expect(out).toMatch(/^node {5}items .*\nnode-1 +1 +\d+ B +4 s\nnode-2 +0 +0 B +3 s\n/);
    const asked = await cluster.run('restart', '--rolling', '--dry-run', '--json');
    expect(JSON.parse(asked.out)).toMatchObject({ plan: [{ node: 'node-1', items: 1 }, {}] });
    expect(await exchange(port, 'stats\r\n')).toContain(`STAT pid ${pid}\r\n`);
  });

  test('the end of the command leaves the nodes that did not have their turn', async () => {
    const cluster = await start(...(await portsFor(2)));
    const command = cluster.command('restart', '--rolling', '--pause', '3600');
    await command.failOnExit(waitUntil('a node is back', () => command.stdout.includes('node-1:')));
    command.child.kill('SIGINT');
    await command.exited;
    const pids = await Promise.all(cluster.rows.map(({ port }) => exchange(port, 'stats\r\n')));
    expect(
      pids.map((stats, at) => stats.includes(`STAT pid ${cluster.rows[at]!.pid}\r\n`)),
    ).toEqual([false, true]);
    // The supervisor takes the next order.
    expect((await cluster.run('restart', 'node-2')).code).toBe(0);
  });
});

describe('a restart that is refused', () => {
  test('the command says why, and nothing happens', async () => {
    const cluster = await start(...(await portsFor(2)));
    const first = cluster.command('restart', '--rolling', '--pause', '3600');
    await first.failOnExit(waitUntil('a node is back', () => first.stdout.includes('node-1:')));
    expect((await cluster.run('restart', 'node-2')).err).toMatch(/Another change of this/);
    first.child.kill('SIGKILL');
    await first.exited;
    expect((await cluster.run('restart', 'node-7')).err).toMatch(
      /no node node-7 .* node-1, node-2/,
    );
    expect((await cluster.run('restart')).err).toMatch(/restart --rolling/);
    expect((await cluster.run('restart', 'node-1', '--rolling')).code).toBe(2);
    const unknown = await cluster.run('restart', '--rolling', '--cluster', '127.0.0.1:1');
    expect([unknown.code, unknown.err]).toEqual([
      1,
      expect.stringMatching(/has the node 127\.0\.0\.1:1; it runs/),
    ]);
    const named = await cluster.run('restart', 'node-1', '--cluster', cluster.addresses[1]!);
    expect(named.code).toBe(0);
  });
  test('without a cluster the command says who restarts other nodes', async () => {
    const other = pathTo('tmp');
    const none = await SupervisedCluster.spawn(other, '--help').run('restart', '--rolling');
    expect([none.code, none.err]).toEqual([
      1,
      expect.stringMatching(/No `slabring cluster` .* runs/),
    ]);
    const named = await SupervisedCluster.spawn(other, '--help').run(
      'restart',
      'a',
      '--state',
      'x',
    );
    expect(named.err).toMatch(/No `slabring cluster` runs with the folder x\./);
  });
  test('a node that is down is not restarted', async () => {
    const token = writeToken();
    const cluster = await start(...(await portsFor(2)), '--admin-token-file', token);
    rmSync(token);
    process.kill(rowOf(cluster, 1).pid, 'SIGKILL');
    const { owned } = cluster;
    await waitUntil('the supervisor has noticed', () =>
      /"node":"node-2".*ended by/.test(owned.stderr),
    );
    const { code, result } = await rolling(cluster);
    expect([code, result.nodes]).toEqual([1, []]);
    expect(result.error).toMatch(/^node-2 does not serve/);
    expect((await cluster.run('restart', 'node-1', '--dry-run')).code).toBe(0);
  });
});

describe('a node that does not come back with its items', () => {
  test('the restart ends, the next nodes stay, and the supervisor goes on trying', async () => {
    const token = writeToken();
    const cluster = await start(...(await portsFor(2)), '--admin-token-file', token);
    const { port } = rowOf(cluster, 0);
    const second = rowOf(cluster, 1);
    const [own] = ownKeys(cluster.addresses, 0, 1);
    await exchange(port, `set ${own} 0 0 1\r\na\r\n`);
    rmSync(token);
    const { code, result, err } = await rolling(cluster);
    expect(code).toBe(1);
    expect(result.error).toMatch(/^node-1 did not come back: .*token/);
    expect(result.untouched).toEqual(['node-2']);
    expect(err).toMatch(/node-2 was not restarted/);
    expect(await exchange(second.port, 'stats\r\n')).toContain(`STAT pid ${second.pid}\r\n`);
    writeToken();
    await waitUntil('the node is back', async () => !(await isFree(port)));
    // The other node has answered for its keys since, so the items of its file do not return.
    expect(await exchange(port, `get ${own}\r\n`)).toBe('END\r\n');
  });
  test('a node that cannot write its items serves without them, and the restart ends', async () => {
    const state = pathTo('state');
    const cluster = await start(...(await portsFor(2)), '--state', state);
    const { port } = rowOf(cluster, 0);
    const second = rowOf(cluster, 1);
    const sets = names.slice(0, 100).map((name) => `set ${name} 0 0 1\r\na\r\n`);
    await exchange(port, sets.join(''));
    expect(await exchange(port, 'stats\r\n')).toMatch(/STAT curr_items [1-9]/);
    mkdirSync(join(state, 'node-1.items.part'));
    const { code, result } = await rolling(cluster);
    expect(code).toBe(1);
    expect(result.error).toMatch(/^node-1 serves again, but without its items: .*it is a folder/);
    expect(await exchange(second.port, 'stats\r\n')).toContain(`STAT pid ${second.pid}\r\n`);
    // The others have none of its keys: with one copy nobody else took them.
    expect(await exchange(port, 'stats\r\n')).toContain('STAT curr_items 0\r\n');
  });
});
