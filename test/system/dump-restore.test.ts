import { existsSync } from 'node:fs';
import { readdir, rm, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readRecords } from '../../src/ops/index.ts';
import { adminUrl } from '../support/admin-url.ts';
import { startCluster } from '../support/cluster-process.ts';
import { startSlabring, startVerb } from '../support/node-process.ts';
import { MAIN } from '../support/program.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const { pathTo, cleanups } = folderForEachTest();
let file = '';
beforeEach(() => {
  file = pathTo('items.snapshot');
});

type Closers = (() => unknown)[];

interface Node {
  readonly server: TestServer;
  readonly admin: string;
  readonly name: string;
}

async function start(closers: Closers, ...args: readonly string[]): Promise<Node> {
  const server = await startSlabring({ args: ['--admin-port', '0', '-t', '1', ...args] });
  closers.push(() => server.stop());
  return { server, admin: adminUrl(server), name: `127.0.0.1:${server.port}` };
}

const exchange = ({ server }: Node, request: string): Promise<string> =>
  exchangeOnce(server.address, request);

const slabring = (...args: readonly string[]): OwnedProcess => startVerb(args);
const run = (...args: readonly string[]) => slabring(...args).result();

const set = (key: string, value: string): string =>
  `set ${key} 5 0 ${value.length} noreply\r\n${value}\r\n`;

const fill = async (node: Node, keys: readonly string[]): Promise<string> =>
  exchange(node, keys.map((key) => set(key, `value of ${key}`)).join(''));

const keysOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `${prefix}-${nth}`);

/** A busy machine needs longer than the usual deadline. */
const PATIENT = ['--deadline', '20000'];

describe('slabring dump and restore', () => {
  let [a, b, c]: readonly Node[] = [];
  beforeAll(async () => {
    [a, b, c] = await Promise.all([start(shared), start(shared), start(shared)]);
    await fill(a, keysOf('a', 12_000));
    await fill(b, keysOf('b', 500));
  });
  const shared: Closers = [];
  afterAll(async () => {
    await Promise.all(shared.map((close) => close()));
  });

  test('a node gets the items of another one, with CAS ids, and keeps its newer ones', async () => {
    await exchange(c!, set('a-0', 'newer'));
    const dumped = await run('dump', file, '--admin', a!.admin);
    expect(dumped).toMatchObject({ code: 0, err: '' });
    expect(dumped.out).toContain('Dumped 12000 items of 1 node,');
    const restored = await run('restore', file, '--admin', c!.admin, '--json');
    expect(restored.code).toBe(0);
    expect(JSON.parse(restored.out).nodes[0]).toMatchObject({ restored: 11_999, existed: 1 });
    expect(await exchange(c!, 'gets a-7\r\n')).toBe(await exchange(a!, 'gets a-7\r\n'));
    expect(await exchange(c!, 'get a-0\r\n')).toContain('newer');
    await run('restore', file, '--admin', c!.admin, '--replace');
    expect(await exchange(c!, 'get a-0\r\n')).toContain('value of a-0');
  });
  test('a cluster of two goes into a cluster of three, whose clients find all keys', async () => {
    const from = ['--admin', `${a!.admin},${b!.admin}`, '--compression', 'zstd'];
    expect(await run('dump', file, ...from)).toMatchObject({ code: 0, err: '' });
    const nodes = [a!, b!, c!];
    const names = nodes.map(({ name }) => name).join(',');
    const admins = nodes.map(({ admin }) => admin).join(',');
    const restored = await run('restore', file, '--admin', admins, '--nodes', names);
    expect(restored).toMatchObject({ code: 0, err: '' });
    const keys = [...keysOf('a', 500), ...keysOf('b', 500)];
    const got = await run('get', ...keys, '--nodes', names, '--json', ...PATIENT);
    expect(got.code).toBe(0);
    for (const key of keys) expect(got.out).toContain(`value of ${key}`);
  });
  test.each([
    [3, 2],
    [1, 3],
  ])('%i nodes go into %i: keys are where the ring has them, CAS ids go on', async (from, to) => {
    const all = await Promise.all(Array.from({ length: from + to }, () => start(cleanups)));
    const [sources, targets] = [all.slice(0, from), all.slice(from)];
    const keys = sources.map((_, nth) => keysOf(`from-${nth}`, 300));
    for (const [nth, source] of sources.entries()) {
      await fill(source, keys[nth]!);
      // The node has given more CAS ids than its items have.
      await exchange(source, `${set('gone', 'x').repeat(1000 * (from - nth))}delete gone\r\n`);
    }
    const admins = (nodes: readonly Node[]) => nodes.map(({ admin }) => admin).join(',');
    const names = targets.map(({ name }) => name).join(',');
    await run('dump', file, '--admin', admins(sources));
    const restored = await run('restore', file, '--admin', admins(targets), '--nodes', names);
    expect(restored).toMatchObject({ code: 0, err: '' });
    const got = await run('get', ...keys.flat(), '--nodes', names, '--json', ...PATIENT);
    expect(got.code).toBe(0);
    let held = 0;
    for (const target of targets) {
      held += Number(/curr_items (\d+)/.exec(await exchange(target, 'stats\r\n'))?.[1]);
      const [, cas] = /HD c(\d+)/.exec(await exchange(target, 'ms new 1 c\r\nx\r\n')) ?? [];
      expect(Number(cas)).toBeGreaterThan(1000 * from + 300);
    }
    expect(held).toBe(keys.flat().length);
  });
  test('a pipe carries a snapshot from node to node', async () => {
    await exchange(c!, 'flush_all\r\n');
    const from = `"$0" "$1" dump - --admin ${a!.admin}`;
    const command = `${from} | "$0" "$1" restore - --admin ${c!.admin}`;
    const pipe = new OwnedProcess(['sh', '-c', command, process.execPath, MAIN]);
    expect([(await pipe.exited).code, pipe.stderr]).toEqual([
      0,
      expect.stringMatching(/^Dumped \d+ items/),
    ]);
    expect(await exchange(c!, 'get a-99\r\n')).toContain('value of a-99');
  });
  test('a damaged file gives what is whole, and the verb says what is missing', async () => {
    await run('dump', file, '--admin', a!.admin);
    await truncate(file, 400_000);
    const restored = await run('restore', file, '--admin', c!.admin, '--replace', '--json');
    expect([restored.code, restored.err]).toEqual([
      1,
      expect.stringContaining('the end is missing'),
    ]);
    expect(JSON.parse(restored.out).nodes[0].restored).toBeGreaterThan(1000);
    await writeFile(file, 'hello');
    const refused = await run('restore', file, '--admin', c!.admin);
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining('no snapshot of slabring'),
    ]);
  });
  test('a node that is killed during a dump leaves no file', async () => {
    const source = await start(cleanups, '-m', '300');
    for (const key of keysOf('big', 200)) await exchange(source, set(key, 'x'.repeat(900_000)));
    const dump = slabring('dump', file, '--admin', source.admin);
    await waitUntil('the dump begins', () => existsSync(`${file}.part`));
    process.kill(source.server.pid, 'SIGKILL');
    expect((await dump.exited).code).toBe(1);
    expect(dump.stderr).toContain(`The admin port ${source.admin}`);
    expect([existsSync(file), existsSync(`${file}.part`)]).toEqual([false, false]);
  });
  test('a node gives its items only to its user, or for the token of its port', async () => {
    const users = pathTo('users');
    await writeFile(users, 'app:password\n');
    const token = pathTo('token');
    await writeFile(token, 'a-token-of-another-node');
    const node = await start(cleanups, '-Y', users);
    const args = ['dump', file, '--admin', node.admin];
    const refused = await run(...args, '--admin-token-file', token);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('needs a token')]);
    expect(existsSync(file)).toBe(false);
    expect(await run(...args)).toMatchObject({ code: 0, err: '' });
    const given = await start(cleanups, '--admin-token-file', token);
    const other = ['dump', file, '--admin', given.admin];
    expect(await run(...other)).toMatchObject({ code: 0, err: '' });
    expect(await run(...other, '--admin-token-file', token)).toMatchObject({ code: 0, err: '' });
  });
  test('one command dumps and restores the cluster of this machine', async () => {
    const cluster = await startCluster();
    cleanups.push(() => cluster.stop());
    const nodes = ['--nodes', cluster.addresses.join(',')];
    for (const key of keysOf('own', 9)) await run('set', key, `value of ${key}`, ...nodes);
    const dumped = await run('dump', file, ...nodes);
    expect(dumped).toMatchObject({ code: 0, err: '' });
    expect(dumped.out).toContain('Dumped 9 items of 3 nodes');
    await run('flush', '--yes', ...nodes);
    expect(await run('restore', file, ...nodes)).toMatchObject({ code: 0, err: '' });
    expect((await run('get', ...keysOf('own', 9), ...nodes, ...PATIENT)).code).toBe(0);
  });
  test('a restore into a cluster with replicas gives each key to all of its holders', async () => {
    const cluster = await startCluster(undefined, '--replicas', '3');
    cleanups.push(() => cluster.stop());
    const nodes = ['--nodes', cluster.addresses.join(',')];
    const ports = cluster.addresses.map((each) => Number(each.split(':')[1]));
    const ask = (port: number, text: string) => exchangeOnce({ port }, text);
    await ask(
      ports[0]!,
      keysOf('own', 9)
        .map((key) => set(key, `value of ${key}`))
        .join(''),
    );
    expect(await run('dump', file, ...nodes)).toMatchObject({ code: 0, err: '' });
    await run('flush', '--yes', ...nodes);
    expect(await run('restore', file, ...nodes)).toMatchObject({ code: 0, err: '' });
    for (const port of ports) {
      expect(await ask(port, 'stats\r\n')).toContain('STAT curr_items 9\r\n');
    }
  });
  test('a restore by one member of a cluster gives each key to its holder', async () => {
    const cluster = await startCluster();
    cleanups.push(() => cluster.stop());
    const nodes = ['--nodes', cluster.addresses.join(',')];
    const ports = cluster.addresses.map((each) => Number(each.split(':')[1]));
    const ask = (port: number, text: string) => exchangeOnce({ port }, text);
    const itemsOf = async (port: number) =>
      Number(/STAT curr_items (\d+)/.exec(await ask(port, 'stats\r\n'))![1]);
    const keys = keysOf('own', 60);
    await ask(ports[0]!, keys.map((key) => set(key, `value of ${key}`)).join(''));
    const placed = await Promise.all(ports.map(itemsOf));
    expect(await run('dump', file, ...nodes)).toMatchObject({ code: 0, err: '' });
    await run('flush', '--yes', ...nodes);
    const [admin] = readRecords(process.env).filter(
      ({ nodes: [own = ''] }) => cluster.addresses[0] === own,
    );
    const unnamed = await run('restore', file, '--admin', admin!.url);
    expect([unnamed.code, unnamed.err]).toEqual([2, expect.stringContaining('3 members')]);
    const headers = { 'content-type': 'application/octet-stream' };
    const token = { authorization: `Bearer ${admin!.token}` };
    const posted = await fetch(`${admin!.url}/snapshot/restore`, {
      ...{ method: 'POST', body: 'SLABSNAP' },
      headers: { ...headers, ...token },
    });
    expect([posted.status, await posted.text()]).toEqual([409, expect.stringContaining('--nodes')]);
    const one = ['--nodes', cluster.addresses[0]!];
    expect(await run('restore', file, ...one)).toMatchObject({ code: 0, err: '' });
    expect(await Promise.all(ports.map(itemsOf))).toEqual(placed);
    expect((await run('get', ...keys, ...nodes, ...PATIENT)).code).toBe(0);
  });
});

describe('scheduled snapshots', () => {
  test('a node writes snapshots by itself, keeps the newest, and serves in between', async () => {
    const to = ['--snapshot-every', '1s', '--snapshot-keep', '2', '--snapshot-to', pathTo()];
    const node = await start(cleanups, ...to);
    await fill(node, keysOf('key', 100));
    const seen = new Set<string>();
    await waitUntil('three snapshots', async () => {
      for (const name of await readdir(pathTo())) {
        if (name.endsWith('.snapshot')) seen.add(name);
      }
      return seen.size >= 3;
    });
    expect(await exchange(node, 'stats\r\n')).toMatch(
      /STAT snapshots_written [2-9]\r\nSTAT snapshots_failed 0\r\nSTAT snapshot_written_at \d+\r\n/,
    );
    await node.server.stop();
    const names = (await readdir(pathTo())).sort();
    expect(names).toHaveLength(2);
    expect(names[1]! >= [...seen].sort()[2]!).toBe(true);
    const target = await start(cleanups);
    await run('restore', pathTo(names[1]!), '--admin', target.admin);
    expect(await exchange(target, 'get key-99\r\n')).toContain('value of key-99');
  });

  test('a node counts snapshots that fail, and has no count without a schedule', async () => {
    const to = pathTo('snapshots');
    const node = await start(cleanups, '--snapshot-every', '1s', '--snapshot-to', to);
    await waitUntil('the schedule begins', async () =>
      (await exchange(node, 'stats\r\n')).includes('STAT snapshots_failed 0\r\n'),
    );
    await rm(to, { recursive: true });
    await writeFile(to, 'no folder');
    await waitUntil('a snapshot fails', async () =>
      /STAT snapshots_failed [1-9]/.test(await exchange(node, 'stats\r\n')),
    );
    expect(node.server.process.stderr).toContain('cannot write a snapshot');
    const other = await start(cleanups);
    expect(await exchange(other, 'stats\r\n')).not.toContain('snapshot');
  });
});
