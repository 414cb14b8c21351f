import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CacheClient, CacheError, createClient } from '../../../src/client.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { startSlabring } from '../../support/node-process.ts';
import { Random, testSeed } from '../../support/random.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

let server: TestServer;
let proxy: FaultProxy;
let cache: CacheClient;
const open: CacheClient[] = [];

beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1'] });
});
afterAll(() => server.stop());
beforeEach(async () => {
  proxy = await FaultProxy.start(server);
  cache = client({ deadlineMs: 10_000 });
});
afterEach(async () => {
  await proxy.stop();
  await Promise.all(open.splice(0).map((each) => each.close()));
});

function client(options: { deadlineMs?: number; maxPendingPerNode?: number }): CacheClient {
  const made = createClient({ nodes: [`127.0.0.1:${proxy.port}`], ...options });
  open.push(made);
  return made;
}

/** How an operation ended: its value, or the code of its failure. */
const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

/** A connection that is cut before it could be used; closed after `mn`, the client tries classic text. */
const GREETING_CUT = ['ERR_NODE_DOWN', 'ERR_REPLY_LOST'];

/**
 * How an operation may end that waits for a probe of the last node: the probe has as long as the
 * operation, so either may give up first.
 */
const PROBE_LOST = ['ERR_NODE_DOWN', 'ERR_DEADLINE_UNSENT'];

/** How an operation may fail while replies are tampered with. */
const FAULT_CODES = [
  'ERR_PROTOCOL',
  'ERR_REPLY_LOST',
  'ERR_NODE_DOWN',
  'ERR_DEADLINE',
  'ERR_DEADLINE_UNSENT',
];

/** Waits until the client uses the node again (it tries by itself) and finds it sound. */
async function recovered(using: CacheClient): Promise<void> {
  await expect.poll(() => endOf(using.set('after', 'all')), { timeout: 20_000 }).toBeUndefined();
  expect(await using.get('after')).toBe('all');
}

describe('after every fault all promises are settled, no value is wrong, and the node is back', () => {
  test('a node that refuses: operations fail at once, the rest of the time too', async () => {
    await proxy.stop();
    const down = once(cache, 'node-down');
    expect(await endOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
    await down;
    expect(await endOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
  });

  test('a connection reset with commands in flight', async () => {
    // The second of the connection's requests: eight more have numbers of one digit.
    await cache.set('a', 'x');
    proxy.stall();
    const ends = Promise.all(Array.from({ length: 8 }, () => endOf(cache.get('a'))));
    await until(
      'eight gets are in flight',
      () => proxy.stalledBytes === 8 * 'mg a O2 f v\r\n'.length,
    );
    proxy.set({ kind: 'none' });
    proxy.resetAll();
    expect(new Set(await ends)).toEqual(new Set(['ERR_REPLY_LOST']));
    await recovered(cache);
  });

  test('a node that stalls at once: nothing is sent, then it is down, then it is back', async () => {
    proxy.set({ kind: 'stall' });
    const hasty = client({ deadlineMs: 100 });
    const down = once(hasty, 'node-down');
    const ends = await Promise.all(Array.from({ length: 20 }, () => endOf(hasty.get('a'))));
    for (const end of ends) expect(PROBE_LOST).toContain(end);
    await down;
    expect(PROBE_LOST).toContain(await endOf(hasty.get('a')));
    proxy.set({ kind: 'none' });
    proxy.resetAll();
    await recovered(hasty);
  });

  test('a node that falls silent: deadlines hold, then it is down, then it is back', async () => {
    const hasty = client({ deadlineMs: 100 });
    await recovered(hasty);
    proxy.stall();
    const down = once(hasty, 'node-down');
    const ends = await Promise.all(Array.from({ length: 20 }, () => endOf(hasty.get('a'))));
    // The silence may end the connection just before the last deadline does.
    expect(ends[0]).toBe('ERR_DEADLINE');
    for (const end of ends) expect(['ERR_DEADLINE', 'ERR_REPLY_LOST']).toContain(end);
    await down;
    expect(PROBE_LOST).toContain(await endOf(hasty.get('a')));
    proxy.set({ kind: 'none' });
    proxy.resetAll();
    await recovered(hasty);
  });

  test('a node that closes its half: the command ends, and the node is back', async () => {
    proxy.set({ kind: 'half-open' });
    const half = client({ deadlineMs: 10_000 });
    expect(['ERR_REPLY_LOST', 'ERR_NODE_DOWN']).toContain(await endOf(half.get('a')));
    proxy.set({ kind: 'none' });
    proxy.resetAll();
    await recovered(half);
  });

  test('all nodes down: every key fails with one code at once, and all come back', async () => {
    const second = await FaultProxy.start(server);
    const ports = [proxy.port, second.port];
    const both = createClient({ nodes: ports.map((port) => `127.0.0.1:${port}`) });
    open.push(both);
    const keys = Array.from({ length: 50 }, (_, i) => `all${i}`);
    expect((await both.setMany(keys.map((key) => [key, key] as const))).failed.size).toBe(0);
    const downs = new Set<string>();
    both.on('node-down', (node) => downs.add(node));
    for (const each of [proxy, second]) each.set({ kind: 'reset' });
    for (const each of [proxy, second]) each.resetAll();
    await until('both nodes are down', () => downs.size === 2);
    const { values, failed } = await both.getMany(keys);
    expect([values.size, failed.size]).toEqual([0, keys.length]);
    for (const { code, mayHaveRun } of failed.values()) {
      expect({ code, mayHaveRun }).toEqual({ code: 'ERR_NODE_DOWN', mayHaveRun: false });
    }
    for (const each of [proxy, second]) each.set({ kind: 'none' });
    await until('all is back', async () => (await both.getMany(keys)).values.size === keys.length);
    await second.stop();
  });

  test('replies cut at every byte: a value arrives whole or not at all', async () => {
    const value = 'some value that is cut somewhere';
    await cache.set('a', value);
    const greeting = 'VERSION 1.6.18\r\nMN\r\n';
    const reply = `VA ${value.length} O1 f0\r\n${value}\r\n`;
    for (let afterBytes = 1; afterBytes < greeting.length + reply.length; afterBytes++) {
      proxy.set({ kind: 'cut', afterBytes });
      const end = await endOf(client({ deadlineMs: 10_000 }).get('a'));
      const codes = afterBytes < greeting.length ? GREETING_CUT : ['ERR_REPLY_LOST'];
      expect(codes, `cut after ${afterBytes} bytes`).toContain(end);
    }
    proxy.set({ kind: 'none' });
    expect(await cache.get('a')).toBe(value);
  });

  test('requests cut at every byte: a value is stored whole or not at all', async () => {
    const request = 'mg a O1 f v\r\nms a 5 O2\r\nafter\r\nmg a O3 f v\r\n';
    const greeting = 'version\r\nmn\r\n';
    for (let afterBytes = 1; afterBytes < greeting.length + request.length; afterBytes++) {
      await cache.set('a', 'before');
      proxy.set({ kind: 'cut-requests', afterBytes });
      const cut = client({ deadlineMs: 10_000 });
      const ends = await Promise.all(
        [cut.get('a'), cut.set('a', 'after'), cut.get('a')].map((operation) => endOf(operation)),
      );
      for (const end of ends) expect(typeof end === 'string' || end === undefined).toBe(true);
      proxy.set({ kind: 'none' });
      expect(['before', 'after'], `cut after ${afterBytes} bytes`).toContain(await cache.get('a'));
    }
  });

  const seed = testSeed();
  test(`replies that are doubled, lost or cut: no value is another’s (seed ${seed})`, async () => {
    const random = new Random(seed);
    const keys = Array.from({ length: 20 }, (_, i) => `own-${i}`);
    await cache.setMany(keys.map((key) => [key, `value of ${key}`] as const));
    for (let round = 0; round < 40; round++) {
      const afterPieces = random.int(2, 6);
      proxy.set(
        random.pick([
          { kind: 'double', afterPieces },
          { kind: 'lose', afterPieces },
          { kind: 'cut', afterBytes: random.int(20, 2000) },
        ] as const),
      );
      const faulty = client({ deadlineMs: 300 });
      for (let turn = 0; turn < 5; turn++) {
        const asked = keys.slice(0, random.int(1, keys.length));
        const [many, ...each] = await Promise.all([
          faulty.getMany(asked),
          ...asked.map((key) => endOf(faulty.get(key))),
        ]);
        for (const [key, value] of many.values) expect(value).toBe(`value of ${key}`);
        for (const [at, end] of each.entries()) {
          expect([`value of ${asked[at]}`, ...FAULT_CODES]).toContain(end);
        }
      }
      await faulty.close();
    }
    proxy.set({ kind: 'none' });
    await recovered(cache);
  });

  test('a trickle of single bytes is only slow', async () => {
    proxy.set({ kind: 'trickle' });
    const slow = client({ deadlineMs: 20_000 });
    const entries = Array.from({ length: 200 }, (_, i) => [`t${i}`, `v${i}`] as const);
    await slow.setMany(entries);
    const { values } = await slow.getMany(entries.map(([key]) => key));
    expect([...values].sort()).toEqual([...entries].sort());
  });

  test.each([
    ['another kind of reply', 'STORED\r\n'],
    ['a reply too many', 'VERSION 1\r\nVERSION 1\r\n'],
    ['noise', '\u0000\u0001\u0002\r\n'],
  ])('a greeting that makes no sense (%s) is the end of it', async (_, bytes) => {
    proxy.set({ kind: 'answer', bytes });
    const confused = client({ deadlineMs: 10_000 });
    expect(await endOf(confused.get('a'))).toBe('ERR_NODE_DOWN');
    proxy.set({ kind: 'none' });
    proxy.resetAll();
    await recovered(confused);
  });

  test('one node of two down: its keys fail with a code, the others are served', async () => {
    const other = await startSlabring({ args: ['-t', '1'] });
    const both = createClient({ nodes: [`127.0.0.1:${proxy.port}`, `127.0.0.1:${other.port}`] });
    try {
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      await both.setMany(keys.map((key) => [key, key] as const));
      proxy.set({ kind: 'reset' });
      proxy.resetAll();
      await once(both, 'node-down');
      const { values, failed } = await both.getMany(keys);
      const mine = keys.filter((key) => both.nodeOf(key).endsWith(`:${proxy.port}`));
      expect([...failed.keys()].sort()).toEqual(mine.sort());
      const stored = await both.setMany(keys.map((key) => [key, key] as const));
      expect([...stored.failed.keys()].sort()).toEqual(mine);
      expect(values.size + failed.size).toBe(keys.length);
      for (const error of failed.values()) expect(error).toMatchObject({ code: 'ERR_NODE_DOWN' });
      proxy.set({ kind: 'none' });
      await expect
        .poll(async () => (await both.getMany(keys)).failed.size, { timeout: 20_000 })
        .toBe(0);
    } finally {
      await both.close();
      await other.stop();
    }
  });

  test('a queue that is full refuses, and what is queued goes on', async () => {
    const small = client({ deadlineMs: 10_000, maxPendingPerNode: 10 });
    const ends = await Promise.all(Array.from({ length: 12 }, () => endOf(small.get('none'))));
    expect(ends.filter((end) => end === undefined)).toHaveLength(10);
    expect(ends.filter((end) => end === 'ERR_QUEUE_FULL')).toHaveLength(2);
  });

  test('close settles everything: what is pending ends, what comes later fails', async () => {
    const pending = Promise.all(Array.from({ length: 100 }, () => endOf(cache.get('none'))));
    const closing = cache.close();
    expect(await endOf(cache.get('none'))).toBe('ERR_CLOSED');
    expect(new Set(await pending)).toEqual(new Set([undefined]));
    await closing;
  });

  test('close with a stalled node ends by the deadline', async () => {
    proxy.set({ kind: 'stall' });
    const stalled = client({ deadlineMs: 200 });
    const end = endOf(stalled.get('a'));
    await stalled.close();
    expect(['ERR_DEADLINE_UNSENT', 'ERR_NODE_DOWN']).toContain(await end);
  });
});

test('what one tick sends leaves in one packet', async () => {
  const packets: string[] = [];
  const node = await RawNode.start((text) => {
    packets.push(text);
    return text.replaceAll(/mg \S+ (O\d+) f v\r\n/g, 'EN $1\r\n');
  });
  const one = createClient({ nodes: [`127.0.0.1:${node.port}`] });
  await one.get('warm');
  await Promise.all(Array.from({ length: 64 }, (_, i) => one.get(`k${i}`)));
  expect(packets).toHaveLength(2);
  await one.close();
  await node.stop();
});
