import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CacheClient, createClient, NearCache } from '../../../src/client.ts';
import { SERVERS } from '../../support/both-servers.ts';
import type { TestServer } from '../../support/server.ts';
import { RawConnection } from '../../support/wire.ts';

const LEASE = { leaseSeconds: 60 };

describe.each(SERVERS.filter(({ skip }) => !skip))(
  'placeholders of leases on $name',
  ({ start }) => {
    let servers: TestServer[];
    /** Clients of one node, which stand for two processes; and one with two replicas. */
    let loading: CacheClient;
    let reading: CacheClient;
    let replicated: CacheClient;
    let key: string;
    let keys = 0;
    beforeAll(async () => {
      servers = await Promise.all([start(), start()]);
      const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
      const rest = { deadlineMs: 20_000 };
      [loading, reading] = [0, 1].map(() => createClient({ nodes: [nodes[0]!], ...rest })) as [
        CacheClient,
        CacheClient,
      ];
      replicated = createClient({ nodes, replicas: 2, ...rest });
    });
    beforeEach(() => {
      key = `key-${keys++}`;
    });
    afterAll(async () => {
      await Promise.all([loading, reading, replicated].map((cache) => cache.close()));
      await Promise.all(servers.map((server) => server.stop()));
    });

    const readings: readonly (readonly [string, (cache: CacheClient, key: string) => unknown])[] = [
      ['get', (cache, key) => cache.get(key)],
      ['gets', (cache, key) => cache.gets(key)],
      ['getBytes', (cache, key) => cache.getBytes(key)],
      ['fetch', async (cache, key) => (await cache.fetch(key)).value],
      ['getMany, first', async (cache, key) => (await cache.getMany([key, 'x'])).values.get(key)],
      ['getMany, last', async (cache, key) => (await cache.getMany(['x', key])).values.get(key)],
    ];

    test.each(readings)('%s misses a value that another process is loading', async (_, read) => {
      const { cas, wonLease } = await loading.fetch(key, LEASE);
      expect(wonLease).toBe(true);
      expect(await read(reading, key)).toBe(undefined);
      await loading.cas(key, 'loaded', cas!);
      expect(await read(reading, key)).toBeDefined();
    });

    test.each(readings)(
      '%s finds an empty value, of this client and of others',
      async (_, read) => {
        const raw = await RawConnection.connect({ host: '127.0.0.1', port: servers[0]!.port });
        for (const isForeign of [false, true]) {
          if (!isForeign) await loading.set(key, '', { ttl: 30 });
          else await raw.exchange(`set ${key} 0 30 0\r\n\r\n`);
          const value = await read(reading, key);
          const isVersioned = typeof value === 'object' && value !== null && 'value' in value;
          expect(String(isVersioned ? value.value : value), `foreign: ${isForeign}`).toBe('');
        }
        raw.destroy();
      },
    );

    test.each(readings)('%s finds an empty value while a caller refreshes it', async (_, read) => {
      await loading.set(key, '', { ttl: 30 });
      const { wonLease, value } = await loading.fetch(key, { recacheSeconds: 1000 });
      expect([wonLease, value]).toEqual([true, '']);
      expect(await read(reading, key)).toBeDefined();
      expect(await reading.fetch(key)).toMatchObject({ value: '', leaseHeldByOther: true });
      await loading.delete(key, { staleSeconds: 60 });
      expect(await read(reading, key)).toBeDefined();
    });

    test.each(readings)(
      '%s misses a stale placeholder, and a caller may load',
      async (name, read) => {
        await loading.fetch(key, LEASE);
        await loading.delete(key, { staleSeconds: 60 });
        expect(await read(reading, key)).toBe(undefined);
        const isFetch = name === 'fetch';
        expect(await reading.fetch(key)).toMatchObject({ wonLease: !isFetch, value: undefined });
      },
    );

    test('a near cache does not keep a value that another process is loading', async () => {
      const near = new NearCache(reading, { maxAgeMs: 600_000 });
      const { cas } = await loading.fetch(key, LEASE);
      expect(await near.get(key)).toBe(undefined);
      await loading.cas(key, 'loaded', cas!);
      expect(await near.get(key)).toBe('loaded');
    });

    test.each(readings)('%s misses a placeholder at each replica', async (_, read) => {
      const { cas } = await replicated.fetch(key, LEASE);
      expect(await read(replicated, key)).toBe(undefined);
      await replicated.cas(key, 'loaded', cas!);
      expect(await read(replicated, key)).toBeDefined();
    });

    test('getMany reads many empty values within its deadline', async () => {
      const names = Array.from({ length: 300 }, (_, i) => `${key}-${i}`);
      const raw = await RawConnection.connect({ host: '127.0.0.1', port: servers[0]!.port });
      await raw.exchange(names.map((name) => `set ${name} 0 0 0 noreply\r\n\r\n`).join(''));
      raw.destroy();
      const { values, failed } = await reading.getMany(names);
      expect([values.size, failed.size]).toEqual([names.length, 0]);
      expect(new Set(values.values())).toEqual(new Set(['']));
    });
  },
);
