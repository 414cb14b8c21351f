/** Stalled connections that nothing resets: the client leaves them, and late bytes do no harm. */
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
import { waitUntil } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const LONG = 'a value that is held up '.repeat(20);

let server: TestServer;
let proxy: FaultProxy;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1', '-m', '16'] });
});
afterAll(() => server?.stop());

const openResources: { close(): Promise<void> }[] = [];
beforeEach(async () => {
  proxy = await FaultProxy.start(server);
});
afterEach(async () => {
  await Promise.all(openResources.splice(0).map((each) => each.close()));
  await proxy.stop();
});

function client(options: Partial<ClientOptions> = {}): CacheClient {
  const created = createClient({
    nodes: [`127.0.0.1:${proxy.port}`],
    deadlineMs: 10_000,
    ...options,
  });
  openResources.push(created);
  return created;
}

const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe('the client leaves a stalled connection and uses the node again', () => {
  const DOWN = ['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT', 'ERR_REPLY_LOST', 'ERR_NODE_DOWN'];
  const stalls: readonly (readonly [name: string, begin: () => void])[] = [
    ['before a reply', () => proxy.stall()],
    ['in the middle of a reply', () => proxy.hold(20)],
    ['while connecting', () => [proxy.setFault({ kind: 'stall' }), proxy.resetAll()]],
  ];
  test.each(stalls)('the client leaves a connection that stalls %s', async (_, begin) => {
    const cache = client({ deadlineMs: 200 });
    const store = () => outcomeOf(cache.set('long', LONG));
    await expect.poll(store, { timeout: 20_000 }).toBeUndefined();
    for (let round = 0; round < 3; round++) {
      const down = once(cache, 'node-down');
      begin();
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, () => outcomeOf(cache.get('long'))),
      );
      for (const outcome of outcomes) expect(DOWN).toContain(outcome);
      await down;
      // Only new connections work again: the proxy does not reset the stalled ones.
      const back = once(cache, 'node-up');
      proxy.setFault({ kind: 'none' });
      await back;
      expect(await cache.get('long', { deadlineMs: 10_000 })).toBe(LONG);
    }
  });
});

describe.each(['meta', 'classic', 'binary'] as const)('%s', (protocol) => {
  test.each(['deadline', 'signal'] as const)(
    'a partly received reply of an abandoned operation (%s) reaches no other operation',
    async (cause) => {
      const cache = client({ protocol });
      await cache.setMany(['a', 'b', 'c', 'd'].map((key) => [key, `${key}: ${LONG}`] as const));
      for (const afterBytes of [0, 1, 3, 23, 24, 40, 200, 480]) {
        await cache.set('count', 5);
        proxy.hold(afterBytes);
        const controller = new AbortController();
        const options = cause === 'signal' ? { signal: controller.signal } : { deadlineMs: 20 };
        const outcome = outcomeOf(cache.get('a', options));
        await waitUntil('the proxy holds bytes', () => proxy.heldBytes > 0);
        controller.abort();
        expect(await outcome).toBe(cause === 'signal' ? 'ERR_ABORTED' : 'ERR_DEADLINE');
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

describe('one deadline covers a whole operation', () => {
  test('the deadline covers connecting and waiting', async () => {
    proxy.setFault({ kind: 'stall' });
    const cache = client({ deadlineMs: 100, connectTimeoutMs: 3_600_000 });
    const outcomes = await Promise.all([outcomeOf(cache.get('a')), outcomeOf(cache.set('b', 'x'))]);
    expect(outcomes).toEqual(['ERR_DEADLINE_UNSENT', 'ERR_DEADLINE_UNSENT']);
  });

  test.each([{ failover: 'next' }, { replicas: 4 }, { replicas: 2, failover: 'next' }] as const)(
    'the deadline covers all attempts together: %j',
    async (options) => {
      const rawNodes = await Promise.all(
        Array.from({ length: 4 }, () => RawNode.start(() => undefined)),
      );
      openResources.push(...rawNodes.map((node) => ({ close: () => node.stop() })));
      const nodes = rawNodes.map(({ port }) => `127.0.0.1:${port}`);
      const cache = client({ nodes, deadlineMs: 1000, ...options });
      // With a deadline per attempt the third of four attempts would end after this limit.
      const other = client({ nodes: nodes.slice(0, 1), deadlineMs: 2900 });
      const controller = new AbortController();
      const tooLate = outcomeOf(other.get('a', { signal: controller.signal })).then(
        () => 'too late',
      );
      const first = await Promise.race([outcomeOf(cache.get('a')), tooLate]);
      expect(['ERR_DEADLINE', 'ERR_DEADLINE_UNSENT']).toContain(first);
      controller.abort();
    },
  );
});
