/** Unreachable nodes: the failures that callers see, and the cost of retries. */
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CacheClient, CacheError, type ClientOptions } from '../../../src/client.ts';
import { TestCluster, type TestNode } from '../../support/cluster.ts';
import { freePort } from '../../support/ports.ts';
import { OwnedProcess } from '../../support/server.ts';
import { RawNode } from './raw-node.ts';

const PENDING_PROCESS = fileURLToPath(new URL('pending-process.ts', import.meta.url));

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(2);
});
afterAll(() => cluster?.stop());

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function client(options: ClientOptions): CacheClient {
  const cache = new CacheClient({ deadlineMs: 10_000, ...options });
  cleanups.push(() => cache.close());
  return cache;
}
async function startRawNode(...args: Parameters<typeof RawNode.start>): Promise<RawNode> {
  const node = await RawNode.start(...args);
  cleanups.push(() => node.stop());
  return node;
}
const addressOf = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe('with all nodes down every operation fails in the same way', () => {
  let nodes: readonly string[];
  let gutter: readonly string[];
  beforeAll(async () => {
    const ports = [await freePort(), await freePort(), await freePort()];
    [nodes, gutter] = [ports.slice(0, 2), ports.slice(2)].map((some) =>
      some.map((port) => `127.0.0.1:${port}`),
    ) as [string[], string[]];
  });

  test.each<{
    readonly failover?: 'next' | 'gutter';
    readonly replicas?: number;
    readonly count?: number;
  }>([
    {},
    { count: 1 },
    { failover: 'next' },
    { failover: 'gutter' },
    { failover: 'gutter', count: 1 },
    { replicas: 2 },
    { replicas: 2, count: 1 },
    { replicas: 2, failover: 'gutter' },
  ])('an operation fails with ERR_NODE_DOWN: %j', async ({ failover, count = 2, ...rest }) => {
    const cache = client({
      nodes: nodes.slice(0, count),
      ...(failover === undefined
        ? {}
        : { failover: failover === 'gutter' ? { gutter } : failover }),
      ...rest,
    });
    const failure = expect.objectContaining({
      name: 'CacheError',
      code: 'ERR_NODE_DOWN',
      mayHaveRun: false,
    });
    const operations: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
      get: (key) => cache.get(key),
      getBytes: (key) => cache.getBytes(key),
      gets: (key) => cache.gets(key),
      fetch: (key) => cache.fetch(key),
      set: (key) => cache.set(key, 'x'),
      add: (key) => cache.add(key, 'x'),
      replace: (key) => cache.replace(key, 'x'),
      append: (key) => cache.append(key, 'x'),
      prepend: (key) => cache.prepend(key, 'x'),
      cas: (key) => cache.cas(key, 'x', 1n),
      delete: (key) => cache.delete(key),
      touch: (key) => cache.touch(key, 10),
      increment: (key) => cache.increment(key),
      decrement: (key) => cache.decrement(key),
      flush: () => cache.flush(),
      version: () => cache.version(),
      stats: () => cache.stats(),
    };
    // In the second round the client knows that the nodes are down.
    for (let round = 0; round < 2; round++) {
      for (const [name, run] of Object.entries(operations)) {
        const outcome = await run(`${name}${round}`).catch((error: unknown) => error);
        expect(outcome, name).toEqual(failure);
      }
      const keys = ['a', 'b', 'c', 'd'];
      const found = await cache.getMany(keys);
      const stored = await cache.setMany(keys.map((key) => [key, key] as const));
      expect(found.values.size).toBe(0);
      for (const failed of [found.failed, stored.failed]) {
        expect(failed).toEqual(new Map(keys.map((key) => [key, failure])));
      }
    }
  });
});

describe('a pending operation keeps the process alive until it settles', () => {
  const run = async (mode: string, address: string, deadlineMs = 400): Promise<unknown> => {
    const waiting = new OwnedProcess([
      process.execPath,
      PENDING_PROCESS,
      mode,
      address,
      `${deadlineMs}`,
    ]);
    const { code } = await waiting.exited;
    // Node.js exits with 13 when a pending promise can no longer settle.
    expect({ code, stderr: waiting.stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(waiting.stdout);
  };

  test('an operation keeps the process alive while the node sends no reply', async () => {
    const node = await startRawNode(() => undefined);
    const outcomes = (await run('node', addressOf(node))) as string[];
    const codes = ['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT', 'ERR_REPLY_LOST', 'ERR_NODE_DOWN'];
    for (const outcome of outcomes) expect(codes).toContain(outcome);
  });

  test('an operation keeps the process alive while the handshake has no reply', async () => {
    const outcomes = (await run(
      'node',
      addressOf(await startRawNode(() => undefined, 'silent')),
    )) as string[];
    for (const outcome of outcomes)
      expect(['ERR_DEADLINE_UNSENT', 'ERR_NODE_DOWN']).toContain(outcome);
  });

  test('an operation keeps the process alive while the node refuses connections', async () => {
    const down = 'ERR_NODE_DOWN';
    expect(await run('node', `127.0.0.1:${await freePort()}`, 20_000)).toEqual([
      down,
      down,
      down,
      down,
    ]);
  });

  test('an operation keeps the process alive when the node restarts before it', async () => {
    let requestCount = 0;
    const node = await startRawNode((text) => {
      // Both connections of the first call close before the reply; later ones reply.
      return ++requestCount <= 2
        ? RawNode.CLOSE
        : text.replace(/mg a O(\d+) f v\r\n/, 'EN O$1\r\n');
    });
    expect(await run('node', addressOf(node), 20_000)).toEqual([
      'ERR_REPLY_LOST',
      null,
      null,
      null,
    ]);
  });

  test('an operation keeps the process alive while the discovery finds no topology', async () => {
    const endpoint = await startRawNode(() => undefined);
    const code = 'ERR_DISCOVERY';
    expect(await run('discovery', addressOf(endpoint))).toEqual([code, code, code, code]);
  });
});

test('a name that never resolves causes few lookups and does not affect other nodes', async () => {
  let lookupCount = 0;
  const lookup: LookupFunction = (_host, _options, found) => {
    lookupCount++;
    setImmediate(() => found(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []));
  };
  const cache = client({ nodes: ['gone.example', cluster.names[0]!], lookup });
  const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
  const lostKeys = keys.filter((key) => cache.nodeOf(key).startsWith('gone'));
  let failures = 0;
  for (const key of keys) {
    const outcome = await outcomeOf(cache.get(key));
    if (outcome !== undefined) failures++;
    expect([undefined, 'ERR_NODE_DOWN']).toContain(outcome);
  }
  expect(failures).toBe(lostKeys.length);
  expect(lookupCount).toBeGreaterThan(0);
  expect(lookupCount).toBeLessThan(lostKeys.length / 20);
});

test('a node given without a port keeps one name and one connection across restarts', async () => {
  const reply = (text: string) => text.replaceAll(/mg \S+ O(\d+) f v\r\n/g, 'EN O$1\r\n');
  const host = '127.0.11.211';
  const node = await startRawNode(reply, 'meta', { host, port: 11_211 });
  expect(() => client({ nodes: [host, `${host}:11211`] })).toThrow(/twice/);
  const cache = client({ nodes: [host] });
  const events: string[] = [];
  cache.on('node-down', (name) => events.push(`down ${name}`));
  cache.on('node-up', (name) => events.push(`up ${name}`));
  await cache.get('a');
  for (let restarts = 1; restarts <= 3; restarts++) {
    const up = once(cache, 'node-up');
    node.resetAll();
    await up;
    expect(await cache.get('a')).toBeUndefined();
    expect([node.connections, node.openConnections]).toEqual([restarts + 1, 1]);
  }
  const name = `${host}:11211`;
  expect(events.slice(-6)).toEqual(
    Array.from({ length: 3 }, () => [`down ${name}`, `up ${name}`]).flat(),
  );
  expect([...cache.metrics().keys()]).toEqual([name]);
});

describe('a cluster of one node behaves like a larger one', () => {
  test('a gutter node serves while the only node is down', async () => {
    const [only, gutter] = cluster.nodes as [TestNode, TestNode];
    const cache = client({ nodes: [only.name], failover: { gutter: [gutter.name] } });
    await cache.set('a', 'own');
    const down = once(cache, 'node-down');
    only.disconnect();
    await down;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 'gutter');
    expect(await cache.get('a')).toBe('gutter');
    const up = once(cache, 'node-up');
    only.heal();
    await up;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 'own again');
    expect(await cluster.directClient(only).get('a')).toBe('own again');
  });
});

test('clients of one process share no state: each has its own nodes and their health', async () => {
  const replyWith = (value: string) => (text: string) => {
    return text.replaceAll(/mg \S+ O(\d+) f v\r\n/g, `VA 1 O$1 f0\r\n${value}\r\n`);
  };
  const [one, two] = [await startRawNode(replyWith('1')), await startRawNode(replyWith('2'))];
  const shared: ClientOptions = { nodes: [addressOf(one)] };
  const [first, second] = [client(shared), client({ nodes: [addressOf(two)] })];
  const third = client(shared);
  expect([await first.get('a'), await second.get('a'), await third.get('a')]).toEqual([
    '1',
    '2',
    '1',
  ]);
  await one.stop();
  expect(await outcomeOf(first.get('a'))).toBe('ERR_NODE_DOWN');
  await third.close();
  expect(await outcomeOf(third.get('a'))).toBe('ERR_CLOSED');
  expect(await second.get('a')).toBe('2');
  expect(two.connections).toBe(1);
});
