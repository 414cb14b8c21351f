/** The memory of a node while it fills, empties and changes. */
import { afterEach, expect, test } from 'vitest';
import { startSlabring } from '../../support/node-process.ts';
import { Random, testSeed } from '../../support/random.ts';
import type { TestServer } from '../../support/server.ts';
import { statsOf, sumOverClasses } from '../../support/stats.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawConnection } from '../../support/wire.ts';

const TIMEOUT_MS = 120_000;
/**
 * The crawler uses a hundredth of a core: after a slow pass on a busy machine, its pause is longer.
 */
const CRAWL_TIMEOUT_MS = 280_000;
const CRAWLED_KEYS = Number(process.env['CRAWLED_KEYS'] ?? 200_000);
const MEGABYTE = 1 << 20;
const seed = testSeed();

const servers: TestServer[] = [];
const connections: RawConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function startNode(...args: readonly string[]): Promise<[TestServer, RawConnection]> {
  const server = await startSlabring({ args });
  servers.push(server);
  const connection = await RawConnection.connect(server.address);
  connections.push(connection);
  return [server, connection];
}

const set = (key: string, value: string, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${value.length}\r\n${value}\r\n`;
const valueOfSize = (key: string, bytes: number): string => `${key} `.padEnd(bytes, 'x');

/** Stores `count` values under the keys of `pick`; returns the distinct replies. */
async function fill(
  connection: RawConnection,
  prefix: string,
  bytes: number,
  count: number,
  pick = (nth: number) => nth,
): Promise<ReadonlySet<string>> {
  const replies = new Set<string>();
  const perBatch = Math.max(1, Math.floor(200_000 / (bytes + 50)));
  for (let done = 0; done < count; done += perBatch) {
    const keys = Array.from({ length: Math.min(perBatch, count - done) }, (_, i) => pick(i + done));
    const sets = keys.map((i) => set(`${prefix}-${i}`, valueOfSize(`${prefix}-${i}`, bytes)));
    const reply = (await connection.exchange(sets.join(''))).toString('latin1');
    for (const line of reply.split('\r\n')) if (line !== '') replies.add(line);
  }
  return replies;
}

test(
  `the crawler frees ${CRAWLED_KEYS} keys that expire together, without any request for them`,
  async () => {
    const keys = CRAWLED_KEYS;
    const [server, connection] = await startNode('-m', '256', '-t', '2');
    const perBatch = 10_000;
    for (let done = 0; done < keys; done += perBatch) {
      const sets = Array.from(
        { length: perBatch },
        (_, i) => `set ${done + i} 0 3 1 noreply\r\nx\r\n`,
      );
      await connection.exchange(sets.join(''));
    }
    await waitUntil(
      'no item is left',
      async () => (await statsOf(server)).get('curr_items') === 0,
      CRAWL_TIMEOUT_MS,
    );
    expect((await statsOf(server)).get('evictions')).toBe(0);
    // `stats items` omits a size class without items.
    expect((await statsOf(server)).get('crawler_reclaimed')).toBe(keys);
    expect(await sumOverClasses(server, 'slabs', 'used_chunks')).toBe(0);
  },
  CRAWL_TIMEOUT_MS,
);

test('lru_crawler crawl frees expired items before the next regular pass', async () => {
  const [server, connection] = await startNode();
  const exchange = async (text: string) => (await connection.exchange(text)).toString('latin1');
  // 5000 items with a ttl of an hour delay the next regular pass.
  await exchange(Array.from({ length: 5000 }, (_, i) => set(`stays-${i}`, 'x', 3600)).join(''));
  await exchange(Array.from({ length: 10 }, (_, i) => set(`goes-${i}`, 'x', 1)).join(''));
  await waitUntil('ten have expired', async () => {
    await exchange('lru_crawler crawl all\r\n');
    return (await statsOf(server)).get('curr_items') === 5000;
  });
  expect(await sumOverClasses(server, 'items', 'crawler_reclaimed')).toBe(10);
  expect(await sumOverClasses(server, 'items', 'crawler_items_checked')).toBeGreaterThan(5000);
});

/** The sizes that the test stores one after the other; together they need many times the memory. */
const MIXES: readonly (readonly [bytes: number, count: number])[] = [
  [100, 150_000],
  [1000, 30_000],
  [20_000, 2000],
  [300_000, 150],
  [900_000, 60],
  [60, 200_000],
  [5000, 6000],
];

test(
  `the node gives pages to new value sizes and never refuses them, seed ${seed}`,
  async () => {
    const random = new Random(seed);
    const [server, connection] = await startNode('-m', '16', '-t', '2');
    for (const [bytes, count] of MIXES) {
      // Some keys repeat often, as in an application.
      const pick = () => Math.floor(count * random.fraction() ** 3);
      const replies = await fill(connection, `of-${bytes}`, bytes, count, pick);
      expect([...replies]).toEqual(['STORED']);
      const key = `of-${bytes}-last`;
      const value = valueOfSize(key, bytes);
      const reply = await connection.exchange(`${set(key, value)}get ${key}\r\n`);
      expect(
        reply.equals(Buffer.from(`STORED\r\nVALUE ${key} 0 ${bytes}\r\n${value}\r\nEND\r\n`)),
      ).toBe(true);
    }
    expect(await sumOverClasses(server, 'items', 'outofmemory')).toBe(0);
    expect((await statsOf(server)).get('slabs_moved')).toBeGreaterThan(0);
  },
  TIMEOUT_MS,
);

test('a node with -M refuses values that do not fit, and evicts nothing', async () => {
  const [server, connection] = await startNode('-m', '2', '-M');
  const replies = await fill(connection, 'key', 1000, 5000);
  expect([...replies]).toEqual(['STORED', 'SERVER_ERROR out of memory storing object']);
  const stats = await statsOf(server);
  expect(stats.get('evictions')).toBe(0);
  expect((await connection.exchange('get key-0\r\n')).toString()).toContain('VALUE key-0 0 1000');
  // A value that fits in the chunk of the old value overwrites it.
  expect((await connection.exchange(set('key-0', 'y'.repeat(1000)))).toString()).toBe('STORED\r\n');
  // Client flags need four more bytes. A refused set also removes the old value.
  await connection.exchange(`set key-0 7 0 1000\r\n${'x'.repeat(1000)}\r\n`);
  expect((await connection.exchange('get key-0\r\n')).toString()).toBe('END\r\n');
  // The node reuses the freed chunk.
  expect((await connection.exchange(set('key-0', 'x'.repeat(1000)))).toString()).toBe('STORED\r\n');
});

test(
  'cache_memlimit removes pages from a running node, and adds pages',
  async () => {
    const [server, connection] = await startNode('-m', '24', '-t', '2');
    const pages = () => sumOverClasses(server, 'slabs', 'total_pages');
    await fill(connection, 'first', 1000, 40_000);
    expect(await pages()).toBe(24);
    await connection.exchange('cache_memlimit 8\r\n');
    await waitUntil('the node has released pages', async () => (await pages()) <= 8);
    const left = (await statsOf(server)).get('curr_items') ?? 0;
    expect(left).toBeGreaterThan(5000);
    expect(left).toBeLessThan(9000);
    expect([...(await fill(connection, 'second', 1000, 40_000))]).toEqual(['STORED']);
    expect(await pages()).toBe(8);
    await connection.exchange('cache_memlimit 48\r\n');
    expect([...(await fill(connection, 'third', 1000, 60_000))]).toEqual(['STORED']);
    expect(await pages()).toBe(48);
    const stats = await statsOf(server);
    expect(stats.get('limit_maxbytes')).toBe(48 * MEGABYTE);
    expect(stats.get('bytes')).toBeGreaterThan(40 * MEGABYTE);
  },
  TIMEOUT_MS,
);
