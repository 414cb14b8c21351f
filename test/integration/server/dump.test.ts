import { afterEach, describe, expect, test } from 'vitest';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { dialogue, RawConnection } from '../../support/wire.ts';

const servers: TestServer[] = [];
afterEach(() => Promise.all(servers.splice(0).map((server) => server.stop())));
async function started(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args });
  servers.push(server);
  return server;
}
const say = async (server: TestServer, said: string): Promise<string> =>
  (await dialogue(server.address, Buffer.from(said, 'latin1'))).toString('latin1');

const ITEMS =
  'set plain 3 100 2\r\nhi\r\nset k%\xff~. 0 0 0\r\n\r\nget plain\r\nms AAFi 1 b\r\nx\r\nset gone 0 -1 1\r\nx\r\n';

describe('metadump', () => {
  test.skipIf(memcachedMissing('1.6.18') !== undefined)('as memcached writes it', async () => {
    const ours = await started();
    const theirs = await startMemcached();
    servers.push(theirs);
    const dumps = await Promise.all(
      [ours, theirs].map(async (server) => {
        await say(server, ITEMS);
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
    expect(dumps[0]).toEqual(dumps[1]);
    expect(dumps[0]?.length).toBe(5);
  });

  test('every key exactly once, while the index grows and others write', async () => {
    const server = await started('-t', '2', '-m', '256');
    const keys = 200_000;
    let said = '';
    for (let i = 0; i < keys; i++) said += `set key-${i} 0 0 1 noreply\r\nx\r\n`;
    await dialogue(server.address, `${said}mn\r\n`);
    const writer = await RawConnection.connect(server.address);
    let more = '';
    for (let i = 0; i < keys; i++) more += `set more-${i} 0 0 1 noreply\r\nx\r\n`;
    const dumped = say(server, 'lru_crawler mgdump all\r\nmn\r\n');
    const written = writer.exchange(more);
    const lines = (await dumped).split('\r\n');
    await written;
    writer.destroy();
    expect(lines[0]).toBe('OK');
    expect(lines.slice(-3)).toEqual(['EN', 'MN', '']);
    const told = lines.filter((line) => line.startsWith('mg key-'));
    expect(new Set(told).size).toBe(told.length);
    expect(told.length).toBe(keys);
  });

  test('of some size classes; mgdump marks binary keys', async () => {
    const server = await started();
    await say(server, ITEMS);
    const dump = await say(server, 'lru_crawler mgdump hash\r\n');
    expect(dump.split('\r\n').toSorted()).toEqual(
      ['', 'EN', 'OK', 'mg AAFi b', 'mg k%\xff~.', 'mg plain'].toSorted(),
    );
    expect(await say(server, 'lru_crawler metadump 40,41\r\n')).toBe('END\r\n');
    expect(await say(server, 'lru_crawler metadump 99\r\n')).toBe('BADCLASS invalid class id\r\n');
    expect(await say(server, 'lru_crawler metadump x\r\n')).toBe('BADCLASS invalid class id\r\n');
  });

  test('-X forbids it', async () => {
    const server = await started('-X');
    expect(await say(server, 'lru_crawler metadump all\r\nlru_crawler mgdump all\r\n')).toBe(
      'ERROR metadump not allowed\r\nERROR key dump not allowed\r\n',
    );
  });

  test('a client that goes away in the middle leaves nothing', async () => {
    const server = await started();
    let said = '';
    for (let i = 0; i < 100_000; i++) said += `set key-${i} 0 0 1 noreply\r\nx\r\n`;
    await dialogue(server.address, `${said}mn\r\n`);
    for (let i = 0; i < 5; i++) {
      const connection = await RawConnection.connect(server.address);
      connection.send('lru_crawler metadump all\r\n');
      await connection.readUntil('\n');
      connection.destroy();
    }
    expect(await say(server, 'get key-1\r\n')).toBe('VALUE key-1 0 1\r\nx\r\nEND\r\n');
  });
});

describe('shutdown', () => {
  test.each(['shutdown', 'shutdown graceful'])('%s stops the node where it may', async (word) => {
    const server = await started('-A');
    expect(await say(server, 'shutdown now\r\n')).toBe('CLIENT_ERROR invalid shutdown mode\r\n');
    await say(server, `${word}\r\n`);
    expect(await server.process.ended).toEqual({ code: 0, signal: null });
  });
});

test('cache_memlimit lowers -m, and raises it to four times what it was', async () => {
  const server = await started('-m', '64');
  const limit = async () => /limit_maxbytes (\d+)/.exec(await say(server, 'stats\r\n'))?.[1];
  expect(await say(server, 'cache_memlimit 16\r\n')).toBe('OK\r\n');
  expect(await limit()).toBe(String(16 << 20));
  expect(await say(server, 'cache_memlimit 256\r\ncache_memlimit 257\r\n')).toBe(
    'OK\r\nMEMLIMIT_ADJUST_FAILED out of bounds or unable to adjust\r\n',
  );
  expect(await limit()).toBe(String(256 << 20));
});
