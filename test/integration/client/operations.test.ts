import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { SERVERS } from '../../support/both-servers.ts';
import type { TestServer } from '../../support/server.ts';

describe.each(SERVERS.filter(({ skip }) => !skip))(
  'the client with three nodes of $name',
  ({ start }) => {
    let servers: readonly TestServer[] = [];
    let cache: CacheClient;
    beforeAll(async () => {
      servers = await Promise.all([start(), start(), start()]);
      cache = createClient({
        nodes: servers.map(({ port }) => `127.0.0.1:${port}`),
        deadlineMs: 10_000,
      });
    });
    afterAll(async () => {
      await cache.close();
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('get returns the stored text or bytes', async () => {
      const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
      await cache.set('text', 'grüße\r\nEND\r\n');
      await cache.set('bytes', bytes);
      await cache.set('empty', '');
      expect(await cache.get('text')).toBe('grüße\r\nEND\r\n');
      expect(Buffer.from((await cache.get('bytes')) as Uint8Array)).toEqual(Buffer.from(bytes));
      expect(await cache.get('empty')).toBe('');
      expect(Buffer.from((await cache.getBytes('text'))!).toString()).toBe('grüße\r\nEND\r\n');
      expect(await cache.get('absent')).toBeUndefined();
    });

    test('add, replace, append, prepend, delete and touch return their outcome', async () => {
      expect(await cache.replace('k', '1')).toBe('not-stored');
      expect(await cache.append('k', '1')).toBe('not-stored');
      expect(await cache.add('k', '2')).toBe('stored');
      expect(await cache.add('k', '3')).toBe('not-stored');
      expect(await cache.append('k', '4')).toBe('stored');
      expect(await cache.prepend('k', '1')).toBe('stored');
      expect(await cache.get('k')).toBe('124');
      expect(await cache.touch('k', 100)).toBe(true);
      expect(await cache.delete('k')).toBe(true);
      expect(await cache.delete('k')).toBe(false);
      expect(await cache.touch('k', 100)).toBe(false);
    });

    test('cas overwrites only the version with the given CAS id', async () => {
      await cache.set('v', 'one');
      const version = await cache.gets('v');
      expect(version?.value).toBe('one');
      expect(await cache.cas('v', 'two', version!.cas)).toBe('stored');
      expect(await cache.cas('v', 'three', version!.cas)).toBe('exists');
      expect(await cache.cas('w', 'three', version!.cas)).toBe('not-found');
      expect(await cache.get('v')).toBe('two');
    });

    test('counters hold 64 bits', async () => {
      expect(await cache.increment('n')).toBeUndefined();
      await cache.set('n', '18446744073709551614');
      expect(await cache.increment('n')).toBe(2n ** 64n - 1n);
      expect(await cache.decrement('n', 2n ** 64n - 1n)).toBe(0n);
      expect(await cache.decrement('n', 5)).toBe(0n);
      await cache.set('n', 'x');
      await expect(cache.increment('n')).rejects.toMatchObject({
        code: 'ERR_REFUSED',
        mayHaveRun: false,
      });
    });

    test('an item with a ttl of one second expires', async () => {
      await cache.set('brief', 'x', { ttl: 1 });
      await expect.poll(() => cache.get('brief'), { timeout: 5000 }).toBeUndefined();
    });

    test('setMany and getMany use all nodes', async () => {
      const keys = Array.from({ length: 3000 }, (_, i) => `many-${i}`);
      const stored = await cache.setMany(keys.map((key) => [key, `value of ${key}`] as const));
      expect(stored.failed.size).toBe(0);
      const { values, failed } = await cache.getMany([...keys, 'many-absent', keys[0]!]);
      expect(failed.size).toBe(0);
      expect(values.size).toBe(keys.length);
      for (const key of keys) expect(values.get(key)).toBe(`value of ${key}`);
      expect(new Set(keys.map((key) => cache.nodeOf(key))).size).toBe(3);
    });

    test('the client stores a value of 1 MB and refuses a value that is too large', async () => {
      const large = 'x'.repeat(1_000_000);
      await cache.set('large', large);
      expect(await cache.get('large')).toBe(large);
      const refused = { code: 'ERR_REFUSED', message: expect.stringContaining('object too large') };
      await expect(cache.set('large', `${large}${large}`)).rejects.toMatchObject(refused);
      expect(await cache.get('large')).toBeUndefined();
    });

    test('the client stores compressed values of all types under long keys', async () => {
      const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
      const options = { nodes, deadlineMs: 10_000, namespace: 'app:', keys: 'hash' } as const;
      const compressing = createClient({ ...options, compression: { minBytes: 100 } });
      const plain = createClient(options);
      try {
        const values = [5, null, [1, 'two'], { a: 'x'.repeat(5000) }, 'y'.repeat(2_000_000)];
        const entries = values.map((value, i) => [`${'long '.repeat(60)}${i}`, value] as const);
        expect((await compressing.setMany(entries)).failed.size).toBe(0);
        for (const [key, value] of entries) expect(await plain.get(key)).toEqual(value);
        const many = await plain.getMany(entries.map(([key]) => key));
        expect([...many.values]).toEqual(expect.arrayContaining([...entries]));
        await plain.set('short', 'x');
        expect(await cache.get('app:short')).toBe('x');
      } finally {
        await Promise.all([compressing.close(), plain.close()]);
      }
    });

    test('an unreadable value fails alone, and getBytes returns its bytes', async () => {
      const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
      const serializer = { serialize: () => 'own', deserialize: () => 'own' };
      const other = createClient({ nodes, deadlineMs: 10_000, serializer });
      try {
        await other.set('foreign', { a: 1 });
        await cache.set('own', 'x');
        await expect(cache.get('foreign')).rejects.toMatchObject({ code: 'ERR_VALUE' });
        const { values, failed } = await cache.getMany(['own', 'foreign']);
        expect([...values]).toEqual([['own', 'x']]);
        expect(failed.get('foreign')).toMatchObject({ code: 'ERR_VALUE' });
        expect(Buffer.from((await cache.getBytes('foreign'))!).toString()).toBe('own');
        expect(await other.get('foreign')).toBe('own');
      } finally {
        await other.close();
      }
    });

    test('stats, version and flush reach every node', async () => {
      expect((await cache.version()).size).toBe(3);
      const stats = await cache.stats();
      for (const node of stats.values()) expect(node.get('pid')).toMatch(/^\d+$/);
      await cache.set('gone', 'x');
      await cache.flush();
      expect(await cache.get('gone')).toBeUndefined();
    });

    test('the client checks keys and arguments before it sends anything', async () => {
      for (const key of ['', 'a b', 'a\nb', 'x'.repeat(251), 'é'.repeat(126), 'a\ud800']) {
        await expect(cache.get(key)).rejects.toMatchObject({ code: 'ERR_KEY', mayHaveRun: false });
      }
      await cache.set('é'.repeat(125), 'x');
      expect(await cache.get('é'.repeat(125))).toBe('x');
      await expect(cache.set('a', 'x', { ttl: -1 })).rejects.toMatchObject({
        code: 'ERR_ARGUMENT',
      });
      await expect(cache.increment('a', 1.5)).rejects.toMatchObject({ code: 'ERR_ARGUMENT' });
      expect(() => createClient({ nodes: ['a'], timeout: 5 } as never)).toThrow(
        /no option "timeout"/,
      );
    });
  },
);
