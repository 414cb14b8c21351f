/** A stopped cluster that keeps its nodes and items in a folder. */
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CacheClient } from '../../src/client.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 2000;
const NODES = 3;
const DEADLINE_MS = 20_000;
const names = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);

const { pathTo, cleanups } = folderForEachTest();
async function start(...args: readonly string[]): Promise<SupervisedCluster> {
  const cluster = await SupervisedCluster.start(pathTo('tmp'), ...args);
  cleanups.push(() => cluster.owned.stop());
  return cluster;
}

function clientOf({ addresses }: SupervisedCluster): CacheClient {
  const cache = new CacheClient({ nodes: addresses, deadlineMs: DEADLINE_MS });
  cleanups.push(() => cache.close());
  return cache;
}

/** A program that listens on a port; rejects if another one does. */
function listenOn(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Sends a request to one node on a new connection. */
const exchange = (port: number, request: string): Promise<string> =>
  exchangeOnce({ host: '127.0.0.1', port }, request);

/** What a node publishes to clients. */
async function topologyOf(port: number): Promise<{ version: number; nodes: string }> {
  const [, version, nodes = ''] = (await exchange(port, 'config get cluster\r\n')).split(/\r?\n/);
  return { version: Number(version), nodes };
}

describe('slabring cluster --state', () => {
  test('the next start has the same nodes, ports and items, and a newer topology', async () => {
    const state = pathTo('state');
    const options = [...(await portsFor(NODES)), '--state', state];
    const first = await start(...options);
    const cache = clientOf(first);
    await cache.setMany(new Map(names.map((name) => [name, name])));
    const topology = await topologyOf(first.rows[0]!.port);
    await cache.close();
    expect(await first.stop()).toBe(0);
    expect(readdirSync(state).sort()).toEqual(
      ['cluster.json', ...[1, 2, 3].map((nth) => `node-${nth}.items`)].sort(),
    );
    const second = await start('--state', state);
    const placeOf = ({ name, port, adminUrl }: (typeof first.rows)[number]) => [
      name,
      port,
      adminUrl,
    ];
    expect(second.rows.map(placeOf)).toEqual(first.rows.map(placeOf));
    const next = await topologyOf(second.rows[0]!.port);
    expect(next.nodes).toBe(topology.nodes);
    // Each process is another incarnation of its member.
    expect(next.version).toBeGreaterThan(topology.version);
    const again = clientOf(second);
    expect((await again.getMany(names)).values.size).toBe(KEYS);
    expect(readdirSync(state).sort()).toEqual(['cluster.json', 'control.sock']);
    const refused = await second.run('cluster', '--state', state);
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/A cluster runs with/)]);
    expect((await second.run('restart', 'node-1', '--state', state)).code).toBe(0);
  });
  test('options that place keys elsewhere are refused', async () => {
    const state = pathTo('state');
    const cluster = await start(...(await portsFor(1)), '--state', state);
    await cluster.stop();
    const { code, err } = await cluster.run('cluster', '--nodes', '2', '--state', state);
    expect([code, err]).toEqual([2, expect.stringMatching(/--nodes 2 \(it was 1\)/)]);
    writeFileSync(join(state, 'cluster.json'), '{"format":2}');
    const other = await cluster.run('cluster', '--state', state);
    expect([other.code, other.err]).toEqual([1, expect.stringMatching(/is not the state of a/)]);
  });
  test('an admin port that another program took costs no items', async () => {
    const state = pathTo('state');
    const first = await start(...(await portsFor(1)), '--state', state);
    const { port, adminUrl } = first.rows[0]!;
    await exchange(port, 'set a 0 0 3\r\nold\r\n');
    await first.stop();
    const other = await listenOn(Number(new URL(adminUrl).port));
    const second = await start('--state', state);
    expect(second.owned.stderr).toMatch(/The nodes take other admin ports/);
    expect(second.rows[0]!.adminUrl).not.toBe(adminUrl);
    expect(await exchange(port, 'get a\r\n')).toContain('old');
    other.close();
  });
  test('an admin port that another program takes during a restart costs no items', async () => {
    const cluster = await start(...(await portsFor(1)));
    const { port, adminUrl } = cluster.rows[0]!;
    await exchange(port, 'set a 0 0 3\r\nold\r\n');
    const command = cluster.command('restart', 'node-1');
    const adminPort = Number(new URL(adminUrl).port);
    const other = await waitUntil('the port is free', () =>
      listenOn(adminPort).catch(() => undefined),
    );
    expect((await command.exited).code).toBe(0);
    expect(await exchange(port, 'get a\r\n')).toContain('old');
    other.close();
  });
  test('only its user reaches the socket of a supervisor', async () => {
    const tmp = pathTo('tmp');
    const cluster = await start(...(await portsFor(1)));
    const [root = ''] = readdirSync(tmp).filter((name) => name.startsWith('slabring-clusters-'));
    const [entry = ''] = readdirSync(join(tmp, root));
    const modeOf = (...names: string[]) => statSync(join(tmp, root, ...names)).mode & 0o777;
    expect([modeOf(), modeOf(entry), modeOf(entry, 'control.sock')]).toEqual([0o700, 0o700, 0o600]);
    await cluster.stop();
    // Somebody else could put a socket of their own there.
    chmodSync(join(tmp, root), 0o777);
    const second = await start(...(await portsFor(1)));
    expect(second.owned.stderr).toMatch(/can be changed by other users.*cannot reach this cluster/);
    expect(await exchange(second.rows[0]!.port, 'mn\r\n')).toBe('MN\r\n');
    expect((await second.run('restart', 'node-1')).code).toBe(1);
  });
  test('a folder that others can change is refused', async () => {
    const open = pathTo('open');
    mkdirSync(open);
    const cluster = SupervisedCluster.spawn(pathTo('tmp'), '--help');
    chmodSync(open, 0o777);
    const { code, err } = await cluster.run('cluster', '--state', open);
    expect([code, err]).toEqual([1, expect.stringMatching(/can be changed by other users/)]);
    expect(existsSync(join(open, 'cluster.json'))).toBe(false);
  });
});
