import { afterEach, describe, expect, test } from 'vitest';
import { OP, packet, packetsOf } from '../../support/binary-wire.ts';
import { startMemcached, whyNoMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection, sendAndReadToEnd } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}
const exchange = async (server: TestServer, requests: string): Promise<string> =>
  (await sendAndReadToEnd(server.address, Buffer.from(requests, 'latin1'))).toString('latin1');

const ITEMS =
  'set plain 3 100 2\r\nhi\r\nset k%\xff~. 0 0 0\r\n\r\nget plain\r\n' +
  'ms AAFi 1 b\r\nx\r\nset gone 0 -1 1\r\nx\r\n';

describe('metadump', () => {
  test.skipIf(whyNoMemcached('1.6.18') !== undefined)(
    'a metadump has the lines that memcached writes',
    async () => {
      const ours = await startNode();
      const theirs = await startMemcached();
      servers.push(theirs);
      const dumps = await Promise.all(
        [ours, theirs].map(async (server) => {
          await exchange(server, ITEMS);
          const connection = await RawConnection.connect(server.address);
          connection.send('lru_crawler metadump all\r\n');
          const dump = (await connection.readUntil('END\r\n')).toString('latin1');
          connection.destroy();
          return dump
            .replaceAll(/ (exp|la)=\d+/g, ' $1=#')
            .replaceAll(/ (cas|cls|size)=\d+/g, ' $1=#')
            .split('\n')
            .toSorted();
        }),
      );
      // memcached 1.6.18 has neither the first line nor the client flags; 1.6.45 has both.
      expect(dumps[0]?.map((line) => line.replace(/ flags=\d+ $/, ''))).toEqual(
        [...dumps[1]!, 'OK\r'].toSorted(),
      );
      expect(dumps[0]?.filter((line) => line.includes(' flags=3 ')).length).toBe(1);
      expect(dumps[0]?.length).toBe(6);
    },
  );

  test('a metadump has each key once while the index grows and a client writes', async () => {
    const server = await startNode('-t', '2', '-m', '256');
    const keys = 200_000;
    let sets = '';
    for (let i = 0; i < keys; i++) sets += `set key-${i} 0 0 1 noreply\r\nx\r\n`;
    await sendAndReadToEnd(server.address, `${sets}mn\r\n`);
    const writer = await RawConnection.connect(server.address);
    let moreSets = '';
    for (let i = 0; i < keys; i++) moreSets += `set more-${i} 0 0 1 noreply\r\nx\r\n`;
    const dumped = exchange(server, 'lru_crawler mgdump all\r\nmn\r\n');
    const written = writer.exchange(moreSets);
    const lines = (await dumped).split('\r\n');
    await written;
    writer.destroy();
    expect(lines[0]).toBe('OK');
    expect(lines.slice(-3)).toEqual(['EN', 'MN', '']);
    const dumpedKeys = lines.filter((line) => line.startsWith('mg key-'));
    expect(new Set(dumpedKeys).size).toBe(dumpedKeys.length);
    expect(dumpedKeys.length).toBe(keys);
  });

  test('a dump can be limited to some size classes, and mgdump marks binary keys', async () => {
    const server = await startNode();
    await exchange(server, ITEMS);
    const dump = await exchange(server, 'lru_crawler mgdump hash\r\n');
    expect(dump.split('\r\n').toSorted()).toEqual(
      ['', 'EN', 'OK', 'mg AAFi b', 'mg k%\xff~.', 'mg plain'].toSorted(),
    );
    expect(await exchange(server, 'lru_crawler metadump 40,41\r\n')).toBe('OK\r\nEND\r\n');
    expect(await exchange(server, 'lru_crawler metadump 99\r\n')).toBe(
      'BADCLASS invalid class id\r\n',
    );
    expect(await exchange(server, 'lru_crawler metadump x\r\n')).toBe(
      'BADCLASS invalid class id\r\n',
    );
  });

  test('no listing writes a key that would break its line', async () => {
    const server = await startNode('-D', ':');
    const key = 'a\r\nEND\r\nb:c';
    const base64 = Buffer.from(key).toString('base64');
    await sendAndReadToEnd(
      server.address,
      Buffer.concat([
        packet({ opcode: OP.set, key, extras: Buffer.alloc(8), value: 'x' }),
        packet({ opcode: OP.set, key: 'blank d', extras: Buffer.alloc(8), value: 'x' }),
      ]),
    );
    const listings = await exchange(server, 'lru_crawler metadump all\r\nstats detail dump\r\n');
    expect(listings).toMatch(/^OK\r\nkey=\S+ .*\nkey=\S+ .*\nEND\r\nPREFIX /);
    expect(listings).toContain('key=a%0D%0AEND%0D%0Ab%3Ac exp=-1 ');
    expect(listings).toContain('PREFIX a%0D%0AEND%0D%0Ab get 0 hit 0 set 1 del 0\r\nEND\r\n');
    const mgdump = await exchange(server, 'lru_crawler mgdump all\r\n');
    expect(mgdump.split('\r\n').toSorted()).toEqual(
      ['', 'EN', 'OK', `mg ${base64} b`, 'mg YmxhbmsgZA== b'].toSorted(),
    );
    const me = await exchange(server, `me ${base64} b\r\n`);
    expect(me).toMatch(new RegExp(`^ME ${base64} exp=-1 .*\r\n$`));
    const sizeClass = /cls=(\d+)/.exec(me)?.[1];
    expect(await exchange(server, `stats cachedump ${sizeClass} 0\r\n`)).toBe(
      'ITEM a%0D%0AEND%0D%0Ab%3Ac [1 b; 0 s]\r\nITEM blank%20d [1 b; 0 s]\r\nEND\r\n',
    );
    expect(await exchange(server, `mg ${base64} b k v\r\n`)).toBe(`VA 1 k${base64} b\r\nx\r\n`);
  });

  test('a long stats reply keeps its request while other connections send theirs', async () => {
    const server = await startNode('-t', '1');
    const idle = await Promise.all(
      Array.from({ length: 300 }, () => RawConnection.connect(server.address)),
    );
    const opaque = 0x1234_5678;
    const conns = packet({ opcode: OP.stat, key: 'conns', opaque });
    const others = packet({ opcode: OP.noop, opaque: 7 });
    const [bytes] = await Promise.all([
      sendAndReadToEnd(server.address, conns),
      ...Array.from({ length: 50 }, () => sendAndReadToEnd(server.address, others)),
    ]);
    const { packets } = packetsOf(bytes!);
    expect(packets.every((each) => each.opcode === OP.stat && each.opaque === opaque)).toBe(true);
    expect(packets.filter(({ key }) => key.endsWith(':addr')).length).toBeGreaterThanOrEqual(300);
    expect(packets.at(-1)).toMatchObject({ key: '', value: '' });
    const text = await exchange(server, 'stats conns\r\nmn\r\n');
    expect(text.match(/^STAT \d+:state /gm)!.length).toBeGreaterThanOrEqual(301);
    expect(text.endsWith('END\r\nMN\r\n')).toBe(true);
    for (const connection of idle) connection.destroy();
  });

  test('-X refuses every listing of keys, in text and in binary', async () => {
    const server = await startNode('-X', '-D', ':');
    await exchange(server, 'set p:key 0 0 1\r\nx\r\n');
    expect(await exchange(server, 'lru_crawler metadump all\r\nlru_crawler mgdump all\r\n')).toBe(
      'ERROR metadump not allowed\r\nERROR key dump not allowed\r\n',
    );
    const details = ['on', 'off', 'dump', 'x'].map((action) => `stats detail ${action}\r\n`);
    expect(await exchange(server, `${details.join('')}stats detail\r\n`)).toBe(
      'CLIENT_ERROR stats detail not allowed\r\n'.repeat(5),
    );
    expect(await exchange(server, 'stats cachedump 1 0\r\n')).toBe(
      'CLIENT_ERROR stats cachedump not allowed\r\n',
    );
    const keys = ['detail on', 'detail off', 'detail dump', 'detail', 'cachedump 1 0'];
    const packets = keys.map((key) => packet({ opcode: OP.stat, key }));
    const replies = packetsOf(await sendAndReadToEnd(server.address, Buffer.concat(packets)));
    expect(replies.packets.map(({ status }) => status)).toEqual(keys.map(() => 1));
    expect(await exchange(server, 'stats settings\r\n')).toContain('STAT detail_enabled yes\r\n');
  });

  test('a client that does not read its dump costs the others nothing', async () => {
    const server = await startNode('-t', '1');
    let requests = '';
    for (let i = 0; i < 200_000; i++) requests += `set key-${i} 0 0 1 noreply\r\nx\r\n`;
    await sendAndReadToEnd(server.address, `${requests}mn\r\n`);
    const idle = await RawConnection.connect(server.address);
    idle.socket.pause();
    idle.send('lru_crawler metadump all\r\n');
    await exchange(server, 'flush_all\r\nset later 0 0 1\r\nx\r\nget later\r\n');
    // The rest of the dump lists what the store has when the client reads it.
    idle.socket.resume();
    const dump = (await idle.readUntil('END\r\n')).toString('latin1');
    expect(dump.match(/^key=/gm)!.length).toBeLessThan(200_000);
    idle.destroy();
  });

  test('a metadump ends without damage when its client disconnects', async () => {
    const server = await startNode();
    let requests = '';
    for (let i = 0; i < 100_000; i++) requests += `set key-${i} 0 0 1 noreply\r\nx\r\n`;
    await sendAndReadToEnd(server.address, `${requests}mn\r\n`);
    for (let i = 0; i < 5; i++) {
      const connection = await RawConnection.connect(server.address);
      connection.send('lru_crawler metadump all\r\n');
      await connection.readUntil('\n');
      connection.destroy();
    }
    expect(await exchange(server, 'get key-1\r\n')).toBe('VALUE key-1 0 1\r\nx\r\nEND\r\n');
  });
});

describe('shutdown', () => {
  test.each(['shutdown', 'shutdown graceful'])('%s stops a node with -A', async (word) => {
    const server = await startNode('-A');
    expect(await exchange(server, 'shutdown now\r\n')).toBe(
      'CLIENT_ERROR invalid shutdown mode\r\n',
    );
    await exchange(server, `${word}\r\n`);
    expect(await server.process.exited).toEqual({ code: 0, signal: null });
  });
});

test('cache_memlimit lowers the memory limit, and raises it up to four times -m', async () => {
  const server = await startNode('-m', '64');
  const limit = async () => /limit_maxbytes (\d+)/.exec(await exchange(server, 'stats\r\n'))?.[1];
  expect(await exchange(server, 'cache_memlimit 16\r\n')).toBe('OK\r\n');
  expect(await limit()).toBe(String(16 << 20));
  expect(await exchange(server, 'cache_memlimit 256\r\ncache_memlimit 257\r\n')).toBe(
    'OK\r\nMEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n',
  );
  expect(await limit()).toBe(String(256 << 20));
});
