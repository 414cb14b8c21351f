import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient, ReadThrough } from '../../../../src/client.ts';
import { FaultProxy } from '../../../support/fault-proxy.ts';
import { startSlabring } from '../../../support/node-process.ts';
import { freePort } from '../../../support/ports.ts';
import type { TestServer } from '../../../support/server.ts';
import { Gate } from './gate.ts';

describe('getOrSet while the cache is down', () => {
  let cache: CacheClient;
  beforeAll(async () => {
    cache = createClient({ nodes: [`127.0.0.1:${await freePort()}`], deadlineMs: 20_000 });
  });
  afterAll(() => cache.close());

  test('getOrSet loads a key once at a time for all callers while the cache is down', async () => {
    const reader = new ReadThrough(cache);
    const [started, mayFinish] = [new Gate(), new Gate()];
    let loads = 0;
    const load = async (): Promise<number> => {
      loads++;
      started.open();
      await mayFinish.opened;
      return loads;
    };
    const first = reader.getOrSet('key', load);
    await started.opened;
    const others = Array.from({ length: 99 }, () => reader.getOrSet('key', load));
    const otherKey = reader.getOrSet('other', () => 'other');
    expect(await otherKey).toBe('other');
    mayFinish.open();
    expect(new Set(await Promise.all([first, ...others]))).toEqual(new Set([1]));
    expect(reader.counts).toMatchObject({ loads: 2, waits: 99, cacheErrors: 101, hits: 0 });
  });

  test('getOrSet fails with the error of the cache if onCacheError is fail', async () => {
    const failing = cache.getOrSet('key', () => 'never', { onCacheError: 'fail' });
    await expect(failing).rejects.toMatchObject({ code: 'ERR_NODE_DOWN' });
  });

  test('getOrSet rejects a mistake of the caller', async () => {
    const invalidKey = { code: 'ERR_KEY' };
    await expect(cache.getOrSet('a key', () => 'never')).rejects.toMatchObject(invalidKey);
    const closed = createClient({ nodes: ['127.0.0.1:1'] });
    await closed.close();
    await expect(closed.getOrSet('key', () => 'never')).rejects.toMatchObject({
      code: 'ERR_CLOSED',
    });
  });
});

describe('getOrSet while a node does not reply', () => {
  let server: TestServer;
  let proxy: FaultProxy;
  beforeAll(async () => {
    server = await startSlabring();
    proxy = await FaultProxy.start(server);
  });
  afterAll(async () => {
    await proxy?.stop();
    await server?.stop();
  });

  test('getOrSet loads after the deadline of the request to the cache', async () => {
    proxy.setFault({ kind: 'stall' });
    const cache = createClient({ nodes: [`127.0.0.1:${proxy.port}`] });
    try {
      expect(await cache.getOrSet('key', () => 'loaded', { deadlineMs: 20 })).toBe('loaded');
    } finally {
      await cache.close();
    }
  });

  test('getOrSet returns the loaded value although the cache can no longer store it', async () => {
    proxy.setFault({ kind: 'none' });
    const cache = createClient({ nodes: [`127.0.0.1:${proxy.port}`] });
    try {
      const load = (): string => {
        proxy.setFault({ kind: 'reset' });
        proxy.resetAll();
        return 'loaded';
      };
      expect(await cache.getOrSet('lost', load)).toBe('loaded');
    } finally {
      await cache.close();
    }
  });
});
