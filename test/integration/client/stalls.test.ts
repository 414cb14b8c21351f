/** What stalls, and is never reset: the client must get away by itself, and nothing may be left on the socket. */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
} from '../../../src/client.ts';
import { FaultProxy } from '../../support/fault-proxy.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { until } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const LONG = 'a value that is held up '.repeat(20);

let server: TestServer;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1', '-m', '16'] });
});
afterAll(() => server?.stop());

const open: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  proxy = await FaultProxy.start(server);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await proxy.stop();
});

function client(options: Partial<ClientOptions> = {}): CacheClient {
  const made = createClient({
    nodes: [`127.0.0.1:${proxy.port}`],
    deadlineMs: 10_000,
    ...options,
  });
  open.push(made);
  return made;
}

const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe('a socket that stalls for good is left, and the node is used again', () => {
  const DOWN = ['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT', 'ERR_REPLY_LOST', 'ERR_NODE_DOWN'];
  const stalls: readonly (readonly [name: string, begin: () => void])[] = [
    ['before a reply', () => proxy.stall()],
    ['in the middle of a reply', () => proxy.hold(20)],
    ['while connecting', () => [proxy.set({ kind: 'stall' }), proxy.resetAll()]],
  ];
  test.each(stalls)('%s', async (_, begin) => {
    const cache = client({ deadlineMs: 200 });
    const up = () => endOf(cache.set('long', LONG));
    await expect.poll(up, { timeout: 20_000 }).toBeUndefined();
    for (let round = 0; round < 3; round++) {
      const down = once(cache, 'node-down');
      begin();
      const ends = await Promise.all(Array.from({ length: 20 }, () => endOf(cache.get('long'))));
      for (const end of ends) expect(DOWN).toContain(end);
      await down;
      // Only new connections are sound again: nobody resets those that stall.
      const back = once(cache, 'node-up');
      proxy.set({ kind: 'none' });
      await back;
      expect(await cache.get('long', { deadlineMs: 10_000 })).toBe(LONG);
    }
  });
});

describe.each(['meta', 'classic', 'binary'] as const)('%s', (protocol) => {
  test.each(['deadline', 'signal'] as const)(
    'a reply that was given up (by %s) with a part of it read is nobody else’s',
    async (how) => {
      const cache = client({ protocol });
      await cache.setMany(['a', 'b', 'c', 'd'].map((key) => [key, `${key}: ${LONG}`] as const));
      for (const afterBytes of [0, 1, 3, 23, 24, 40, 200, 480]) {
        await cache.set('count', 5);
        proxy.hold(afterBytes);
        const caller = new AbortController();
        const options = how === 'signal' ? { signal: caller.signal } : { deadlineMs: 20 };
        const end = endOf(cache.get('a', options));
        await until('a part is held', () => proxy.heldBytes > 0);
        caller.abort();
        expect(await end).toBe(how === 'signal' ? 'ERR_ABORTED' : 'ERR_DEADLINE');
        const next = Promise.all([
          cache.get('b'),
          cache.increment('count'),
          cache.getMany(['c', 'absent', 'd']),
          cache.delete('absent'),
        ]);
        proxy.release();
        const [got, count, many, gone] = await next;
        expect([got, count, gone]).toEqual([`b: ${LONG}`, 6n, false]);
        expect([...many.values]).toEqual([
          ['c', `c: ${LONG}`],
          ['d', `d: ${LONG}`],
        ]);
      }
    },
  );
});

describe('one deadline holds for all that an operation takes', () => {
  test('connecting, and what waits for it', async () => {
    proxy.set({ kind: 'stall' });
    const cache = client({ deadlineMs: 100, connectTimeoutMs: 3_600_000 });
    const ends = await Promise.all([endOf(cache.get('a')), endOf(cache.set('b', 'x'))]);
    expect(ends).toEqual(['ERR_DEADLINE_UNSENT', 'ERR_DEADLINE_UNSENT']);
  });

  test.each([{ failover: 'next' }, { replicas: 4 }, { replicas: 2, failover: 'next' }] as const)(
    'all tries together: %j',
    async (options) => {
      const raws = await Promise.all(
        Array.from({ length: 4 }, () => RawNode.start(() => undefined)),
      );
      open.push(...raws.map((raw) => ({ close: () => raw.stop() })));
      const nodes = raws.map(({ port }) => `127.0.0.1:${port}`);
      const cache = client({ nodes, deadlineMs: 1000, ...options });
      // It ends before the third of the four tries would, if each had a deadline of its own.
      const other = client({ nodes: nodes.slice(0, 1), deadlineMs: 2900 });
      const caller = new AbortController();
      const late = endOf(other.get('a', { signal: caller.signal })).then(() => 'too late');
      const first = await Promise.race([endOf(cache.get('a')), late]);
      expect(['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT']).toContain(first);
      caller.abort();
    },
  );
});
