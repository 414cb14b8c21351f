import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type CacheClient, CacheError, createClient } from '../../../src/client.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { startSlabring } from '../../support/node-process.ts';
import { Random, testSeed } from '../../support/random.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

let server: TestServer;
let proxy: FaultProxy;
let cache: CacheClient;
const openClients: CacheClient[] = [];

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
  await Promise.all(openClients.splice(0).map((each) => each.close()));
});

function client(options: { deadlineMs?: number; maxPendingPerNode?: number }): CacheClient {
  const created = createClient({ nodes: [`127.0.0.1:${proxy.port}`], ...options });
  openClients.push(created);
  return created;
}

/** The outcome of an operation: its value, or the code of its failure. */
const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

/** A connection cut during the handshake; if it is closed after `mn`, the client tries classic. */
const HANDSHAKE_CUT = ['ERR_NODE_DOWN', 'ERR_REPLY_LOST'];

/**
 * The failures of an operation that waits for a probe of the last node: probe and operation have
 * the same deadline, so either may fail first.
 */
const PROBE_LOST = ['ERR_NODE_DOWN', 'ERR_DEADLINE_UNSENT'];

/** The failures of an operation whose replies the proxy manipulates. */
const FAULT_CODES = [
  'ERR_PROTOCOL',
  'ERR_REPLY_LOST',
  'ERR_NODE_DOWN',
  'ERR_DEADLINE',
  'ERR_DEADLINE_UNSENT',
];

/** Waits until the client's probes find the node up, and uses it. */
async function expectRecovery(using: CacheClient): Promise<void> {
  await expect
    .poll(() => outcomeOf(using.set('after', 'all')), { timeout: 20_000 })
    .toBeUndefined();
  expect(await using.get('after')).toBe('all');
}

describe('after each fault every promise settles, no value is wrong, and the node comes up', () => {
  test('a node that refuses connections fails operations at once', async () => {
    await proxy.stop();
    const down = once(cache, 'node-down');
    expect(await outcomeOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
    await down;
    expect(await outcomeOf(cache.get('a'))).toBe('ERR_NODE_DOWN');
  });

  test('a connection reset fails the commands in flight', async () => {
    // This is request 1 of the connection: the opaques of the next eight have one digit.
    await cache.set('a', 'x');
    proxy.stall();
    const outcomes = Promise.all(Array.from({ length: 8 }, () => outcomeOf(cache.get('a'))));
    await waitUntil(
      'eight gets are in flight',
      () => proxy.stalledBytes === 8 * 'mg a O2 f v\r\n'.length,
    );
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    expect(new Set(await outcomes)).toEqual(new Set(['ERR_REPLY_LOST']));
    await expectRecovery(cache);
  });

  test('a node that stalls in the handshake goes down and comes up again', async () => {
    proxy.setFault({ kind: 'stall' });
    const impatient = client({ deadlineMs: 100 });
    const down = once(impatient, 'node-down');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcomeOf(impatient.get('a'))),
    );
    for (const outcome of outcomes) expect(PROBE_LOST).toContain(outcome);
    await down;
    expect(PROBE_LOST).toContain(await outcomeOf(impatient.get('a')));
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    await expectRecovery(impatient);
  });

  test('a stalled node fails operations at the deadline and comes up again', async () => {
    const impatient = client({ deadlineMs: 100 });
    await expectRecovery(impatient);
    proxy.stall();
    const down = once(impatient, 'node-down');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, () => outcomeOf(impatient.get('a'))),
    );
    // The connection may break by silence just before the last operation's deadline.
    expect(outcomes[0]).toBe('ERR_DEADLINE');
    for (const outcome of outcomes) expect(['ERR_DEADLINE', 'ERR_REPLY_LOST']).toContain(outcome);
    await down;
    expect(PROBE_LOST).toContain(await outcomeOf(impatient.get('a')));
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    await expectRecovery(impatient);
  });

  test('a half-closed connection fails the command, and the node comes up again', async () => {
    proxy.setFault({ kind: 'half-open' });
    const half = client({ deadlineMs: 10_000 });
    expect(['ERR_REPLY_LOST', 'ERR_NODE_DOWN']).toContain(await outcomeOf(half.get('a')));
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    await expectRecovery(half);
  });

  test('all nodes down: every key fails at once with one code; then all come up', async () => {
    const second = await FaultProxy.start(server);
    const ports = [proxy.port, second.port];
    const both = createClient({ nodes: ports.map((port) => `127.0.0.1:${port}`) });
    openClients.push(both);
    const keys = Array.from({ length: 50 }, (_, i) => `all${i}`);
    expect((await both.setMany(keys.map((key) => [key, key] as const))).failed.size).toBe(0);
    const downs = new Set<string>();
    both.on('node-down', (node) => downs.add(node));
    for (const each of [proxy, second]) each.setFault({ kind: 'reset' });
    for (const each of [proxy, second]) each.resetAll();
    await waitUntil('both nodes are down', () => downs.size === 2);
    const { values, failed } = await both.getMany(keys);
    expect([values.size, failed.size]).toEqual([0, keys.length]);
    for (const { code, mayHaveRun } of failed.values()) {
      expect({ code, mayHaveRun }).toEqual({ code: 'ERR_NODE_DOWN', mayHaveRun: false });
    }
    for (const each of [proxy, second]) each.setFault({ kind: 'none' });
    await waitUntil(
      'all nodes are up',
      async () => (await both.getMany(keys)).values.size === keys.length,
    );
    await second.stop();
  });

  test('with replies cut at every byte a value arrives whole or not at all', async () => {
    const value = 'some value that is cut somewhere';
    await cache.set('a', value);
    const handshake = 'VERSION 1.6.18\r\nMN\r\n';
    const reply = `VA ${value.length} O1 f0\r\n${value}\r\n`;
    for (let afterBytes = 1; afterBytes < handshake.length + reply.length; afterBytes++) {
      proxy.setFault({ kind: 'cut', afterBytes });
      const outcome = await outcomeOf(client({ deadlineMs: 10_000 }).get('a'));
      const codes = afterBytes < handshake.length ? HANDSHAKE_CUT : ['ERR_REPLY_LOST'];
      expect(codes, `cut after ${afterBytes} bytes`).toContain(outcome);
    }
    proxy.setFault({ kind: 'none' });
    expect(await cache.get('a')).toBe(value);
  });

  test('with requests cut at every byte a value is stored whole or not at all', async () => {
    const request = 'mg a O1 f v\r\nms a 5 O2\r\nafter\r\nmg a O3 f v\r\n';
    const handshake = 'version\r\nmn\r\n';
    for (let afterBytes = 1; afterBytes < handshake.length + request.length; afterBytes++) {
      await cache.set('a', 'before');
      proxy.setFault({ kind: 'cut-requests', afterBytes });
      const cut = client({ deadlineMs: 10_000 });
      const outcomes = await Promise.all(
        [cut.get('a'), cut.set('a', 'after'), cut.get('a')].map((operation) =>
          outcomeOf(operation),
        ),
      );
      for (const outcome of outcomes)
        expect(typeof outcome === 'string' || outcome === undefined).toBe(true);
      proxy.setFault({ kind: 'none' });
      expect(['before', 'after'], `cut after ${afterBytes} bytes`).toContain(await cache.get('a'));
    }
  });

  const seed = testSeed();
  test(`doubled, lost or cut replies: no key gets another’s value (seed ${seed})`, async () => {
    const random = new Random(seed);
    const keys = Array.from({ length: 20 }, (_, i) => `own-${i}`);
    await cache.setMany(keys.map((key) => [key, `value of ${key}`] as const));
    for (let round = 0; round < 40; round++) {
      const afterPieces = random.int(2, 6);
      proxy.setFault(
        random.pick([
          { kind: 'double', afterPieces },
          { kind: 'lose', afterPieces },
          { kind: 'cut', afterBytes: random.int(20, 2000) },
        ] as const),
      );
      const faulty = client({ deadlineMs: 300 });
      for (let turn = 0; turn < 5; turn++) {
        const requestedKeys = keys.slice(0, random.int(1, keys.length));
        const [many, ...each] = await Promise.all([
          faulty.getMany(requestedKeys),
          ...requestedKeys.map((key) => outcomeOf(faulty.get(key))),
        ]);
        for (const [key, value] of many.values) expect(value).toBe(`value of ${key}`);
        for (const [at, outcome] of each.entries()) {
          expect([`value of ${requestedKeys[at]}`, ...FAULT_CODES]).toContain(outcome);
        }
      }
      await faulty.close();
    }
    proxy.setFault({ kind: 'none' });
    await expectRecovery(cache);
  });

  test('a reply in single bytes is complete', async () => {
    proxy.setFault({ kind: 'trickle' });
    const slow = client({ deadlineMs: 20_000 });
    const entries = Array.from({ length: 200 }, (_, i) => [`t${i}`, `v${i}`] as const);
    await slow.setMany(entries);
    const { values } = await slow.getMany(entries.map(([key]) => key));
    expect([...values].sort()).toEqual([...entries].sort());
  });

  test.each([
    ['another kind of reply', 'STORED\r\n'],
    ['a surplus reply', 'VERSION 1\r\nVERSION 1\r\n'],
    ['noise', '\u0000\u0001\u0002\r\n'],
  ])('a malformed handshake reply (%s) closes the connection', async (_, bytes) => {
    proxy.setFault({ kind: 'reply', bytes });
    const confused = client({ deadlineMs: 10_000 });
    expect(await outcomeOf(confused.get('a'))).toBe('ERR_NODE_DOWN');
    proxy.setFault({ kind: 'none' });
    proxy.resetAll();
    await expectRecovery(confused);
  });

  test('one of two nodes down: its keys fail, the other keys are served', async () => {
    const other = await startSlabring({ args: ['-t', '1'] });
    const both = createClient({ nodes: [`127.0.0.1:${proxy.port}`, `127.0.0.1:${other.port}`] });
    try {
      const keys = Array.from({ length: 100 }, (_, i) => `k${i}`);
      await both.setMany(keys.map((key) => [key, key] as const));
      proxy.setFault({ kind: 'reset' });
      proxy.resetAll();
      await once(both, 'node-down');
      const { values, failed } = await both.getMany(keys);
      const mine = keys.filter((key) => both.nodeOf(key).endsWith(`:${proxy.port}`));
      expect([...failed.keys()].sort()).toEqual(mine.sort());
      const stored = await both.setMany(keys.map((key) => [key, key] as const));
      expect([...stored.failed.keys()].sort()).toEqual(mine);
      expect(values.size + failed.size).toBe(keys.length);
      for (const error of failed.values()) expect(error).toMatchObject({ code: 'ERR_NODE_DOWN' });
      proxy.setFault({ kind: 'none' });
      await expect
        .poll(async () => (await both.getMany(keys)).failed.size, { timeout: 20_000 })
        .toBe(0);
    } finally {
      await both.close();
      await other.stop();
    }
  });

  test('a full queue refuses operations and completes the queued ones', async () => {
    const small = client({ deadlineMs: 10_000, maxPendingPerNode: 10 });
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => outcomeOf(small.get('none'))),
    );
    expect(outcomes.filter((outcome) => outcome === undefined)).toHaveLength(10);
    expect(outcomes.filter((outcome) => outcome === 'ERR_QUEUE_FULL')).toHaveLength(2);
  });

  test('close settles pending operations and fails later ones', async () => {
    const pending = Promise.all(Array.from({ length: 100 }, () => outcomeOf(cache.get('none'))));
    const closing = cache.close();
    expect(await outcomeOf(cache.get('none'))).toBe('ERR_CLOSED');
    expect(new Set(await pending)).toEqual(new Set([undefined]));
    await closing;
  });

  test('close with a stalled node resolves by the deadline', async () => {
    proxy.setFault({ kind: 'stall' });
    const stalled = client({ deadlineMs: 200 });
    const outcome = outcomeOf(stalled.get('a'));
    await stalled.close();
    expect(['ERR_DEADLINE_UNSENT', 'ERR_NODE_DOWN']).toContain(await outcome);
  });
});

test('operations of one tick leave in one packet', async () => {
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
