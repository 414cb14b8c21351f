/** ElastiCache's discovery as applications have it: endpoints that are slow, nodes that are replaced, clusters that grow. */
import { afterEach, describe, expect, test } from 'vitest';
import {
  CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  elastiCache,
} from '../../../src/client.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { HandDiscovery } from '../../support/hand-discovery.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { dialogue } from '../../support/wire.ts';

const PACE = { intervalMs: 100, refreshGapMs: 0 };
const keys = Array.from({ length: 60 }, (_, i) => `key${i}`);

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

async function node(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8', ...args] });
  ending.push(() => server.stop());
  return server;
}
const nodes = (count: number): Promise<readonly TestServer[]> =>
  Promise.all(Array.from({ length: count }, () => node()));
const at = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
function client(options: ClientOptions): CacheClient {
  const cache = createClient({ deadlineMs: 20_000, ...options });
  ending.push(() => cache.close());
  return cache;
}
async function tell(server: TestServer, version: number, members: readonly TestServer[]) {
  const list = `${version}\n${members.map(({ port }) => `127.0.0.1||${port}`).join(' ')}\n`;
  const said = `config set cluster 0 ${list.length}\r\n${list}\r\n`;
  expect((await dialogue(server.address, said)).toString()).toBe('STORED\r\n');
}
const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe.each(['stall', 'reset'] as const)('an endpoint that is not ready (%s)', (kind) => {
  test('makes no client fail: it starts without nodes, goes on looking, and serves', async () => {
    const server = await node();
    await tell(server, 1, [server]);
    const endpoint = await FaultProxy.start(server);
    ending.push(() => endpoint.stop());
    endpoint.set({ kind });
    const discovery = elastiCache({ endpoints: [at(endpoint)], deadlineMs: 200, ...PACE });
    const cache = client({ nodes: discovery });
    const troubles: unknown[] = [];
    cache.on('discovery-trouble', ({ code }) => troubles.push(code));
    const patient = cache.set('a', 'waited');
    expect(await endOf(cache.get('a', { deadlineMs: 50 }))).toBe('ERR_DISCOVERY');
    await until('it has looked several times', () => troubles.length >= 3);
    expect(new Set(troubles)).toEqual(new Set(['ERR_DISCOVERY']));
    endpoint.set({ kind: 'none' });
    await patient;
    expect(await cache.get('a')).toBe('waited');
    expect([...(await cache.version()).keys()]).toEqual([at(server)]);
  });
});

test('a client follows although every node is replaced, and so is its endpoint', async () => {
  const [first, second, ...later] = await nodes(4);
  await tell(first!, 1, [first!, second!]);
  await tell(second!, 1, [first!, second!]);
  const cache = client({ nodes: elastiCache({ endpoints: [at(first!)], ...PACE }) });
  await cache.setMany(keys.map((key) => [key, key] as const));
  const changed = new Promise((told) => cache.once('nodes', told));
  for (const server of [...later, second!]) await tell(server, 2, [second!, ...later]);
  await tell(first!, 2, [second!, ...later]);
  expect(await changed).toEqual([second!, ...later].map(at).sort());
  await first!.stop();
  const replaced = new Promise((told) => cache.once('nodes', told));
  for (const server of later) await tell(server, 3, later);
  await tell(second!, 3, later);
  expect(await replaced).toEqual(later.map(at).sort());
  await second!.stop();
  expect((await cache.setMany(keys.map((key) => [key, key] as const))).failed.size).toBe(0);
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
  expect([...(await cache.version()).keys()].sort()).toEqual(later.map(at).sort());
});

test('an application that takes the endpoint for a data node is served, by the node alone', async () => {
  const [endpoint, other] = await nodes(2);
  await tell(endpoint!, 1, [endpoint!, other!]);
  const naive = client({ nodes: [at(endpoint!)] });
  const clever = client({ nodes: elastiCache({ endpoints: [at(endpoint!)] }) });
  for (const key of keys) await naive.set(key, key);
  expect((await naive.getMany(keys)).values.size).toBe(keys.length);
  const { values, failed } = await clever.getMany(keys);
  const own = keys.filter((key) => clever.nodeOf(key) === at(endpoint!));
  expect([[...values.keys()].sort(), failed.size]).toEqual([own.sort(), 0]);
});

test('with copies counters go on where they were while nodes come and go', async () => {
  const servers = await nodes(4);
  const hand = new HandDiscovery();
  const cache = new CacheClient({
    nodes: hand,
    deadlineMs: 20_000,
    replicas: 2,
    previousOwner: { graceSeconds: 3600 },
  });
  ending.push(() => cache.close());
  hand.tell(servers.slice(0, 2).map(at));
  for (const key of keys) await cache.set(key, 100);
  let counted = 100n;
  let inUse = 2;
  const moved = new Set<string>();
  for (const count of [3, 4, 3, 2, 4, 2]) {
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    // Machines that are added are empty.
    for (const server of servers.slice(inUse, count))
      await dialogue(server.address, 'flush_all\r\n');
    inUse = count;
    hand.tell(servers.slice(0, count).map(at));
    for (const key of keys) if (cache.nodeOf(key) !== before.get(key)) moved.add(key);
    counted++;
    const values = await Promise.all(keys.map((key) => cache.increment(key)));
    expect([count, ...new Set(values)]).toEqual([count, counted]);
  }
  expect(moved.size).toBeGreaterThan(keys.length / 4);
});
