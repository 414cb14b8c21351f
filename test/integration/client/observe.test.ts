import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  type CacheClient,
  type CacheError,
  createClient,
  type NodeTrace,
  type OperationTrace,
} from '../../../src/client.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { RawNode } from './raw-node.ts';

let server: TestServer;
let node: string;
let cache: CacheClient;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1'] });
  node = `127.0.0.1:${server.port}`;
  cache = createClient({ nodes: [node], deadlineMs: 10_000, keys: 'hash', namespace: 'app:' });
});
afterAll(async () => {
  await cache.close();
  await server.stop();
});

describe('metrics', () => {
  test('the metrics count each kind of operation at each node', async () => {
    await cache.set('a', 'four');
    await cache.get('a');
    await cache.get('none');
    await cache.getMany(['a', 'none', 'none as well', 'a']);
    await cache.delete('a');
    await cache.delete('a');
    await cache.add('text', 'x');
    const refused = await cache.increment('text').catch((error: CacheError) => error.code);
    expect(refused).toBe('ERR_REFUSED');
    const kinds = cache.metrics().get(node)!;
    const { latency, ...get } = kinds.get('get')!;
    expect(get).toEqual({ count: 2, hits: 1, misses: 1, valueBytes: 4, failures: {} });
    expect(latency.count).toBe(2);
    expect(latency.maxUs).toBeGreaterThanOrEqual(latency.p50Us);
    expect(latency.cumulativeCounts.at(-1)).toBe(2);
    expect(kinds.get('get-many')).toMatchObject({ count: 1, hits: 2, misses: 2, valueBytes: 8 });
    expect(kinds.get('delete')).toMatchObject({ count: 2, hits: 1, misses: 1 });
    expect(kinds.get('set')).toMatchObject({ count: 1, hits: 0, misses: 0 });
    expect(kinds.get('increment')).toMatchObject({ count: 1, failures: { ERR_REFUSED: 1 } });
  });
});

describe('the totals and the JSON of metrics', () => {
  test('the totals are the sums over nodes and kinds, with the hit ratio', async () => {
    const counting = createClient({ nodes: [node], deadlineMs: 10_000 });
    expect(counting.metrics().totals).toEqual({
      count: 0,
      hits: 0,
      misses: 0,
      hitRatio: undefined,
      valueBytes: 0,
      failures: {},
    });
    await counting.set('counted', 'four');
    await counting.getMany(['counted', 'uncounted']);
    await counting.get('counted');
    await counting.get('counted');
    await counting.increment('counted').catch(() => {});
    expect(counting.metrics().totals).toEqual({
      count: 5,
      hits: 3,
      misses: 1,
      hitRatio: 0.75,
      valueBytes: 12,
      failures: { ERR_REFUSED: 1 },
    });
    await counting.close();
  });

  test('the metrics survive JSON.stringify, as a whole and of one node', async () => {
    await cache.get('a');
    const metrics = cache.metrics();
    const { totals, nodes } = JSON.parse(JSON.stringify(metrics));
    expect(totals).toEqual(metrics.totals);
    expect(Object.keys(nodes)).toEqual([node]);
    expect(nodes[node].get).toEqual(metrics.get(node)!.get('get'));
    expect(JSON.parse(JSON.stringify(metrics.get(node)))).toEqual(nodes[node]);
  });
});

describe('events and errors', () => {
  test('the failure event has the hash of the key instead of the key', async () => {
    const failures: [CacheError, string][] = [];
    cache.on('failure', (error, kind) => failures.push([error, kind]));
    await cache.set('secret name', 'x');
    const error: CacheError = await cache.increment('secret name').catch((why) => why);
    expect(error).toMatchObject({ code: 'ERR_REFUSED', node, mayHaveRun: false });
    expect(error.keyHash).toMatch(/^[0-9a-f]{12}$/);
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('secret');
    await expect.poll(() => failures).toEqual([[error, 'increment']]);
  });

  test('a listener that throws does not affect the operation', async () => {
    const caught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', (error) => caught.push(error));
    const failing = createClient({ nodes: [node], deadlineMs: 10_000 });
    try {
      failing.on('node-up', () => {
        throw new Error('a bug in a listener');
      });
      expect(await failing.get('a')).toBeUndefined();
      await expect.poll(() => caught).toEqual([new Error('a bug in a listener')]);
      expect(await failing.get('a')).toBeUndefined();
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
      await failing.close();
    }
  });
});

describe('diagnostics channels', () => {
  const cleanups: (() => void)[] = [];
  afterEach(() => {
    for (const cleanup of cleanups.splice(0)) cleanup();
  });
  function collect<T>(name: string): T[] {
    const messages: T[] = [];
    const take = (message: unknown): void => void messages.push(message as T);
    subscribe(name, take);
    cleanups.push(() => unsubscribe(name, take));
    return messages;
  }

  test('the channels publish the start and the end of an operation', async () => {
    const starts = collect<OperationTrace>('slabring:operation:start');
    const ends = collect<OperationTrace>('slabring:operation:end');
    await cache.set('traced', 'x');
    const pending = cache.getMany(['traced', 'none']);
    expect(starts).toHaveLength(2);
    expect(ends).toHaveLength(1);
    await pending;
    expect(ends[1]).toBe(starts[1]);
    expect(ends).toMatchObject([
      { operation: 'set', node, keyCount: 1, error: undefined },
      { operation: 'get-many', node, keyCount: 2, hits: 1, error: undefined },
    ]);
    expect(ends[1]!.durationMs).toBeGreaterThan(0);
  });

  test('the channels publish failures, and nodes that go down and come up', async () => {
    const ends = collect<OperationTrace>('slabring:operation:end');
    const changes = collect<NodeTrace>('slabring:node');
    const raw = await RawNode.start((text) => text.replace(/.*O(\d+).*\r\n/, 'EN O$1\r\n'));
    const name = `127.0.0.1:${raw.port}`;
    const watched = createClient({ nodes: [name], deadlineMs: 10_000 });
    expect(await watched.get('a')).toBeUndefined();
    raw.resetAll();
    await expect.poll(() => changes.map(({ state }) => state)).toEqual(['up', 'down', 'up']);
    expect(changes[1]!.reason).toMatchObject({ code: 'ERR_REPLY_LOST', node: name });
    await watched.close();
    const failed = await watched.get('a').catch((error: CacheError) => error);
    expect(ends.at(-1)).toMatchObject({ operation: 'get', node: name, error: failed });
    await raw.stop();
  });
});
