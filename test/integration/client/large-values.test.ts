/** Values that are too large, or unpack to too much: their operation fails, and nothing else. */
import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { deflateSync, zstdCompressSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, type ClientOptions, createClient } from '../../../src/client.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';

const MiB = 2 ** 20;
let servers: readonly TestServer[] = [];
beforeAll(async () => {
  const args = ['-t', '1', '-m', '64', '-I', '8m'];
  servers = await Promise.all([startSlabring({ args }), startSlabring({ args })]);
});
afterAll(() => Promise.all(servers.map((server) => server.stop())));

const clients: CacheClient[] = [];
afterEach(() => Promise.all(clients.splice(0).map((client) => client.close())));

function clientOf(options: Partial<ClientOptions> = {}): CacheClient {
  const nodes = [`127.0.0.1:${servers[0]!.port}`];
  const client = createClient({ nodes, deadlineMs: 20_000, ...options });
  clients.push(client);
  return client;
}

/** Stores a value with these flags, as another program might. */
async function storeRaw(key: string, flags: number, value: Buffer): Promise<void> {
  for (const { port } of servers) {
    const socket = connect(port, '127.0.0.1');
    socket.write(`set ${key} ${flags} 0 ${value.length}\r\n`);
    socket.write(value);
    socket.write('\r\n');
    const reply = await new Promise((resolve) => socket.once('data', resolve));
    expect(String(reply)).toBe('STORED\r\n');
    socket.destroy();
  }
}

const failureOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
const ZSTD_FLAG = 0x8000_0000;
const BYTES_FLAG = 0x0100_0000;
const unreadable = {
  code: 'ERR_VALUE',
  node: expect.any(String),
  keyHash: expect.any(String),
  message: expect.stringContaining('maxValueBytes'),
};

describe('a bomb', () => {
  beforeAll(async () => {
    const bomb = zstdCompressSync(Buffer.alloc(1024 * MiB));
    expect(bomb.length).toBeLessThan(40_000);
    await storeRaw('zstd', ZSTD_FLAG + BYTES_FLAG, bomb);
    await storeRaw('zlib', 24, deflateSync(Buffer.alloc(100 * MiB)));
  });
  test.each([false, true])('a bomb fails its operation (compression: %s)', async (compression) => {
    const cache = clientOf({ compression });
    for (const key of ['zstd', 'zlib']) {
      expect(await failureOf(cache.get(key))).toMatchObject(unreadable);
      expect(await failureOf(cache.gets(key))).toMatchObject(unreadable);
      expect(await failureOf(cache.fetch(key))).toMatchObject(unreadable);
    }
    expect(await failureOf(cache.getBytes('zstd'))).toMatchObject(unreadable);
    await cache.set('beside', 'x');
    const { values, failed } = await cache.getMany(['zstd', 'beside', 'zlib']);
    expect([...values]).toEqual([['beside', 'x']]);
    expect([...failed.keys()].sort()).toEqual(['zlib', 'zstd']);
    expect(failed.get('zstd')).toMatchObject(unreadable);
  });
});

describe.each(['meta', 'classic', 'binary'] as const)(
  'a value that is too large (%s)',
  (protocol) => {
    beforeAll(() => storeRaw('large', BYTES_FLAG, Buffer.alloc(2 * MiB, 'x')));

    test('such a value fails its operation, and the node stays up', async () => {
      const cache = clientOf({ maxValueBytes: MiB, protocol });
      const downs: string[] = [];
      cache.on('node-down', (node) => downs.push(node));
      await cache.set('small', 'y');
      for (let round = 0; round < 3; round++) {
        const outcomes = await Promise.all([
          cache.get('small'),
          failureOf(cache.get('large')),
          cache.get('small'),
          cache.getMany(['small', 'large', 'none']),
          failureOf(cache.getBytes('large')),
          cache.get('small'),
        ]);
        const [first, large, second, many, bytes, third] = outcomes;
        expect([first, second, third]).toEqual(['y', 'y', 'y']);
        expect(large).toMatchObject(unreadable);
        expect(bytes).toMatchObject(unreadable);
        expect([...many.values]).toEqual([['small', 'y']]);
        expect([...many.failed]).toMatchObject([['large', unreadable]]);
      }
      expect(downs).toEqual([]);
    });

    test('such a value is not stored', async () => {
      const cache = clientOf({ maxValueBytes: 1000, protocol });
      const notSent = { ...unreadable, node: undefined, mayHaveRun: false };
      for (const value of [
        Buffer.alloc(1001),
        'x'.repeat(1001),
        'ü'.repeat(501),
        [Buffer.alloc(500).toString('hex')],
      ]) {
        expect(await failureOf(cache.set('own', value))).toMatchObject(notSent);
      }
      await cache.set('own', 'ü'.repeat(500));
      expect(await cache.get('own')).toHaveLength(500);
    });
  },
);

test('a replica is not repaired with a value that the client did not read', async () => {
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
  const cache = clientOf({ nodes, replicas: 2, maxValueBytes: MiB });
  await storeRaw('copied', BYTES_FLAG, Buffer.alloc(2 * MiB, 'x'));
  const [owner] = cache.nodesOf('copied');
  const single = clientOf({ nodes: [owner!] });
  await single.delete('copied');
  expect(await failureOf(cache.get('copied'))).not.toMatchObject({ value: '' });
  expect(await single.get('copied')).toBeUndefined();
});

describe('another thread', () => {
  test('a set whose compression takes too long fails at its deadline', async () => {
    const cache = clientOf({ compression: { minBytes: 0, level: 19 } });
    await cache.set('slow', 'old');
    const value = randomBytes(6 * MiB)
      .toString('hex')
      .slice(0, 6 * MiB);
    const failing = cache.set('slow', value, { deadlineMs: 5 });
    expect(await failureOf(failing)).toMatchObject({ code: 'ERR_DEADLINE_UNSENT' });
    const cancelled = cache.set('slow', value, { signal: AbortSignal.timeout(5) });
    expect(await failureOf(cancelled)).toMatchObject({ code: 'ERR_ABORTED_UNSENT' });
    expect(await cache.get('slow')).toBe('old');
  });

  test('a get whose value takes too long to unpack fails at its deadline or signal', async () => {
    const cache = clientOf();
    const frame = zstdCompressSync(Buffer.alloc(63 * MiB));
    await storeRaw('unpacked', ZSTD_FLAG + BYTES_FLAG, frame);
    await cache.version();
    const late = await failureOf(cache.get('unpacked', { deadlineMs: 15 }));
    expect(late).toMatchObject({ code: expect.stringMatching(/^ERR_DEADLINE/) });
    const signal = AbortSignal.timeout(15);
    const cancelled = failureOf(cache.get('unpacked', { signal }));
    const many = cache.getMany(['unpacked'], { signal });
    expect(await cancelled).toMatchObject({ code: 'ERR_ABORTED', node: expect.any(String) });
    expect((await many).failed.get('unpacked')).toMatchObject({ code: 'ERR_ABORTED' });
    expect(await cache.get('unpacked')).toHaveLength(63 * MiB);
  });
});
