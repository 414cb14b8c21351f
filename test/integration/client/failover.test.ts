import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CacheClient, type ClientOptions, type Failover } from '../../../src/client.ts';
import { TestFleet, type TestNode } from '../../support/fleet.ts';
import { until } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const keys = Array.from({ length: 300 }, (_, i) => `key${i}`);
const NODES = 3;

/** Three nodes, and a fourth that is the gutter. */
let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start(NODES + 1);
});
afterAll(() => fleet?.end());
beforeEach(async () => {
  for (const node of fleet.nodes) node.mend();
  await fleet.client().flush();
});

const clients: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
function start(options: Partial<ClientOptions>): CacheClient {
  const nodes = fleet.names.slice(0, NODES);
  const cache = new CacheClient({ nodes, deadlineMs: 10_000, ...options });
  clients.push(cache);
  return cache;
}
const gutter = (): TestNode => fleet.nodes[NODES]!;
const keysAt = (cache: CacheClient, node: TestNode): readonly string[] =>
  keys.filter((key) => cache.nodeOf(key) === node.name);
const told = (cache: CacheClient, event: 'node-up' | 'node-down') => {
  return new Promise<void>((resolve) => cache.once(event, () => resolve()));
};
/** The node is down, and the client knows. */
async function cutOff(cache: CacheClient, node: TestNode): Promise<void> {
  const [key = ''] = keysAt(cache, node);
  await cache.get(key);
  const down = told(cache, 'node-down');
  node.cutOff();
  await cache.get(key).catch(() => undefined);
  await down;
}
async function mend(cache: CacheClient, node: TestNode): Promise<void> {
  const up = told(cache, 'node-up');
  node.mend();
  await up;
}
const inside = (node: TestNode): CacheClient => fleet.inside(node);

test('fail: only the keys of the node that is down fail', async () => {
  const cache = start({ failover: 'fail' });
  await cache.setMany(keys.map((key) => [key, key] as const));
  const node = fleet.nodes[0]!;
  await cutOff(cache, node);
  const { values, failed } = await cache.getMany(keys);
  expect([...failed.keys()].sort()).toEqual([...keysAt(cache, node)].sort());
  expect(values.size).toBe(keys.length - failed.size);
  await mend(cache, node);
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
});

describe.each(['next', 'gutter'] as const)('%s', (kind) => {
  const failover = (): Failover =>
    kind === 'next' ? 'next' : { gutter: [gutter().name], ttlSeconds: 20 };
  const ttlSeconds = kind === 'next' ? 60 : 20;

  test('somebody else serves the keys of a node that is down', async () => {
    const cache = start({ failover: failover() });
    const node = fleet.nodes[1]!;
    const own = keysAt(cache, node);
    await cutOff(cache, node);
    expect((await cache.getMany(keys)).failed.size).toBe(0);
    expect((await cache.setMany(keys.map((key) => [key, key] as const))).failed.size).toBe(0);
    const { values, failed } = await cache.getMany(keys);
    expect([values.size, failed.size]).toEqual([keys.length, 0]);
    expect(await cache.get(own[0]!)).toBe(own[0]!);
    expect(await cache.increment('own count', 1).catch((error) => error.code)).toBe('ERR_KEY');
    expect(await cache.increment(own[1]!, 1).catch((error) => error.code)).toBe('ERR_REFUSED');
  });

  test('what stand-ins hold lives briefly', async () => {
    const cache = start({ failover: failover() });
    const node = fleet.nodes[1]!;
    const [set = '', short = '', count = '', touched = ''] = keysAt(cache, node);
    await cutOff(cache, node);
    await cache.set(set, 'x');
    await cache.set(short, 'x', { ttl: 5 });
    await cache.increment(count, 1, { initial: 1, ttl: 4000 });
    await cache.set(touched, 'x', { ttl: 3 });
    expect(await cache.touch(touched, 86_400)).toBe(true);
    const ttl = async (key: string): Promise<number> => (await cache.fetch(key)).ttlSeconds!;
    expect(await ttl(set)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(set)).toBeGreaterThan(0);
    expect(await ttl(short)).toBeLessThanOrEqual(5);
    expect(await ttl(count)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(touched)).toBeLessThanOrEqual(ttlSeconds);
    expect(await ttl(touched)).toBeGreaterThan(3);
  });

  test('the owner that comes back has forgotten what was written meanwhile', async () => {
    const cache = start({ failover: failover() });
    const node = fleet.nodes[2]!;
    const [written = '', deleted = '', kept = ''] = keysAt(cache, node);
    for (const key of [written, deleted, kept]) await cache.set(key, 'before');
    await cutOff(cache, node);
    await cache.set(written, 'meanwhile');
    await cache.delete(deleted);
    await cache.get(kept);
    await mend(cache, node);
    expect(await cache.get(written)).toBeUndefined();
    expect(await cache.get(deleted)).toBeUndefined();
    expect(await cache.get(kept)).toBe('before');
    await cache.set(written, 'after');
    expect(await inside(node).get(written)).toBe('after');
  });

  test('a version of a stand-in is never taken for one of the owner', async () => {
    const cache = start({ failover: failover() });
    const node = fleet.nodes[2]!;
    const [key = ''] = keysAt(cache, node);
    await cutOff(cache, node);
    await cache.set(key, 'stand-in');
    const { cas } = (await cache.gets(key))!;
    expect(await cache.cas(key, 'stand-in 2', cas)).toBe('stored');
    const again = await cache.gets(key);
    await mend(cache, node);
    await cache.set(key, 'own');
    expect(await cache.cas(key, 'lost', again!.cas)).toBe('exists');
    expect(await cache.delete(key, { cas: again!.cas })).toBe(false);
    expect(await cache.get(key)).toBe('own');
  });

  test('a node that stalls takes its share of the deadline, not all of it', async () => {
    const deadlineMs = 2000;
    const cache = start({ failover: failover(), deadlineMs });
    const node = fleet.nodes[0]!;
    const own = keysAt(cache, node);
    await cache.get(own[0]!);
    node.stall();
    expect(await cache.get(own[0]!)).toBeUndefined();
    await cache.set(own[1]!, 'x');
    expect(await cache.get(own[1]!)).toBe('x');
    expect((await cache.getMany(keys)).failed.size).toBe(0);
  });

  test('what may have run is not run a second time', async () => {
    let heard = 0;
    const raw = await RawNode.start(() => {
      heard++;
      return RawNode.CLOSE;
    });
    const cache = start({
      nodes: [`127.0.0.1:${raw.port}`, fleet.names[0]!],
      failover: failover(),
    });
    const key = keys.find((each) => cache.nodeOf(each) === `127.0.0.1:${raw.port}`)!;
    await expect(cache.increment(key)).rejects.toMatchObject({ code: 'ERR_REPLY_LOST' });
    await expect(cache.append(key, 'x')).rejects.toMatchObject({ code: 'ERR_REPLY_LOST' });
    expect(heard).toBe(2);
    await cache.set(key, 'x');
    expect(heard).toBeGreaterThan(2);
    await cache.close();
    await raw.stop();
  });
});

test('gutter: it is not asked while the nodes are up', async () => {
  const cache = start({ failover: { gutter: [gutter().name] } });
  await cache.setMany(keys.map((key) => [key, key] as const));
  await cache.getMany(keys);
  expect(cache.metrics().get(gutter().name)!.size).toBe(0);
});

test('with copies, stand-ins come after all of them', async () => {
  const cache = start({ replicas: 2, failover: { gutter: [gutter().name] } });
  await cache.setMany(keys.map((key) => [key, key] as const));
  for (const node of [fleet.nodes[0]!, fleet.nodes[1]!]) await cutOff(cache, node);
  const { values, failed } = await cache.getMany(keys);
  expect(failed.size).toBe(0);
  expect(values.size).toBeGreaterThan(keys.length / 2);
  expect(values.size).toBeLessThan(keys.length);
  await cache.setMany(keys.map((key) => [key, 'new'] as const));
  expect(new Set((await cache.getMany(keys)).values.values())).toEqual(new Set(['new']));
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
});

describe('health', () => {
  test('when all nodes are down none is ejected: the next operation finds out', async () => {
    const cache = start({});
    await cache.getMany(keys);
    const nodes = fleet.nodes.slice(0, NODES);
    for (const node of nodes) await cutOff(cache, node);
    for (const node of nodes) node.mend();
    await until('all are back', async () => (await cache.getMany(keys)).failed.size === 0);
  });

  test('many operations share one probe, and wait for how it ends', async () => {
    const raw = await RawNode.start(() => undefined, 'silent');
    const cache = start({ nodes: [`127.0.0.1:${raw.port}`], deadlineMs: 200 });
    await cache.get('x').catch(() => undefined);
    const before = raw.connections;
    const asked = Array.from({ length: 200 }, () => cache.get('x').catch((error) => error.code));
    const codes = new Set(await Promise.all(asked));
    expect(codes.has(undefined)).toBe(false);
    expect(raw.connections - before).toBeLessThanOrEqual(2);
    await cache.close();
    await raw.stop();
  });

  test('a node that falls silent is reset: what it has not read it cannot carry out later', async () => {
    const raw = await RawNode.start(() => undefined);
    const cache = start({ nodes: [`127.0.0.1:${raw.port}`], deadlineMs: 200 });
    await expect(cache.set('x', 'y')).rejects.toMatchObject({ code: 'ERR_DEADLINE' });
    await until('the reset', () => raw.resets === 1);
    await cache.close();
    await raw.stop();
  });
});
