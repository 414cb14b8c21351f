import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CacheClient, type ClientOptions, type Failover } from '../../../src/client.ts';
import { TestCluster, type TestNode } from '../../support/cluster.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const keys = Array.from({ length: 300 }, (_, i) => `key${i}`);
const NODES = 3;

/** Three nodes, and a fourth that is the gutter node. */
let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(NODES + 1);
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  for (const node of cluster.nodes) node.heal();
  await cluster.client().flush();
});

const clients: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
function startClient(options: Partial<ClientOptions>): CacheClient {
  const nodes = cluster.names.slice(0, NODES);
  const cache = new CacheClient({ nodes, deadlineMs: 10_000, ...options });
  clients.push(cache);
  return cache;
}
const gutter = (): TestNode => cluster.nodes[NODES]!;
const keysAt = (cache: CacheClient, node: TestNode): readonly string[] =>
  keys.filter((key) => cache.nodeOf(key) === node.name);
const nextEvent = (cache: CacheClient, event: 'node-up' | 'node-down') => {
  return new Promise<void>((resolve) => cache.once(event, () => resolve()));
};
/** Disconnects the node, and waits until the client sees it down. */
async function disconnect(cache: CacheClient, node: TestNode): Promise<void> {
  const [key = ''] = keysAt(cache, node);
  await cache.get(key);
  const down = nextEvent(cache, 'node-down');
  node.disconnect();
  await cache.get(key).catch(() => undefined);
  await down;
}
async function heal(cache: CacheClient, node: TestNode): Promise<void> {
  const up = nextEvent(cache, 'node-up');
  node.heal();
  await up;
}
const directClient = (node: TestNode): CacheClient => cluster.directClient(node);

test('with failover fail, only the keys of the node that is down fail', async () => {
  const cache = startClient({ failover: 'fail' });
  await cache.setMany(keys.map((key) => [key, key] as const));
  const node = cluster.nodes[0]!;
  await disconnect(cache, node);
  const { values, failed } = await cache.getMany(keys);
  expect([...failed.keys()].sort()).toEqual([...keysAt(cache, node)].sort());
  expect(values.size).toBe(keys.length - failed.size);
  await heal(cache, node);
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
});

describe.each(['next', 'gutter'] as const)('failover %s', (kind) => {
  const failover = (): Failover =>
    kind === 'next' ? 'next' : { gutter: [gutter().name], ttl: 20 };
  const ttlSeconds = kind === 'next' ? 60 : 20;

  test('a failover node serves the keys of a node that is down', async () => {
    const cache = startClient({ failover: failover() });
    const node = cluster.nodes[1]!;
    const own = keysAt(cache, node);
    await disconnect(cache, node);
    expect((await cache.getMany(keys)).failed.size).toBe(0);
    expect((await cache.setMany(keys.map((key) => [key, key] as const))).failed.size).toBe(0);
    const { values, failed } = await cache.getMany(keys);
    expect([values.size, failed.size]).toEqual([keys.length, 0]);
    expect(await cache.get(own[0]!)).toBe(own[0]!);
    expect(await cache.increment('own count', 1).catch((error) => error.code)).toBe('ERR_KEY');
    expect(await cache.increment(own[1]!, 1).catch((error) => error.code)).toBe('ERR_REFUSED');
  });

  test('items on failover nodes have a short ttl', async () => {
    const cache = startClient({ failover: failover() });
    const node = cluster.nodes[1]!;
    const [set = '', short = '', count = '', touched = ''] = keysAt(cache, node);
    await disconnect(cache, node);
    await cache.set(set, 'x');
    await cache.set(short, 'x', { ttl: 5 });
    await cache.increment(count, 1, { initial: 1, ttl: 4000 });
    await cache.set(touched, 'x', { ttl: 3 });
    expect(await cache.touch(touched, 86_400)).toBe(true);
    const ttl = async (key: string): Promise<number> => (await cache.fetch(key)).ttl!;
    expect(await ttl(set)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(set)).toBeGreaterThan(0);
    expect(await ttl(short)).toBeLessThanOrEqual(5);
    expect(await ttl(count)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(touched)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(touched)).toBeGreaterThan(3);
  });

  test('an owner serves no stale value after an outage', async () => {
    const cache = startClient({ failover: failover() });
    const node = cluster.nodes[2]!;
    const [written = '', deleted = '', kept = ''] = keysAt(cache, node);
    for (const key of [written, deleted, kept]) await cache.set(key, 'before');
    await disconnect(cache, node);
    await cache.set(written, 'during');
    await cache.delete(deleted);
    await cache.get(kept);
    await heal(cache, node);
    expect(await cache.get(written)).toBeUndefined();
    expect(await cache.get(deleted)).toBeUndefined();
    expect(await cache.get(kept)).toBe('before');
    await cache.set(written, 'after');
    expect(await directClient(node).get(written)).toBe('after');
  });

  test('a CAS id of a failover node never matches at the owner', async () => {
    const cache = startClient({ failover: failover() });
    const node = cluster.nodes[2]!;
    const [key = ''] = keysAt(cache, node);
    await disconnect(cache, node);
    await cache.set(key, 'failover');
    const { cas } = (await cache.gets(key))!;
    expect(await cache.cas(key, 'failover 2', cas)).toBe('stored');
    const again = await cache.gets(key);
    await heal(cache, node);
    await cache.set(key, 'own');
    expect(await cache.cas(key, 'lost', again!.cas)).toBe('exists');
    expect(await cache.delete(key, { cas: again!.cas })).toBe(false);
    expect(await cache.get(key)).toBe('own');
  });

  test('a stalled node uses only its share of the deadline', async () => {
    const deadlineMs = 2000;
    const cache = startClient({ failover: failover(), deadlineMs });
    const node = cluster.nodes[0]!;
    const own = keysAt(cache, node);
    await cache.get(own[0]!);
    node.stall();
    expect(await cache.get(own[0]!)).toBeUndefined();
    await cache.set(own[1]!, 'x');
    expect(await cache.get(own[1]!)).toBe('x');
    expect((await cache.getMany(keys)).failed.size).toBe(0);
  });

  test('an update that may have run is not retried, a set is', async () => {
    let requestCount = 0;
    const raw = await RawNode.start(() => {
      requestCount++;
      return RawNode.CLOSE;
    });
    const cache = startClient({
      nodes: [`127.0.0.1:${raw.port}`, cluster.names[0]!],
      failover: failover(),
    });
    const key = keys.find((each) => cache.nodeOf(each) === `127.0.0.1:${raw.port}`)!;
    await expect(cache.increment(key)).rejects.toMatchObject({ code: 'ERR_REPLY_LOST' });
    await expect(cache.append(key, 'x')).rejects.toMatchObject({ code: 'ERR_REPLY_LOST' });
    expect(requestCount).toBe(2);
    await cache.set(key, 'x');
    expect(requestCount).toBeGreaterThan(2);
    await cache.close();
    await raw.stop();
  });
});

test('a gutter node receives no operation while the nodes are up', async () => {
  const cache = startClient({ failover: { gutter: [gutter().name] } });
  await cache.setMany(keys.map((key) => [key, key] as const));
  await cache.getMany(keys);
  expect(cache.metrics().get(gutter().name)!.size).toBe(0);
});

test('with replicas, a failover node serves a key once all its replicas are down', async () => {
  const cache = startClient({ replicas: 2, failover: { gutter: [gutter().name] } });
  await cache.setMany(keys.map((key) => [key, key] as const));
  for (const node of [cluster.nodes[0]!, cluster.nodes[1]!]) await disconnect(cache, node);
  const { values, failed } = await cache.getMany(keys);
  expect(failed.size).toBe(0);
  expect(values.size).toBeGreaterThan(keys.length / 2);
  expect(values.size).toBeLessThan(keys.length);
  await cache.setMany(keys.map((key) => [key, 'new'] as const));
  expect(new Set((await cache.getMany(keys)).values.values())).toEqual(new Set(['new']));
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
});

describe('the health of nodes', () => {
  test('while all nodes are down, an operation may start the next probe', async () => {
    const cache = startClient({});
    await cache.getMany(keys);
    const nodes = cluster.nodes.slice(0, NODES);
    for (const node of nodes) await disconnect(cache, node);
    for (const node of nodes) node.heal();
    await waitUntil('all nodes are up', async () => (await cache.getMany(keys)).failed.size === 0);
  });

  test('many operations share one probe and wait for its outcome', async () => {
    const raw = await RawNode.start(() => undefined, 'silent');
    const cache = startClient({ nodes: [`127.0.0.1:${raw.port}`], deadlineMs: 200 });
    await cache.get('x').catch(() => undefined);
    const before = raw.connections;
    const calls = Array.from({ length: 200 }, () => cache.get('x').catch((error) => error.code));
    const codes = new Set(await Promise.all(calls));
    expect(codes.has(undefined)).toBe(false);
    expect(raw.connections - before).toBeLessThanOrEqual(2);
    await cache.close();
    await raw.stop();
  });

  test('the client resets a silent connection, so the node executes nothing later', async () => {
    const raw = await RawNode.start(() => undefined);
    const cache = startClient({ nodes: [`127.0.0.1:${raw.port}`], deadlineMs: 200 });
    await expect(cache.set('x', 'y')).rejects.toMatchObject({ code: 'ERR_DEADLINE' });
    await waitUntil('the reset', () => raw.resets === 1);
    await cache.close();
    await raw.stop();
  });
});
