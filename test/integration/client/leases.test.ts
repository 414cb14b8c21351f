import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { memcachedMissing, startMemcached } from '../../support/memcached.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';

describe.each([
  { name: 'slabring', start: startSlabring, skip: false },
  { name: 'memcached', start: startMemcached, skip: memcachedMissing() !== undefined },
])('leases by $name', ({ start, skip }) => {
  let server: TestServer;
  /** Two clients, as in two processes. */
  let one: CacheClient;
  let two: CacheClient;
  beforeAll(async () => {
    if (skip) return;
    server = await start();
    const options = { nodes: [`127.0.0.1:${server.port}`], deadlineMs: 10_000 };
    [one, two] = [createClient(options), createClient(options)];
  });
  afterAll(async () => {
    await Promise.all([one?.close(), two?.close()]);
    await server?.stop();
  });

  test.skipIf(skip)('a miss without a lease is a miss', async () => {
    const missed = { isHit: false, value: undefined, won: false, isTaken: false, cas: undefined };
    expect(await one.fetch('plain')).toMatchObject(missed);
  });

  test.skipIf(skip)('of many who miss exactly one wins, until it has set the value', async () => {
    const asked = [one, two].flatMap((cache) => {
      return Array.from({ length: 50 }, () => cache.fetch('hot', { leaseSeconds: 30 }));
    });
    const all = await Promise.all(asked);
    expect(all.filter(({ won }) => won)).toHaveLength(1);
    expect(all.filter(({ isTaken }) => isTaken)).toHaveLength(99);
    expect(new Set(all.map(({ value }) => value))).toEqual(new Set([undefined]));
    const winner = all.find(({ won }) => won)!;
    expect(await one.cas('hot', { loaded: 1 }, winner.cas!)).toBe('stored');
    const after = await two.fetch('hot', { leaseSeconds: 30 });
    expect(after).toMatchObject({ value: { loaded: 1 }, won: false, isTaken: false });
    expect(after).toMatchObject({ isHit: true, isStale: false, ttlSeconds: Infinity });
  });

  test.skipIf(skip)(
    'a value that somebody set meanwhile is not overwritten by a lease',
    async () => {
      const { cas, won } = await one.fetch('race', { leaseSeconds: 30 });
      expect(won).toBe(true);
      await two.set('race', 'newer');
      expect(await one.cas('race', 'older', cas!)).toBe('exists');
      expect(await one.get('race')).toBe('newer');
    },
  );

  test.skipIf(skip)('a stale value is still there, and one caller is to load it anew', async () => {
    await one.set('aged', 'old');
    expect(await one.delete('aged', { staleSeconds: 30 })).toBe(true);
    const [first, second] = [await one.fetch('aged'), await two.fetch('aged')];
    expect(first).toMatchObject({ value: 'old', isStale: true, won: true });
    expect(second).toMatchObject({ value: 'old', isStale: true, won: false, isTaken: true });
    expect(await one.get('aged')).toBe('old');
    await one.set('aged', 'new');
    expect(await two.fetch('aged')).toMatchObject({ value: 'new', isStale: false, isTaken: false });
  });

  test.skipIf(skip)('who only reads a stale value leaves it to the others to load it', async () => {
    const reads = [
      () => one.get('left'),
      () => one.getBytes('left'),
      async () => (await one.getMany(['left', 'other'])).values.get('left'),
      async () => (await one.getMany(['other', 'left'])).values.get('left'),
    ];
    for (const read of reads) {
      await one.set('left', 'old', { ttl: 1000 });
      await one.delete('left', { staleSeconds: 100 });
      expect(String(await read())).toBe('old');
      expect(await one.get('left')).toBe('old');
      // Behind what the read gave back, on its connection.
      const next = await one.fetch('left');
      expect(next).toMatchObject({ value: 'old', isStale: true, won: true });
      expect(next.ttlSeconds).toBeGreaterThan(50);
      expect(await one.get('left')).toBe('old');
      expect(await two.fetch('left')).toMatchObject({ won: false, isTaken: true });
    }
    await one.delete('left', { staleSeconds: 100 });
    const { cas } = (await one.gets('left'))!;
    expect(await two.fetch('left')).toMatchObject({ isTaken: true });
    expect(await one.cas('left', 'new', cas)).toBe('stored');
  });

  test.skipIf(skip)('shortly before it expires one caller is to load it anew', async () => {
    await one.set('soon', 'x', { ttl: 20 });
    expect(await one.fetch('soon', { recacheSeconds: 5 })).toMatchObject({ won: false });
    const [first, second] = [
      await one.fetch('soon', { recacheSeconds: 100 }),
      await two.fetch('soon', { recacheSeconds: 100 }),
    ];
    expect(first).toMatchObject({ value: 'x', won: true, isStale: false });
    expect(second).toMatchObject({ value: 'x', won: false, isTaken: true });
  });

  test.skipIf(skip)('what the node knows of an item', async () => {
    await one.set('known', 'four', { ttl: 1000 });
    const first = await one.fetch('known', { quietly: true });
    expect(first).toMatchObject({ sizeBytes: 4, wasRead: false, isHit: true });
    expect(first.ttlSeconds).toBeGreaterThan(900);
    await one.get('known');
    const bare = await one.fetch('known', { withoutValue: true, touchTtl: 50 });
    expect(bare).toMatchObject({ value: undefined, wasRead: true, sizeBytes: 4, isHit: true });
    expect((await one.fetch('known')).ttlSeconds).toBeLessThanOrEqual(50);
  });

  test.skipIf(skip)('counters that make themselves, and deletes of one version', async () => {
    expect(await one.increment('made', 5, { initial: 10, ttl: 100 })).toBe(10n);
    expect(await one.increment('made', 5, { initial: 10, ttl: 100 })).toBe(15n);
    const { cas } = (await one.gets('made'))!;
    expect(await one.delete('made', { cas: cas + 1000n })).toBe(false);
    expect(await one.delete('made', { cas })).toBe(true);
  });
});
