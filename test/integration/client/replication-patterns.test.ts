import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient, ClientOptions } from '../../../src/client.ts';
import { TestFleet } from '../../support/fleet.ts';

const routes: readonly (readonly [string, Partial<ClientOptions>])[] = [
  ['copies', { replicas: 2 }],
  ['stand-ins', { failover: 'next' }],
  ['copies and stand-ins', { replicas: 2, failover: 'next' }],
];

describe.each(routes)('getOrSet with %s', (_name, options) => {
  let fleet: TestFleet;
  /** Two clients, as in two processes. */
  let clients: readonly [CacheClient, CacheClient];
  beforeAll(async () => {
    fleet = await TestFleet.start(3);
    clients = [fleet.client(options), fleet.client(options)];
  });
  afterEach(() => {
    for (const node of fleet.nodes) node.mend();
  });
  afterAll(() => fleet?.end());

  test('one load for many callers', async () => {
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    const asked = clients.flatMap((cache) => {
      return Array.from({ length: 100 }, () => cache.getOrSet('one', load, { ttl: 100 }));
    });
    expect(new Set(await Promise.all(asked))).toEqual(new Set([1]));
    expect(loads).toBe(1);
    expect(await clients[1].get('one')).toBe(1);
  });

  test('callers are served while any one node is away', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => `away${i}`);
    const load = async (): Promise<string> => 'loaded';
    const [cache, other] = clients;
    await Promise.all(keys.map((key) => cache.getOrSet(key, load, { ttl: 100 })));
    for (const node of fleet.nodes) {
      node.cutOff();
      for (const each of [cache, other]) {
        const found = await Promise.all(keys.map((key) => each.getOrSet(key, load, { ttl: 100 })));
        expect(new Set(found)).toEqual(new Set(['loaded']));
      }
      const up = clients.map((each) => new Promise((told) => each.once('node-up', told)));
      node.mend();
      await Promise.all(up);
    }
    expect((await cache.getMany(keys)).failed.size).toBe(0);
  });
});
