import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../src/client.ts';
import { SERVERS } from '../../support/both-servers.ts';
import type { TestServer } from '../../support/server.ts';

describe.each(SERVERS)('leases of $name', ({ start, skip }) => {
  let server: TestServer;
  /** Two clients, which stand for two processes. */
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

  test.skipIf(skip)('a fetch without a lease reports a miss', async () => {
    const miss = {
      isHit: false,
      value: undefined,
      wonLease: false,
      leaseHeldByOther: false,
      cas: undefined,
    };
    expect(await one.fetch('plain')).toMatchObject(miss);
  });

  test.skipIf(skip)(
    'exactly one of many callers wins the lease, until it stores the value',
    async () => {
      const fetches = [one, two].flatMap((cache) => {
        return Array.from({ length: 50 }, () => cache.fetch('hot', { leaseSeconds: 30 }));
      });
      const all = await Promise.all(fetches);
      expect(all.filter(({ wonLease }) => wonLease)).toHaveLength(1);
      expect(all.filter(({ leaseHeldByOther }) => leaseHeldByOther)).toHaveLength(99);
      expect(new Set(all.map(({ value }) => value))).toEqual(new Set([undefined]));
      const winner = all.find(({ wonLease }) => wonLease)!;
      expect(await one.cas('hot', { loaded: 1 }, winner.cas!)).toBe('stored');
      const after = await two.fetch('hot', { leaseSeconds: 30 });
      expect(after).toMatchObject({
        value: { loaded: 1 },
        wonLease: false,
        leaseHeldByOther: false,
      });
      expect(after).toMatchObject({ isHit: true, isStale: false, ttl: Infinity });
    },
  );

  test.skipIf(skip)(
    'the holder of a lease does not overwrite a value that another caller set',
    async () => {
      const { cas, wonLease } = await one.fetch('race', { leaseSeconds: 30 });
      expect(wonLease).toBe(true);
      await two.set('race', 'newer');
      expect(await one.cas('race', 'older', cas!)).toBe('exists');
      expect(await one.get('race')).toBe('newer');
    },
  );

  test.skipIf(skip)('callers still get a stale value, and one of them wins the lease', async () => {
    await one.set('aged', 'old');
    expect(await one.delete('aged', { staleSeconds: 30 })).toBe(true);
    const [first, second] = [await one.fetch('aged'), await two.fetch('aged')];
    expect(first).toMatchObject({ value: 'old', isStale: true, wonLease: true });
    expect(second).toMatchObject({
      value: 'old',
      isStale: true,
      wonLease: false,
      leaseHeldByOther: true,
    });
    expect(await one.get('aged')).toBe('old');
    await one.set('aged', 'new');
    expect(await two.fetch('aged')).toMatchObject({
      value: 'new',
      isStale: false,
      leaseHeldByOther: false,
    });
  });

  test.skipIf(skip)('a plain read of a stale value does not take its lease', async () => {
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
      // It is on the same connection as the request by which the read returned the lease token.
      const next = await one.fetch('left');
      expect(next).toMatchObject({ value: 'old', isStale: true, wonLease: true });
      expect(next.ttl).toBeGreaterThan(50);
      expect(await one.get('left')).toBe('old');
      expect(await two.fetch('left')).toMatchObject({ wonLease: false, leaseHeldByOther: true });
    }
    await one.delete('left', { staleSeconds: 100 });
    const { cas } = (await one.gets('left'))!;
    expect(await two.fetch('left')).toMatchObject({ leaseHeldByOther: true });
    expect(await one.cas('left', 'new', cas)).toBe('stored');
  });

  test.skipIf(skip)('one caller wins the lease of a value that expires soon', async () => {
    await one.set('soon', 'x', { ttl: 20 });
    expect(await one.fetch('soon', { recacheSeconds: 5 })).toMatchObject({ wonLease: false });
    const [first, second] = [
      await one.fetch('soon', { recacheSeconds: 100 }),
      await two.fetch('soon', { recacheSeconds: 100 }),
    ];
    expect(first).toMatchObject({ value: 'x', wonLease: true, isStale: false });
    expect(second).toMatchObject({ value: 'x', wonLease: false, leaseHeldByOther: true });
  });

  test.skipIf(skip)('fetch returns what the node knows about an item', async () => {
    await one.set('known', 'four', { ttl: 1000 });
    const first = await one.fetch('known', { skipLruUpdate: true });
    expect(first).toMatchObject({ sizeBytes: 4, wasRead: false, isHit: true });
    expect(first.ttl).toBeGreaterThan(900);
    await one.get('known');
    const bare = await one.fetch('known', { withoutValue: true, touchTtl: 50 });
    expect(bare).toMatchObject({ value: undefined, wasRead: true, sizeBytes: 4, isHit: true });
    expect((await one.fetch('known')).ttl).toBeLessThanOrEqual(50);
  });

  test.skipIf(skip)(
    'increment creates a counter, and delete removes one version only',
    async () => {
      expect(await one.increment('made', 5, { initial: 10, ttl: 100 })).toBe(10n);
      expect(await one.increment('made', 5, { initial: 10, ttl: 100 })).toBe(15n);
      const { cas } = (await one.gets('made'))!;
      expect(await one.delete('made', { cas: cas + 1000n })).toBe(false);
      expect(await one.delete('made', { cas })).toBe(true);
    },
  );
});
