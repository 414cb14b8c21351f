import { Memcache } from 'memcache';
import { MemcacheClient } from 'memcache-client';
import memjs from 'memjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';

const TEXTS = ['text', '', 'grüße 🦀', 'two\r\nlines', 'x'.repeat(100_000)];

let server: TestServer;
let cache: CacheClient;
let address: string;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1'] });
  address = `127.0.0.1:${server.port}`;
  cache = createClient({ nodes: [address], deadlineMs: 10_000 });
});
afterAll(async () => {
  await cache.close();
  await server.stop();
});

describe('this client and another read the texts of each other', () => {
  test.each(TEXTS)('memjs: %.20j', async (text) => {
    const other = memjs.Client.create(address, { timeout: 10 });
    await cache.set('ours', text);
    expect((await other.get('ours')).value?.toString()).toBe(text);
    await other.set('theirs', text);
    expect(await cache.get('theirs')).toBe(text);
    other.close();
  });

  test.each(TEXTS)('memcache: %.20j', async (text) => {
    const other = new Memcache({ nodes: [address], timeout: 10_000 });
    await other.connect();
    await cache.set('ours', text);
    expect(await other.get('ours')).toBe(text);
    await other.set('theirs', text);
    expect(await cache.get('theirs')).toBe(text);
    await other.disconnect();
  });

  test.each(TEXTS.filter((text) => text !== ''))('memcache-client: %.20j', async (text) => {
    const other = new MemcacheClient({ server: { server: address }, lifetime: 0 });
    await cache.set('ours', text);
    expect((await other.get<{ value: string }>('ours')).value).toBe(text);
    await other.set('theirs', text);
    expect(await cache.get('theirs')).toBe(text);
    other.shutdown();
  });
});
