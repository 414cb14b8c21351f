import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { beforeEach, describe, expect, test } from 'vitest';
import { adminUrl } from '../support/admin-url.ts';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startSlabring, startVerb } from '../support/node-process.ts';
import type { TestServer } from '../support/server.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { exchangeOnce } from '../support/wire.ts';

const { pathTo, cleanups } = folderForEachTest();
let file = '';
beforeEach(() => {
  file = pathTo('items.snapshot');
});

async function owned(starting: Promise<TestServer>): Promise<TestServer> {
  const server = await starting;
  cleanups.push(() => server.stop());
  return server;
}
const startNode = (...args: readonly string[]) =>
  owned(startSlabring({ args: ['-t', '1', ...args] }));
const startOld = (...args: readonly string[]) => owned(startMemcached({ args }));

const exchange = ({ address }: TestServer, request: string): Promise<string> =>
  exchangeOnce(address, request);

const run = (args: readonly string[], env: NodeJS.ProcessEnv = {}) =>
  startVerb(args, { env }).result();

const address = ({ port }: TestServer): string => `127.0.0.1:${port}`;

const LARGE = 'x'.repeat(700_000);
/** Items with flags, expiry, a large value and a key that no text line can have. */
const ITEMS =
  `ms small 5 F7 T999\r\nvalue\r\nms large ${LARGE.length}\r\n${LARGE}\r\n` +
  'ms ACB/ 1 b F4294967295\r\nb\r\nms empty 0\r\n\r\n';
const MANY = Array.from({ length: 3000 }, (_, nth) => `set key-${nth} 0 0 1 noreply\r\n1\r\n`);
const SOME = ['small', 'large', 'empty', 'key-2999'];
const READ = `${SOME.map((key) => `mg ${key} f s t v\r\n`).join('')}mg ACB/ b f s t v k\r\n`;
/** A minute more or less of a ttl does not count. */
const withoutTtl = (reply: string): string => reply.replaceAll(/ t(\d)\d\d\b/g, ' t$1?');

describe.skipIf(whyNoMemcached() !== undefined)('the items of a memcached', () => {
  test('they come into a node with flags, expiry, CAS ids and binary keys', async () => {
    const old = await startOld();
    await exchange(old, ITEMS + MANY.join(''));
    const before = await exchange(old, READ);
    const dumped = await run(['dump', file, '--nodes', address(old)]);
    expect(dumped).toMatchObject({ code: 0, err: '' });
    expect(dumped.out).toContain('Dumped 3004 items of 1 node,');
    // The dump neither marks nor moves what it reads.
    expect(await exchange(old, 'mg key-7 h\r\n')).toBe('HD h0\r\n');
    const node = await startNode('--admin-port', '0');
    expect((await run(['restore', file, '--admin', adminUrl(node)])).code).toBe(0);
    expect(withoutTtl(await exchange(node, READ))).toBe(withoutTtl(before));
    expect(await exchange(node, 'mg small c\r\n')).toBe(await exchange(old, 'mg small c\r\n'));
  });
  test('a snapshot goes into a memcached, which keeps its newer items', async () => {
    const node = await startNode('--admin-port', '0');
    await exchange(node, `${ITEMS + MANY.join('')}md stale q\r\nms stale 1\r\nx\r\n`);
    await exchange(node, 'md stale I\r\n');
    await run(['dump', file, '--admin', adminUrl(node)]);
    const old = await startOld();
    await exchange(old, 'set key-0 0 0 5\r\nnewer\r\n');
    const args = ['restore', file, '--nodes', address(old), '--json'];
    const restored = JSON.parse((await run(args)).out).nodes[0];
    expect(restored).toMatchObject({ restored: 3003, existed: 1, expired: 1 });
    expect(withoutTtl(await exchange(old, READ))).toBe(withoutTtl(await exchange(node, READ)));
    expect(await exchange(old, 'get key-0 stale\r\n')).toBe('VALUE key-0 0 5\r\nnewer\r\nEND\r\n');
    await run([...args, '--replace']);
    expect(await exchange(old, 'get key-0\r\n')).toBe('VALUE key-0 0 1\r\n1\r\nEND\r\n');
  });
  test('two of them become three nodes', async () => {
    const olds = await Promise.all([startOld(), startOld()]);
    await Promise.all(
      olds.map((old, nth) => exchange(old, MANY.join('').replaceAll('key', `${nth}`))),
    );
    await run(['dump', file, '--nodes', olds.map(address).join(',')]);
    const nodes = await Promise.all([startNode(), startNode(), startNode()]);
    const names = nodes.map(address).join(',');
    expect(await run(['restore', file, '--nodes', names])).toMatchObject({ code: 0, err: '' });
    const got = await run(['get', '0-0', '0-2999', '1-0', '1-2999', '--nodes', names]);
    expect(got.code).toBe(0);
  });
  test('one that refuses dumps, or does not answer, gets a clear message and no file', async () => {
    const old = await startOld('-X');
    const refused = await run(['dump', file, '--nodes', address(old)]);
    expect([refused.code, refused.err]).toEqual([1, expect.stringMatching(/metadump\), which -X/)]);
    const gone = address(old);
    await old.stop();
    const down = await run(['dump', file, '--nodes', gone]);
    expect([down.code, down.err]).toEqual([1, expect.stringContaining('connection refused')]);
    const target = await run(['restore', file, '--nodes', gone]);
    expect([target.code, target.err]).toEqual([1, expect.stringContaining('Cannot read')]);
  });
});

describe('a node without an admin port', () => {
  test('a login opens it for a dump', async () => {
    const users = pathTo('users');
    await writeFile(users, 'role admin ops\nops:password\n');
    const node = await startNode('-Y', users);
    await exchange(node, 'set a 0 0 12\r\nops password\r\nset a 0 0 1\r\n1\r\n');
    const args = ['dump', file, '--nodes', address(node)];
    const refused = await run(args);
    expect([refused.code, refused.err]).toEqual([1, expect.stringContaining('requires a login')]);
    const dumped = await run([...args, '--user', 'ops'], { SLABRING_PASSWORD: 'password' });
    expect(dumped).toMatchObject({ code: 0, out: expect.stringContaining('Dumped 1 item ') });
  });
  test('a memcached without meta commands is named as too old', async () => {
    const server = createServer((socket) => {
      socket.on('data', (data) => {
        socket.write(data.toString().startsWith('version') ? 'VERSION 1.5.22\r\n' : 'ERROR\r\n');
      });
      socket.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const { code, err } = await run(['dump', file, '--nodes', `127.0.0.1:${port}`]);
    server.close();
    expect([code, err]).toEqual([1, expect.stringContaining('memcached 1.6.10 and newer')]);
  });
});
