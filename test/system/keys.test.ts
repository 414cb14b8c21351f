import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { SERVERS } from '../support/both-servers.ts';
import { Authority } from '../support/certificates.ts';
import { temporaryFolder } from '../support/folder.ts';
import { startSlabring } from '../support/node-process.ts';
import { freePort } from '../support/ports.ts';
import { runCli } from '../support/run-cli.ts';
import type { TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { sendAndReadToEnd } from '../support/wire.ts';

const NODE_ARGS = ['-t', '1', '-m', '64'];
const SECRET = 'no-output-may-show-this';
const nodeOf = ({ port }: Pick<TestServer, 'port'>) => `127.0.0.1:${port}`;
const cli = (line: string, env = {}) => runCli(`${line} --deadline 20000`, { env });
const json = async (line: string) => JSON.parse((await cli(`${line} --json`)).out);

describe.each(SERVERS)('keys and key of $name', ({ start, skip }) => {
  let servers: TestServer[] = [];
  let nodes: string[] = [];
  beforeAll(async () => {
    if (skip) return;
    servers = await Promise.all([start({ args: NODE_ARGS }), start({ args: NODE_ARGS })]);
    nodes = servers.map(nodeOf);
    const cache = createClient({ nodes, deadlineMs: 20_000 });
    const value = (bytes: number) => SECRET.padEnd(bytes, 'x');
    for (let at = 0; at < 30; at++) await cache.set(`user:${at}`, value(100));
    for (let at = 0; at < 10; at++) await cache.set(`page:${at}`, value(5000), { ttl: 3600 });
    await cache.set('alone', value(20_000));
    for (let at = 0; at < 30; at++) await cache.get(`user:${at}`);
    await cache.close();
  });
  afterAll(() => Promise.all(servers.map((server) => server.stop())));

  test.skipIf(skip)('keys counts every item of all nodes by prefix', async () => {
    const { prefixes, ...all } = await json(`keys --by-prefix --nodes ${nodes}`);
    expect(all).toMatchObject({ keys: 41, unreadKeys: 11, endlessKeys: 31, isApproximate: false });
    expect(all.nodes[nodes[0]!].keys + all.nodes[nodes[1]!].keys).toBe(41);
    expect(prefixes).toMatchObject([
      { prefix: 'page:', keys: 10, unreadKeys: 10, endlessKeys: 0 },
      { prefix: '', keys: 1 },
      { prefix: 'user:', keys: 30, unreadKeys: 0, endlessKeys: 30 },
    ]);
    const sum = prefixes.reduce((bytes: number, prefix: { bytes: number }) => {
      return bytes + prefix.bytes;
    }, 0);
    expect(sum).toBe(all.bytes);
    expect(all.largest).toBeUndefined();
  });

  test.skipIf(skip)('keys shows the largest items, of a prefix or of all', async () => {
    const all = await json(`keys --largest 3 --nodes ${nodes}`);
    expect(all.largest).toMatchObject([
      { key: 'alone', expiresAt: null, isFetched: false },
      { key: expect.stringMatching(/^page:\d$/), isFetched: false },
      { key: expect.stringMatching(/^page:\d$/) },
    ]);
    expect(all.largest[0].bytes).toBeGreaterThan(20_000);
    expect(all.prefixes).toBeUndefined();
    const some = await json(`keys --largest 100 --prefix user: --nodes ${nodes}`);
    expect([some.keys, some.largest.length]).toEqual([30, 30]);
  });

  test.skipIf(skip)('the tables have the same facts, and no values', async () => {
    const { code, out } = await cli(`keys --nodes ${nodes}`);
    expect(code).toBe(0);
    expect(out).toMatch(/^41 keys, [\d.]+ KiB, [\d.]+ % of it never read \(2 of 2 nodes, /);
    expect(out).toMatch(/never +\d+ s unread +127\.0\.0\.1:\d+ +alone\n/);
    expect(out).toMatch(/ 10 .* 0\.0 % +\d+ s .* page:\n/);
    expect(out).toMatch(/ 1 .* 100\.0 % +\d+ s .* \(no prefix\)\n/);
    expect(out).not.toContain(SECRET);
  });

  test.skipIf(skip)('key shows the facts of an item at its node', async () => {
    const { code, out } = await cli(`key page:1 --nodes ${nodes}`);
    expect(code).toBe(0);
    expect(out).toMatch(/^key +page:1\nnode +127\.0\.0\.1:\d+\nsize +4\.9 KiB \(50\d\d B\)/);
    expect(out).toMatch(/\nttl +\d+ (min|h) left \(3[56]\d\d s\)\nidle +\d+ s, never read/);
    expect(out).not.toContain(SECRET);
    const found = await json(`key user:7 --nodes ${nodes}`);
    const [owner] = found.owners;
    expect(found.nodes[owner]).toMatchObject({ found: true, ttl: null, isFetched: true });
    expect(found.nodes[owner].chunkBytes).toBeGreaterThanOrEqual(found.nodes[owner].bytes);
    expect(await cli(`key none --nodes ${nodes}`)).toMatchObject({ code: 1, err: '' });
  });

  test.skipIf(skip)('a question about a key is no hit, and no access', async () => {
    const count = async () => {
      const { nodes: byNode } = JSON.parse((await cli(`stats --json --nodes ${nodes}`)).out);
      return JSON.stringify(Object.values(byNode ?? {}), ['cmd_get', 'get_hits']);
    };
    const before = await count();
    await cli(`key page:2 --nodes ${nodes}`);
    const after = await json(`key page:2 --everywhere --nodes ${nodes}`);
    expect(await count()).toBe(before);
    const copies = Object.values<{ found: boolean; isFetched?: boolean }>(after.nodes);
    expect(copies.filter(({ found }) => found)).toMatchObject([{ isFetched: false }]);
    expect(copies).toHaveLength(2);
  });
});

describe('keys and key of slabring', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let node: TestServer;
  beforeAll(async () => {
    folder = await temporaryFolder();
    node = await startSlabring({ args: NODE_ARGS });
  });
  afterAll(async () => {
    await node.stop();
    await folder.remove();
  });

  test('a key with any bytes is shown escaped, and found by that form', async () => {
    const key = Buffer.from('\u001b[2J%\n\u00ff', 'latin1').toString('base64');
    await sendAndReadToEnd(node.address, Buffer.from(`ms ${key} 1 b\r\nx\r\nquit\r\n`));
    const { out } = await cli(`keys --largest 1 --nodes ${nodeOf(node)}`);
    expect(out).toMatch(/ %1B\[2J%25%0A%FF$/);
    const listed = await json(`keys --largest 1 --nodes ${nodeOf(node)}`);
    expect(listed.largest[0].keyBase64).toBe(key);
    const line = `key %1B[2J%25%0A%FF --escaped --nodes ${nodeOf(node)}`;
    const { out: facts } = await cli(line);
    expect(facts).toMatch(/^key +%1B\[2J%25%0A%FF\n.*\nsize +\d+ B/);
    expect(await json(line)).toMatchObject({ keyBase64: key, owners: [] });
    expect((await json(`keys --prefix %1B --nodes ${nodeOf(node)}`)).keys).toBe(1);
  });

  test('a list during writes, deletes and evictions counts what stays exactly once', async () => {
    const cache = createClient({ nodes: [nodeOf(node)], deadlineMs: 20_000 });
    const stable = Array.from({ length: 3000 }, (_, at) => [`stay:${at}`, 'v'] as const);
    await cache.setMany(stable);
    const evictions = async () => {
      const [stats] = (await cache.stats()).values();
      return Number(stats?.get('evictions'));
    };
    let isOver = false;
    const load = (async () => {
      for (let at = 0; !isOver; at++) {
        const keys = Array.from({ length: 20 }, (_, nth) => `churn:${(at * 20 + nth) % 4000}`);
        await cache.setMany(keys.map((key) => [key, 'y'.repeat(30_000)]));
        await cache.delete(keys[at % 20]!);
        const from = (at * 50) % stable.length;
        await cache.getMany(stable.slice(from, from + 50).map(([key]) => key));
      }
    })();
    await waitUntil('the node evicts', async () => (await evictions()) > 0 || undefined);
    const line = `keys --by-prefix --rate 10000 --nodes ${nodeOf(node)}`;
    const { prefixes } = await json(line).finally(() => {
      isOver = true;
    });
    await load;
    await cache.close();
    const counts = new Map(
      prefixes.map((each: { prefix: string; keys: number }) => {
        return [each.prefix, each.keys];
      }),
    );
    expect(counts.get('stay:')).toBe(3000);
    expect(counts.get('churn:')).toBeGreaterThan(0);
  });

  test('a node that is down hides nothing of the others', async () => {
    const down = `127.0.0.1:${await freePort()}`;
    const line = `keys --nodes ${down},${nodeOf(node)}`;
    const { code, out, err } = await cli(line);
    expect(code).toBe(3);
    expect(out).toContain(`(1 of 2 nodes, `);
    expect(out).toContain(`${down}  DOWN: connection refused`);
    expect(err).toContain('slabring serve');
    expect((await json(line)).errors).toEqual({ [down]: 'connection refused' });
  });

  test('only a user with the role admin lists keys; one that reads may ask for a key', async () => {
    const users = join(folder.path, 'users');
    await writeFile(users, 'role admin boss\nrole readonly reader\nboss:1\nreader:2\n');
    const identity = await (await Authority.create(folder.path)).issue('node');
    const tls = { identity, ca: Buffer.alloc(0) };
    const closed = await startSlabring({ args: [...NODE_ARGS, '-Y', users], tls });
    const access = `--nodes ${nodeOf(closed)} --tls-ca ${join(folder.path, 'ca.pem')}`;
    const boss = { SLABRING_PASSWORD: '1' };
    const reader = { SLABRING_PASSWORD: '2' };
    try {
      await cli(`set user:1 ${SECRET} ${access} --user boss`, boss);
      const { out } = await cli(`keys --json ${access} --user boss`, boss);
      expect(JSON.parse(out)).toMatchObject({ keys: 1, largest: [{ key: 'user:1' }] });
      const refused = await cli(`keys ${access} --user reader`, reader);
      expect(refused.code).toBe(3);
      expect(refused.out).toContain('FAILED: it replied "CLIENT_ERROR permission denied"');
      expect(refused.err).toContain('This needs a user with the role admin');
      expect(refused.out + refused.err).not.toContain('user:1');
      const asked = await cli(`key user:1 ${access} --user reader`, reader);
      expect(asked).toMatchObject({ code: 0, out: expect.stringContaining('size ') });
      const anonymous = await cli(`keys ${access}`);
      expect(anonymous.out).toContain('DOWN: it requires a login');
      const wrong = await cli(`keys ${access} --user boss`, reader);
      expect(wrong.out).toContain('DOWN: it rejected the user name or the password');
    } finally {
      await closed.stop();
    }
  });

  test('a node that forbids dumps says so, and another reply is no list', async () => {
    const closed = await startSlabring({ args: [...NODE_ARGS, '-X'] });
    const { code, out } = await cli(`keys --nodes ${nodeOf(closed)}`);
    await closed.stop();
    expect([code, out]).toEqual([3, expect.stringContaining('metadump not allowed')]);
  });

  test.each([
    ['VERSION 1.6.18\r\n', 'key=a exp=-1 la=1 cas=1 fetch=no cls=1 size=70\n', 'closed'],
    ['VERSION 1.6.18\r\n', 'HTTP/1.1 400 Bad Request\r\n', 'no line of a metadump'],
    ['VERSION 1.6.18\r\n', '', 'no reply in time'],
  ] as const)('a node that replies %j and then %j fails, and hides no list', async (...replies) => {
    const [version, list, reason] = replies;
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', (bytes) => {
        const isList = bytes.toString().startsWith('lru_crawler');
        if (bytes.toString().startsWith('stats')) socket.write('STAT curr_items 1\r\nEND\r\n');
        else if (!isList) socket.write(bytes.toString().startsWith('mn') ? 'MN\r\n' : version);
        else if (reason === 'closed') socket.end(list);
        else socket.write(list);
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const wrong = nodeOf(server.address() as { port: number });
    const line = `keys --json --nodes ${wrong},${nodeOf(node)} --deadline 1500`;
    const { code, out } = await runCli(line);
    server.close();
    const { errors, nodes } = JSON.parse(out);
    expect(code).toBe(3);
    expect(errors[wrong]).toContain(reason);
    expect(Object.keys(nodes)).toEqual([nodeOf(node)]);
  });

  test('a name that can be no key is a wrong command line', async () => {
    for (const name of ['', 'x'.repeat(251)]) {
      const { code, err } = await cli(`key ${name} --nodes ${nodeOf(node)}`);
      expect([code, err]).toEqual([2, expect.stringMatching(/key|name/)]);
    }
  });
});
