import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient, ClientOptions } from '../../../src/client.ts';
import { TestCluster } from '../../support/cluster.ts';

const routes: readonly (readonly [string, Partial<ClientOptions>])[] = [
  ['replicas', { replicas: 2 }],
  ['failover nodes', { failover: 'next' }],
  ['replicas and failover nodes', { replicas: 2, failover: 'next' }],
];

describe.each(routes)('getOrSet with %s', (_name, options) => {
  let cluster: TestCluster;
  /** Two clients, which stand for two processes. */
  let clients: readonly [CacheClient, CacheClient];
  beforeAll(async () => {
    cluster = await TestCluster.start(3);
    clients = [cluster.client(options), cluster.client(options)];
  });
  afterEach(() => {
    for (const node of cluster.nodes) node.heal();
  });
  afterAll(() => cluster?.stop());

  test('getOrSet loads a value once for many callers', async () => {
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    const calls = clients.flatMap((cache) => {
      return Array.from({ length: 100 }, () => cache.getOrSet('one', load, { ttl: 100 }));
    });
    expect(new Set(await Promise.all(calls))).toEqual(new Set([1]));
    expect(loads).toBe(1);
    expect(await clients[1].get('one')).toBe(1);
  });

  test('getOrSet serves callers while any one node is down', async () => {
    const keys = Array.from({ length: 50 }, (_, i) => `away${i}`);
    const load = async (): Promise<string> => 'loaded';
    const [cache, other] = clients;
    await Promise.all(keys.map((key) => cache.getOrSet(key, load, { ttl: 100 })));
    for (const node of cluster.nodes) {
      node.disconnect();
      for (const each of [cache, other]) {
        const found = await Promise.all(keys.map((key) => each.getOrSet(key, load, { ttl: 100 })));
        expect(new Set(found)).toEqual(new Set(['loaded']));
      }
      const up = clients.map((each) => new Promise((resolve) => each.once('node-up', resolve)));
      node.heal();
      await Promise.all(up);
    }
    expect((await cache.getMany(keys)).failed.size).toBe(0);
  });
});
