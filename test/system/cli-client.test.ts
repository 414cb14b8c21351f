import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { SERVERS } from '../support/both-servers.ts';
import { startIndependentNodes, type TestCluster } from '../support/cluster-process.ts';
import { NameServer } from '../support/name-server.ts';
import { freePort } from '../support/ports.ts';
import { MAIN } from '../support/program.ts';
import { runCli as cli, type Ring } from '../support/run-cli.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';

const NAME_SERVER = new URL('../support/name-server-preload.ts', import.meta.url).href;

describe.each(SERVERS)('the command line as a client of $name', ({ start, skip }) => {
  let servers: TestServer[] = [];
  let env: Record<string, string>;
  /** Runs a command line against the cache of two nodes. */
  const onCache = (line: string, input: string | Buffer = '') => cli(line, { env, input });

  beforeAll(async () => {
    if (skip) return;
    servers = await Promise.all([start(), start()]);
    const nodes = servers.map(({ port }) => `127.0.0.1:${port}`).join(',');
    env = { SLABRING_NODES: nodes, SLABRING_DEADLINE: '20000' };
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  test.skipIf(skip)('a value that is larger than a pipe arrives whole', async () => {
    const value = 'x'.repeat(900_000);
    expect(await onCache('set large', value)).toMatchObject({ code: 0 });
    const words = ['sh', '-c', '"$@" | wc -c', 'sh', process.execPath, MAIN, 'get', 'large'];
    const get = new OwnedProcess(words, { env });
    await get.exited;
    expect(Number(get.stdout)).toBe(value.length + '\n'.length);
  });

  test.skipIf(skip)('the verbs store, get, touch, increment and delete keys', async () => {
    expect(await onCache('get a')).toEqual({ code: 1, out: '', err: 'not found' });
    expect(await onCache('set a one --ttl 60')).toEqual({ code: 0, out: 'stored', err: '' });
    expect(await onCache('get a')).toMatchObject({ code: 0, out: 'one' });
    expect(await onCache('set b --mode=append', 'x')).toMatchObject({ code: 1, out: 'not stored' });
    expect(await onCache('set b', 'from input\n')).toMatchObject({ code: 0 });
    expect(await onCache('get a b c')).toEqual({
      ...{ code: 1, out: 'a\tone\nb\tfrom input\n' },
      err: 'c: not found',
    });
    expect(await onCache('set a x --mode add')).toMatchObject({ code: 1 });
    expect(await onCache('set a +1 --mode append')).toMatchObject({ code: 0 });
    expect(await onCache('get a')).toMatchObject({ out: 'one+1' });
    expect(await onCache('touch a 100')).toMatchObject({ code: 0, out: 'touched' });
    expect(await onCache('touch none 100')).toMatchObject({ code: 1, out: 'not found' });
    expect(await onCache('incr n')).toEqual({ code: 1, out: '', err: 'not found' });
    expect(await onCache('incr n 5 --initial 18446744073709551615')).toMatchObject({
      out: '18446744073709551615',
    });
    expect(await onCache('incr n -- -5')).toMatchObject({ code: 0, out: '18446744073709551610' });
    expect(await onCache('delete a b')).toMatchObject({ code: 0, out: 'a: deleted\nb: deleted' });
    expect(await onCache('delete a')).toMatchObject({ code: 1, out: 'a: not found' });
  });

  test.skipIf(skip)('set stores what it reads, bytes that are no text included', async () => {
    const bytes = Buffer.from([0xff, 0xd8, 0, 10, 0x80]);
    expect(await onCache('set photo', bytes)).toMatchObject({ code: 0 });
    expect(await onCache('get photo')).toMatchObject({ out: bytes.toString('base64') });
    await onCache('set photo --mode append', Buffer.from([0xfe]));
    const appended = Buffer.concat([bytes, Buffer.from([0xfe])]);
    expect(await onCache('get photo')).toMatchObject({ out: appended.toString('base64') });
  });

  test.skipIf(skip)('--json prints results as JSON', async () => {
    const json = async (line: string): Promise<unknown> => JSON.parse((await onCache(line)).out);
    const cache = createClient({ nodes: servers.map(({ port }) => `127.0.0.1:${port}`) });
    await cache.set('object', { deep: [1] });
    await cache.set('bytes', Uint8Array.of(0xff, 0));
    await cache.close();
    expect(await json('get object bytes none --json')).toEqual([
      { key: 'object', found: true, value: { deep: [1] } },
      { key: 'bytes', found: true, base64: '/wA=' },
      { key: 'none', found: false },
    ]);
    expect(await onCache('get bytes')).toMatchObject({ out: '/wA=' });
    expect(await onCache('get object')).toMatchObject({ out: '{"deep":[1]}' });
    expect(await json('set k v --json')).toEqual({ key: 'k', stored: true });
    expect(await json('incr m --json')).toEqual({ key: 'm', value: null });
    expect(await json('incr m --initial 7 --json')).toEqual({ key: 'm', value: '7' });
    expect(await json('touch k 5 --json')).toEqual({ key: 'k', touched: true });
    expect(await json('delete k --json')).toEqual([{ key: 'k', deleted: true }]);
    const stats = (await json('stats --json')) as Record<string, Record<string, string>>;
    const pids = Object.values(stats).map(({ pid }) => Number(pid));
    expect(pids.toSorted()).toEqual(servers.map(({ pid }) => pid).toSorted());
  });

  test.skipIf(skip)('stats prints nodes side by side, and flush needs a yes', async () => {
    const { out } = await onCache('stats settings');
    const [head = '', ...rows] = out.split('\n');
    for (const { port } of servers) expect(head).toContain(`127.0.0.1:${port}`);
    expect(rows.find((row) => row.startsWith('maxbytes'))).toMatch(/^maxbytes +\d+ +\d+$/);
    await onCache('set kept v');
    expect(await onCache('flush')).toMatchObject({ code: 2, out: '' });
    const byVariable = await cli('flush', { env: { ...env, SLABRING_YES: '1' } });
    expect(byVariable).toMatchObject({ code: 2, out: '' });
    const no = await cli('flush', { env, confirms: false });
    expect(no).toEqual({ code: 1, out: '', err: 'slabring: Nothing was flushed.' });
    expect(await onCache('get kept')).toMatchObject({ code: 0 });
    expect(await cli('flush', { env, confirms: true })).toMatchObject({ code: 0 });
    expect(await onCache('get kept')).toMatchObject({ code: 1 });
    await onCache('set kept v');
    expect(await onCache('flush --yes')).toMatchObject({ code: 0 });
    expect(await onCache('get kept')).toMatchObject({ code: 1 });
  });

  test.skipIf(skip)('bench counts requests, keys and hits', async () => {
    const quick = 'bench --seconds 1 --keys 500 --concurrency 8';
    const { code, out } = await onCache(`${quick} --reads 50 --json`);
    const result = JSON.parse(out) as { rows: object[]; keys: { read: number }; hits: number };
    expect([code, result]).toMatchObject([0, { failures: 0 }]);
    expect(result.rows).toHaveLength(4);
    expect(result.keys.read).toBeGreaterThan(0);
    expect(result.hits).toBe(result.keys.read);
    const table = await onCache(`${quick} --batch 20 --reads 100`);
    // A busy machine has latencies for which a table would be too wide.
    expect(table.out).toMatch(/^node +operation +req\/s|^ {2}req\/s/m);
    expect(table.out).toContain('100.0 % found');
  });

  test.skipIf(skip)('the process exits with the code of the verb', async () => {
    const line = ['get', 'no-such-key', '--nodes', env['SLABRING_NODES']!];
    const owned = new OwnedProcess([process.execPath, MAIN, ...line]);
    expect(await owned.exited).toEqual({ code: 1, signal: null });
  });
});

describe('the command line as a client of a cluster with discovery', () => {
  let cluster: TestCluster;
  const env = { SLABRING_DEADLINE: '20000' };
  beforeAll(async () => {
    cluster = await startIndependentNodes();
  });
  afterAll(() => cluster?.stop());

  /** The nodes that hold an item of the key. */
  async function nodesWithKey(key: string): Promise<readonly string[]> {
    const lookups = cluster.addresses.map(async (node) => {
      const { code } = await cli(`get ${key} --nodes ${node}`, { env });
      return code === 0 ? [node] : [];
    });
    return (await Promise.all(lookups)).flat();
  }

  test('the client discovers all nodes from any one, and stores --replicas replicas', async () => {
    for (const [nth, node] of cluster.addresses.entries()) {
      const found = `--discovery elasticache:${node} --replicas ${nth + 1}`;
      expect(await cli(`set key${nth} v ${found}`, { env })).toMatchObject({ code: 0 });
      const ring = await cli(`ring key${nth} ${found} --json`, { env });
      const { nodes, keys } = JSON.parse(ring.out) as Ring;
      expect(nodes.map((each) => each.node).toSorted()).toEqual(cluster.addresses.toSorted());
      expect(keys[0]!.nodes.toSorted()).toEqual(await nodesWithKey(`key${nth}`));
      expect(keys[0]!.nodes).toHaveLength(nth + 1);
      expect(keys[0]!.nodes[0]).toBe(keys[0]!.node);
    }
  });

  test('--discovery dns:name:port uses the addresses of the name', async () => {
    const [first = ''] = cluster.addresses;
    const { out } = await cli(`stats --discovery dns:${first} --json`, { env });
    expect(Object.keys(JSON.parse(out) as object)).toEqual([first]);
  });

  test('--discovery srv:name uses the SRV records of the name server', async () => {
    const records = cluster.addresses.map((node, nth) => {
      const [name = '', port] = node.split(':');
      return { name, port: Number(port), priority: nth === 0 ? 20 : 10, weight: 0 };
    });
    const names = await NameServer.start(records);
    try {
      const line = ['stats', '--discovery', 'srv:_memcache._tcp.example', '--json'];
      const command = [process.execPath, '--import', NAME_SERVER, MAIN, ...line];
      const owned = new OwnedProcess(command, {
        env: { ...env, SLABRING_NAME_SERVER: names.address },
      });
      expect(await owned.exited).toMatchObject({ code: 0 });
      const found = Object.keys(JSON.parse(owned.stdout) as object);
      expect(found).toEqual(cluster.addresses.slice(1));
    } finally {
      await names.stop();
    }
  });

  test('bench and flush use the discovered nodes, and flush names them', async () => {
    const [first = ''] = cluster.addresses;
    const found = { env: { ...env, SLABRING_DISCOVERY: `elasticache:${first}` } };
    const bench = await cli('bench --seconds 0.1 --keys 50 --concurrency 4 --json', found);
    expect(JSON.parse(bench.out)).toMatchObject({ failures: 0 });
    const refused = await cli('flush', found);
    const nodes = cluster.addresses.join(', ');
    expect(refused.err).toContain(`flush makes all items of ${nodes} invisible: add --yes`);
    const flushed = await cli('flush --yes --json', found);
    expect(JSON.parse(flushed.out)).toEqual({ flushed: cluster.addresses, failed: {} });
  });

  test('the client uses failover nodes for a node that is down', async () => {
    const [spare = ''] = cluster.addresses;
    const down = `--nodes 127.0.0.1:${await freePort()}`;
    const gutter = `${down} --failover gutter --gutter ${spare}`;
    expect(await cli(`set moved v ${gutter}`, { env })).toMatchObject({ code: 0 });
    expect(await cli(`get moved ${gutter}`, { env })).toMatchObject({ out: 'v' });
    expect(await nodesWithKey('moved')).toEqual([spare]);
    const next = `${down},${spare} --failover next`;
    for (const key of ['a', 'b', 'c', 'd']) {
      expect(await cli(`set ${key} v ${next}`, { env })).toMatchObject({ code: 0 });
      expect(await nodesWithKey(key)).toContain(spare);
    }
  });

  test('an option for the nodes overrides the environment variables', async () => {
    const [first = '', second = ''] = cluster.addresses;
    const found = { env: { ...env, SLABRING_DISCOVERY: `elasticache:${first}` } };
    const { out } = await cli(`stats --nodes ${second} --json`, found);
    expect(Object.keys(JSON.parse(out) as object)).toEqual([second]);
    for (const variable of ['SLABRING_NODES', 'SLABRING_SERVERS', 'MEMCACHED_SERVERS']) {
      const listed = { env: { ...env, [variable]: second } };
      const all = await cli(`stats --discovery elasticache:${first} --json`, listed);
      expect(Object.keys(JSON.parse(all.out) as object)).toEqual(cluster.addresses);
      const one = await cli('stats --json', listed);
      expect(Object.keys(JSON.parse(one.out) as object)).toEqual([second]);
    }
  });
});
