/** `slabring proxy --nodes`: before three real memcached, which know nothing of each other. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createClient } from '../../src/client.ts';
import { OP, packet, packetsOf } from '../support/binary-wire.ts';
import { findCommand } from '../support/commands.ts';
import { startMemcached, whyNoMemcached } from '../support/memcached.ts';
import { startVerb } from '../support/node-process.ts';
import { freePort, isFree } from '../support/ports.ts';
import { OwnedProcess, type TestServer } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce, RawConnection } from '../support/wire.ts';

const keys = Array.from({ length: 300 }, (_, nth) => `key-${nth}`);
const sets = keys.map((key, nth) => `set ${key} ${nth} 0 4\r\nv${100 + nth}\r\n`).join('');
const hasNutcracker = findCommand('nutcracker') !== undefined;

describe.skipIf(whyNoMemcached() !== undefined)('slabring proxy before memcached', () => {
  const nodes: TestServer[] = [];
  const owned: OwnedProcess[] = [];
  let port: number;

  beforeAll(async () => {
    for (let nth = 0; nth < 3; nth++) nodes.push(await startMemcached({ args: ['-m', '16'] }));
    // nutcracker sorts its servers.
    nodes.sort((a, b) => (`${a.port}` < `${b.port}` ? -1 : 1));
    port = await startProxy();
  }, 60_000);
  afterAll(async () => {
    for (const process of owned) await process.stop();
    for (const node of nodes) await node.stop();
  });

  const nodeList = (): string => nodes.map((node) => `127.0.0.1:${node.port}`).join(',');

  async function startProxy(...more: readonly string[]): Promise<number> {
    const free = await freePort();
    const listen = ['-l', '127.0.0.1', '-p', `${free}`, '-t', '1', '--nodes', nodeList()];
    const proxy = startVerb(['proxy', ...listen, ...more]);
    owned.push(proxy);
    await proxy.failOnExit(
      waitUntil('the proxy listens', () => (proxy.stdout + proxy.stderr).includes('Listening on')),
    );
    return free;
  }

  const at = (of = port) => ({ host: '127.0.0.1', port: of });
  const ask = (requests: string, of = port): Promise<string> => exchangeOnce(at(of), requests);

  const itemsOf = async (node: TestServer): Promise<number> =>
    Number(/STAT curr_items (\d+)/.exec(await ask('stats\r\n', node.port))?.[1]);

  const hitsOf = async (of = port): Promise<number> =>
    [...(await ask(`get ${keys.join(' ')}\r\n`, of)).matchAll(/^VALUE /gm)].length;

  test('keys are spread over the nodes, and one get finds all of them in order', async () => {
    expect(await ask(sets)).toBe('STORED\r\n'.repeat(keys.length));
    const items = await Promise.all(nodes.map(itemsOf));
    expect(items.reduce((sum, count) => sum + count)).toBe(keys.length);
    expect(Math.min(...items)).toBeGreaterThan(30);
    const found = await ask(`gets none ${keys.join(' ')}\r\n`);
    expect(found.match(/^VALUE \S+/gm)).toEqual(keys.map((key) => `VALUE ${key}`));
    expect(await itemsOf({ ...nodes[0]!, port })).toBe(0);
  });

  test('the replies of a pipeline are those of one memcached', async () => {
    const single = await startMemcached();
    try {
      const requests = [
        'set a 1 0 1\r\n1\r\nadd a 0 0 1\r\n2\r\nappend a 0 0 1\r\n0\r\nincr a 5\r\nget a\r\n',
        'set b 0 0 1 noreply\r\nx\r\nadd b 0 0 1 noreply\r\ny\r\n',
        'delete none noreply\r\nget b a\r\n',
        'set c 0 0 2\r\nxyz\r\nget c\r\ntouch a 100\r\ngat 0 a b\r\ndelete b\r\nget b\r\n',
        'mg none v q\r\nmg a v t f k Oq q\r\nms d 2 q T0\r\nhi\r\nmd none q\r\nmd d q\r\nmn\r\n',
        'ma none q\r\nma cnt N0 J13\r\nma cnt v q\r\nma cnt v\r\n',
        'ms d 2 I b\r\nhi\r\nmg YQ== b k v\r\n',
        'mg a s v c\r\nme none\r\nincr d 1\r\ndecr a 99\r\nprepend none 0 0 1\r\n1\r\nbad\r\n',
        `set ${'k'.repeat(250)} 0 0 1\r\n1\r\nget ${'k'.repeat(250)}\r\nset e 0 0 1048577\r\n`,
        `${'x'.repeat(1_048_577)}\r\n`,
        `set large 0 0 900000\r\n${'y'.repeat(900_000)}\r\nget large a\r\n`,
      ].join('');
      const withoutCas = (text: string): string => text.replaceAll(/ c\d+/g, ' c');
      const got = withoutCas(await ask(requests));
      expect(got).toBe(withoutCas(await ask(requests, single.port)));
      expect(got).toContain('VALUE large 0 900000');
    } finally {
      await single.stop();
    }
  });

  test('a cas succeeds with the id of the node, and once', async () => {
    await ask('set counted 0 0 1\r\n1\r\n');
    const [, id] = /VALUE counted 0 1 (\d+)/.exec(await ask('gets counted\r\n')) ?? [];
    const cas = `cas counted 0 0 1 ${id}\r\n2\r\n`;
    expect(await ask(cas + cas)).toBe('STORED\r\nEXISTS\r\n');
  });

  test('clients of the binary protocol get the replies of memcached, quiet ones too', async () => {
    const store = { extras: Buffer.alloc(8), value: 'v' };
    const count = Buffer.alloc(20);
    count.writeUInt32BE(1, 4);
    const requests = Buffer.concat([
      packet({ opcode: OP.set, key: 'bin', ...store, opaque: 1 }),
      packet({ opcode: OP.setq, key: 'bin2', ...store, opaque: 2 }),
      packet({ opcode: OP.getkq, key: 'none', opaque: 3 }),
      packet({ opcode: OP.getkq, key: 'bin2', opaque: 4 }),
      packet({ opcode: OP.addq, key: 'bin', ...store, opaque: 5 }),
      packet({ opcode: OP.incrq, key: 'count', extras: count, opaque: 6 }),
      packet({ opcode: OP.incr, key: 'count', extras: count, opaque: 7 }),
      packet({ opcode: OP.deleteq, key: 'bin', opaque: 8 }),
      packet({ opcode: OP.get, key: 'bin', opaque: 9 }),
      packet({ opcode: OP.quit, opaque: 10 }),
    ]);
    const single = await startMemcached();
    const outcome = async (of: number) => {
      const connection = await RawConnection.connect(at(of));
      connection.send(requests);
      const { packets } = packetsOf(await connection.readToEnd());
      return packets.map(({ opcode, status, key, value, opaque }) => {
        return { opcode, status, key, value, opaque };
      });
    };
    try {
      expect(await outcome(port)).toEqual(await outcome(single.port));
    } finally {
      await single.stop();
    }
  });

  test('clients do not take the proxy for a member of a cluster', async () => {
    expect(await ask('version\r\n')).toMatch(/^VERSION 1\.6\.[1-9]\d*\r\n$/);
    expect(await ask('config get cluster\r\n')).not.toContain('CONFIG');
    const cache = createClient({ nodes: [`127.0.0.1:${port}`] });
    await cache.set('by-client', 'x');
    expect(await cache.get('by-client')).toBe('x');
    expect(await ask('get by-client\r\n')).toContain('\r\nx\r\n');
    await cache.close();
  });

  test('flush_all flushes all nodes', async () => {
    expect(await ask(`${sets}flush_all\r\nget ${keys.join(' ')}\r\n`)).toBe(
      `${'STORED\r\n'.repeat(keys.length)}OK\r\nEND\r\n`,
    );
  });

  test.skipIf(!hasNutcracker).each([
    ['ketama', 'fnv1a_64', ['--hash', 'fnv1a_64']],
    ['ketama', 'md5', []],
    ['modula', 'one_at_a_time', ['--distribution', 'modulo']],
  ])('keys are where nutcracker has them: %s with %s', async (distribution, hash, options) => {
    const folder = await mkdtemp(join(tmpdir(), 'nutcracker-'));
    const listen = await freePort();
    const servers = nodes.map((node) => `   - 127.0.0.1:${node.port}:1\n`).join('');
    const config = `pool:
  listen: 127.0.0.1:${listen}
  hash: ${hash}
  distribution: ${distribution}
  servers:
${servers}`;
    await writeFile(join(folder, 'conf.yml'), config);
    const stats = ['-s', `${await freePort()}`];
    const nutcracker = new OwnedProcess(['nutcracker', '-c', join(folder, 'conf.yml'), ...stats]);
    try {
      const listens = async () => !(await isFree(listen));
      await nutcracker.failOnExit(waitUntil('nutcracker listens', listens));
      await ask('flush_all\r\n');
      const connection = await RawConnection.connect(at(listen));
      connection.send(sets);
      let stored = '';
      for (let nth = 0; nth < keys.length; nth++)
        stored += await connection.readUntil('STORED\r\n');
      connection.destroy();
      expect(stored).toBe('STORED\r\n'.repeat(keys.length));
      const proxy = await startProxy(...options);
      expect(await hitsOf(proxy)).toBe(keys.length);
      const other = await startProxy('--distribution', 'jump');
      expect(await hitsOf(other)).toBeLessThan(keys.length);
    } finally {
      await nutcracker.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  test('a node that is dead: an error or the next node, and back by itself', async () => {
    const next = await startProxy('--dead-node', 'next');
    await ask(sets);
    const [dead] = nodes;
    const { port: deadPort } = dead!;
    await dead!.stop();
    const own = async (of: number): Promise<readonly string[]> => {
      const replies = await Promise.all(keys.map((key) => ask(`get ${key}\r\n`, of)));
      return replies.filter((reply) => reply.startsWith('SERVER_ERROR'));
    };
    await waitUntil('both have found out', async () => {
      const [errors, others] = [await own(port), await own(next)];
      return errors.some((line) => line.includes(' is down: ')) && others.length === 0;
    });
    const errors = await own(port);
    expect(errors.length).toBeGreaterThan(30);
    expect(errors.length).toBeLessThan(keys.length - 30);
    expect(errors[0]).toContain(`SERVER_ERROR the node 127.0.0.1:${deadPort} is down: `);
    expect(await ask(sets, next)).toBe('STORED\r\n'.repeat(keys.length));
    expect(await hitsOf(next)).toBe(keys.length);
    // A get whose keys are on several nodes fails as a whole.
    expect(await ask(`get ${keys.join(' ')}\r\nget none\r\n`)).toMatch(/^SERVER_ERROR .*\r\n/);
    expect(await ask('flush_all\r\n')).toContain('is down');
    nodes[0] = await startMemcached({ args: ['-m', '16', '-p', `${deadPort}`] });
    await waitUntil('the node is back', async () => (await own(port)).length === 0);
    expect(await ask(sets)).toBe('STORED\r\n'.repeat(keys.length));
    await waitUntil('the next one asks it, too', async () => (await hitsOf(next)) === keys.length);
  }, 60_000);

  test('a frozen node costs its keys the time that it has, and then an error at once', async () => {
    const quick = await startProxy('--node-timeout-ms', '300');
    await ask(sets, quick);
    const { child } = nodes[1]!.process;
    child.kill('SIGSTOP');
    try {
      const replies = await waitUntil('the proxy has found out', async () => {
        const all = await Promise.all(keys.map((key) => ask(`get ${key}\r\n`, quick)));
        return all.some((reply) => reply.includes(' is down: ')) ? all : undefined;
      });
      expect(replies.filter((reply) => reply.startsWith('VALUE')).length).toBeGreaterThan(60);
    } finally {
      child.kill('SIGCONT');
    }
    await waitUntil('the node is back', async () => (await hitsOf(quick)) === keys.length);
  });

  test('a proxy says what of its nodes it cannot use', async () => {
    const run = (...args: readonly string[]) => startVerb(['proxy', ...args]).result();
    const twice = await run('--nodes', 'a:1,a:1');
    const both = await run('--nodes', 'a:1', '--cluster', 'web');
    const hash = await run('--nodes', 'a:1', '--distribution', 'jump', '--hash', 'md5');
    expect([twice, both, hash].map(({ code }) => code)).toEqual([2, 2, 2]);
    expect(twice.err).toContain('--nodes: `nodes` names a node twice.');
    expect(both.err).toContain('--nodes is for nodes of no cluster');
    expect(hash.err).toContain('jump has a hash of its own');
  });
});
