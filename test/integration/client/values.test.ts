import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, CacheError, createClient } from '../../../src/client.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';

let servers: readonly TestServer[] = [];
let cache: CacheClient;
let replicated: CacheClient;
beforeAll(async () => {
  servers = await Promise.all([startSlabring(), startSlabring()]);
  const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
  cache = createClient({ nodes: nodes.slice(0, 1), deadlineMs: 10_000 });
  replicated = createClient({ nodes, deadlineMs: 10_000, replicas: 2 });
});
afterAll(async () => {
  await Promise.all([cache.close(), replicated.close()]);
  await Promise.all(servers.map((server) => server.stop()));
});

const failureOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );
const unencodable = { code: 'ERR_VALUE', mayHaveRun: false, keyHash: expect.any(String) };

function transferred(bytes: Uint8Array<ArrayBuffer>): void {
  structuredClone(bytes, { transfer: [bytes.buffer] });
}

describe('a value that cannot be sent', () => {
  test('memory that is transferred after the call fails its operation alone', async () => {
    for (const client of [cache, replicated]) {
      const downs: string[] = [];
      client.on('node-down', (node) => downs.push(node));
      const bytes = new Uint8Array(8);
      const before = client.set('before', 'x');
      const failing = failureOf(client.set('lost', bytes));
      const after = client.set('after', 'y');
      const reading = client.getMany(['before', 'lost', 'after']);
      transferred(bytes);
      await Promise.all([before, after]);
      expect(await failing).toBeInstanceOf(CacheError);
      expect(await failing).toMatchObject(unencodable);
      const { values } = await reading;
      expect(Object.fromEntries(values)).toEqual({ before: 'x', after: 'y' });
      expect(downs).toEqual([]);
    }
  });

  test('such a value fails also when it waits for the connection', async () => {
    const slow = createClient({ nodes: [`127.0.0.1:${servers[0]!.port}`], deadlineMs: 10_000 });
    const bytes = new Uint8Array(8);
    const failing = failureOf(slow.append('k', bytes));
    await new Promise((resolve) => void setImmediate(resolve));
    transferred(bytes);
    expect(await failing).toMatchObject(unencodable);
    expect(await slow.get('none')).toBeUndefined();
    await slow.close();
  });

  test('text with a lone surrogate is not stored as another text', async () => {
    const compressing = createClient({
      nodes: [`127.0.0.1:${servers[0]!.port}`],
      deadlineMs: 10_000,
      compression: { minBytes: 1 },
    });
    for (const client of [cache, replicated, compressing]) {
      await client.set('text', 'x');
      for (const text of ['\ud800', 'ü\udc00', `${'y'.repeat(100)}\ud83d`]) {
        expect(await failureOf(client.set('text', text))).toMatchObject(unencodable);
      }
      expect(await failureOf(client.append('text', '\ud800'))).toMatchObject(unencodable);
      expect(await client.get('text')).toBe('x');
      await client.set('text', { text: '\ud800' });
      expect(await client.get('text')).toEqual({ text: '\ud800' });
    }
    await compressing.close();
  });

  test('a close waits no longer than such a value', async () => {
    const closing = createClient({ nodes: [`127.0.0.1:${servers[0]!.port}`], deadlineMs: 60_000 });
    await closing.version();
    const bytes = new Uint8Array(8);
    const failing = failureOf(closing.set('k', bytes));
    transferred(bytes);
    await closing.close();
    expect(await failing).toMatchObject(unencodable);
  });

  test.each([
    ['a Map', new Map()],
    ['a bigint', 5n],
    ['NaN', Number.NaN],
  ])('setMany stores the other values beside %s', async (_, value) => {
    const entries = [['many-a', 1] as const, ['many-b', value] as const, ['many-c', 3] as const];
    const { failed } = await cache.setMany(entries);
    expect([...failed.keys()]).toEqual(['many-b']);
    expect(failed.get('many-b')).toMatchObject(unencodable);
    const { values } = await cache.getMany(['many-a', 'many-c']);
    expect([...values.values()]).toEqual([1, 3]);
  });

  test('getOrSet fails with the code of a value that it cannot store', async () => {
    expect(await failureOf(cache.getOrSet('loaded', () => new Set([1])))).toMatchObject(
      unencodable,
    );
    expect(await cache.getOrSet('loaded', () => 'text')).toBe('text');
  });
});

test('bytes of every kind come back as bytes', async () => {
  const memory = Uint8Array.from([1, 2, 3, 4]);
  for (const value of [
    memory.buffer,
    new DataView(memory.buffer),
    new Uint32Array(memory.buffer),
  ]) {
    await cache.set('bytes', value);
    expect(await cache.get('bytes')).toEqual(Buffer.from(memory));
    expect(await cache.append('bytes', value)).toBe('stored');
    expect(await cache.getBytes('bytes')).toHaveLength(8);
  }
});

test('the node is down, and no exception escapes, if `lookup` throws', async () => {
  const nodes = [`localhost:${servers[0]!.port}`];
  let lookups = 0;
  const lookup = (): never => {
    lookups++;
    throw new Error('a bug of the caller');
  };
  const failing = createClient({ nodes, deadlineMs: 10_000, lookup });
  const down = once(failing, 'node-down');
  expect(await failureOf(failing.get('k'))).toMatchObject({
    code: 'ERR_NODE_DOWN',
    cause: new Error('a bug of the caller'),
  });
  await down;
  // A timer starts each of the later attempts.
  await expect.poll(() => lookups).toBeGreaterThan(2);
  await failing.close();
});

const WRONG_CALLS: readonly (readonly [string, () => unknown])[] = [
  ['get(undefined)', () => cache.get(undefined as never)],
  ['get(5n)', () => cache.get(5n as never)],
  ['get(Symbol())', () => cache.get(Symbol('x') as never)],
  ['get({ toJSON })', () => cache.get({ toJSON: () => 5n } as never)],
  ['getMany(undefined)', () => cache.getMany(undefined as never)],
  ['getMany("abc")', () => cache.getMany('abc' as never)],
  ['getMany([1])', () => cache.getMany([1] as never)],
  ['set(k)', () => (cache.set as (key: string) => Promise<void>).call(cache, 'k')],
  ['set(k, v, 60)', () => cache.set('k', 'v', 60 as never)],
  ['set(k, v, { expires })', () => cache.set('k', 'v', { expires: 60 } as never)],
  ['set(k, v, { ttl: 1n })', () => cache.set('k', 'v', { ttl: 1n } as never)],
  ['setMany(object)', () => cache.setMany({ a: 1 } as never)],
  ['setMany([key])', () => cache.setMany(['ab'] as never)],
  ['setMany(null)', () => cache.setMany(null as never)],
  ['append(k, 5)', () => cache.append('k', 5 as never)],
  ['cas(k, v)', () => cache.cas('k', 'v', undefined as never)],
  ['cas(k, v, 5)', () => cache.cas('k', 'v', 5 as never)],
  ['cas(k, v, "5")', () => cache.cas('k', 'v', '5' as never)],
  ['increment(k, Symbol())', () => cache.increment('k', Symbol('x') as never)],
  ['increment(k, "5")', () => cache.increment('k', '5' as never)],
  ['touch(k)', () => cache.touch('k', undefined as never)],
  ['touch(k, date)', () => cache.touch('k', new Date() as never)],
  ['stats(Symbol())', () => cache.stats(Symbol('x') as never)],
  ['stats(["items"])', () => cache.stats(['items'] as never)],
  ['getOrSet(k)', () => cache.getOrSet('k', undefined as never)],
  ['writeThrough(k, v)', () => cache.writeThrough('k', 'v', undefined as never)],
  ['delete(k, "cas")', () => cache.delete('k', 'cas' as never)],
];

test.each(WRONG_CALLS)('%s rejects with a code, and does not throw', async (_, call) => {
  const error = await failureOf(call() as Promise<unknown>);
  expect(error).toBeInstanceOf(CacheError);
  expect((error as CacheError).code).toMatch(/^ERR_(ARGUMENT|KEY)$/);
});
