/** Nodes that cannot be reached: what callers see, and what it costs. */
import { once } from 'node:events';
import type { LookupFunction } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { CacheClient, CacheError, type ClientOptions } from '../../../src/client.ts';
import { TestFleet, type TestNode } from '../../support/fleet.ts';
import { freePort } from '../../support/ports.ts';
import { OwnedProcess } from '../../support/server.ts';
import { RawNode } from './raw-node.ts';

const PENDING = fileURLToPath(new URL('pending-process.ts', import.meta.url));

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start(2);
});
afterAll(() => fleet?.end());

const ending: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ending.splice(0).reverse()) await end();
});

function client(options: ClientOptions): CacheClient {
  const made = new CacheClient({ deadlineMs: 10_000, ...options });
  ending.push(() => made.close());
  return made;
}
async function raw(...args: Parameters<typeof RawNode.start>): Promise<RawNode> {
  const node = await RawNode.start(...args);
  ending.push(() => node.stop());
  return node;
}
const at = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;
const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe('when no node is left every operation ends in one way', () => {
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
  ])('%j', async ({ failover, count = 2, ...rest }) => {
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
    // The second time the nodes are known to be down.
    for (let round = 0; round < 2; round++) {
      for (const [name, run] of Object.entries(operations)) {
        const end = await run(`${name}${round}`).catch((error: unknown) => error);
        expect(end, name).toEqual(failure);
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

describe('a process that waits for nothing else does not end in silence', () => {
  const run = async (how: string, address: string, deadlineMs = 400): Promise<unknown> => {
    const waiting = new OwnedProcess([process.execPath, PENDING, how, address, `${deadlineMs}`]);
    const { code } = await waiting.ended;
    // 13 is Node.js’s code for a promise that nobody can settle any more.
    expect({ code, stderr: waiting.stderr }).toEqual({ code: 0, stderr: '' });
    return JSON.parse(waiting.stdout);
  };

  test('while its node answers nothing', async () => {
    const node = await raw(() => undefined);
    const ends = (await run('node', at(node))) as string[];
    const codes = ['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT', 'ERR_REPLY_LOST', 'ERR_NODE_DOWN'];
    for (const end of ends) expect(codes).toContain(end);
  });

  test('while its node does not greet', async () => {
    const ends = (await run('node', at(await raw(() => undefined, 'silent')))) as string[];
    for (const end of ends) expect(['ERR_DEADLINE_UNSENT', 'ERR_NODE_DOWN']).toContain(end);
  });

  test('while nobody listens', async () => {
    const down = 'ERR_NODE_DOWN';
    expect(await run('node', `127.0.0.1:${await freePort()}`, 20_000)).toEqual([
      down,
      down,
      down,
      down,
    ]);
  });

  test('when its node is restarted between two calls', async () => {
    let asked = 0;
    const node = await raw((text) => {
      // Both connections of the first call end under it; the others are served.
      return ++asked <= 2 ? RawNode.CLOSE : text.replace(/mg a O(\d+) f v\r\n/, 'EN O$1\r\n');
    });
    expect(await run('node', at(node), 20_000)).toEqual(['ERR_REPLY_LOST', null, null, null]);
  });

  test('while its discovery finds nothing', async () => {
    const endpoint = await raw(() => undefined);
    const none = 'ERR_DISCOVERY';
    expect(await run('discovery', at(endpoint))).toEqual([none, none, none, none]);
  });
});

test('a name that is never found costs a few look-ups, however much is asked, and nobody else anything', async () => {
  let asked = 0;
  const lookup: LookupFunction = (_host, _options, found) => {
    asked++;
    setImmediate(() => found(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), []));
  };
  const cache = client({ nodes: ['gone.example', fleet.names[0]!], lookup });
  const keys = Array.from({ length: 3000 }, (_, i) => `k${i}`);
  const lost = keys.filter((key) => cache.nodeOf(key).startsWith('gone'));
  let failures = 0;
  for (const key of keys) {
    const end = await endOf(cache.get(key));
    if (end !== undefined) failures++;
    expect([undefined, 'ERR_NODE_DOWN']).toContain(end);
  }
  expect(failures).toBe(lost.length);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(lost.length / 20);
});

test('a node without a port is one node: it comes back under its name, and leaves no connection behind', async () => {
  const answer = (text: string) => text.replaceAll(/mg \S+ O(\d+) f v\r\n/g, 'EN O$1\r\n');
  const host = '127.0.11.211';
  const node = await raw(answer, 'meta', { host, port: 11_211 });
  expect(() => client({ nodes: [host, `${host}:11211`] })).toThrow(/twice/);
  const cache = client({ nodes: [host] });
  const told: string[] = [];
  cache.on('node-down', (name) => told.push(`down ${name}`));
  cache.on('node-up', (name) => told.push(`up ${name}`));
  await cache.get('a');
  for (let restarts = 1; restarts <= 3; restarts++) {
    const up = once(cache, 'node-up');
    node.resetAll();
    await up;
    expect(await cache.get('a')).toBeUndefined();
    expect([node.connections, node.openConnections]).toEqual([restarts + 1, 1]);
  }
  const name = `${host}:11211`;
  expect(told.slice(-6)).toEqual(
    Array.from({ length: 3 }, () => [`down ${name}`, `up ${name}`]).flat(),
  );
  expect([...cache.metrics().keys()]).toEqual([name]);
});

describe('a fleet of one node has what a larger one has', () => {
  test('stand-ins', async () => {
    const [only, gutter] = fleet.nodes as [TestNode, TestNode];
    const cache = client({ nodes: [only.name], failover: { gutter: [gutter.name] } });
    await cache.set('a', 'own');
    const down = once(cache, 'node-down');
    only.cutOff();
    await down;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 'stand-in');
    expect(await cache.get('a')).toBe('stand-in');
    const up = once(cache, 'node-up');
    only.mend();
    await up;
    expect(await cache.get('a')).toBeUndefined();
    await cache.set('a', 'own again');
    expect(await fleet.inside(only).get('a')).toBe('own again');
  });
});

test('clients of one process share nothing: each has its own nodes, and its own opinion of them', async () => {
  const say = (value: string) => (text: string) => {
    return text.replaceAll(/mg \S+ O(\d+) f v\r\n/g, `VA 1 O$1 f0\r\n${value}\r\n`);
  };
  const [one, two] = [await raw(say('1')), await raw(say('2'))];
  const shared: ClientOptions = { nodes: [at(one)] };
  const [first, second] = [client(shared), client({ nodes: [at(two)] })];
  const third = client(shared);
  expect([await first.get('a'), await second.get('a'), await third.get('a')]).toEqual([
    '1',
    '2',
    '1',
  ]);
  await one.stop();
  expect(await endOf(first.get('a'))).toBe('ERR_NODE_DOWN');
  await third.close();
  expect(await endOf(third.get('a'))).toBe('ERR_CLOSED');
  expect(await second.get('a')).toBe('2');
  expect(two.connections).toBe(1);
});
