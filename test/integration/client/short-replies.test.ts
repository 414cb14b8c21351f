/** Connections close after every byte, by FIN and RST: no value is short, no failure a miss. */
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

const keys = ['one', 'two', 'three', 'four'];
const entries = keys.map((key) => [key, `value of ${key}`] as const);
const LOST = ['ERR_REPLY_LOST', 'ERR_NODE_DOWN'];

let server: TestServer;
let proxy: FaultProxy;
/** A client that bypasses the proxy. */
let directClient: CacheClient;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1', '-m', '16'] });
  directClient = createClient({ nodes: [`127.0.0.1:${server.port}`], deadlineMs: 10_000 });
});
afterAll(async () => {
  await directClient?.close();
  await server?.stop();
});

const openClients: CacheClient[] = [];
beforeEach(async () => {
  proxy = await FaultProxy.start(server);
  await directClient.setMany(entries);
});
afterEach(async () => {
  await Promise.all(openClients.splice(0).map((each) => each.close()));
  await proxy.stop();
});

function client(options: Partial<ClientOptions>): CacheClient {
  const nodes = [`127.0.0.1:${proxy.port}`];
  const created = createClient({ nodes, deadlineMs: 10_000, ...options });
  openClients.push(created);
  return created;
}

const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe.each(['meta', 'classic', 'binary'] as const)('%s', (protocol) => {
  describe.each(['end', 'cut'] as const)('replies that stop (%s) after every byte', (kind) => {
    test('get returns the whole value or fails', async () => {
      const value = `value of ${keys[0]}`;
      for (let afterBytes = 1, isComplete = false; !isComplete; afterBytes++) {
        proxy.setFault({ kind, afterBytes });
        const cache = client({ protocol });
        const outcome = await outcomeOf(cache.get(keys[0]!));
        isComplete = outcome === value;
        if (!isComplete) expect(LOST, `after ${afterBytes} bytes`).toContain(outcome);
        else expect(afterBytes).toBeGreaterThan(value.length);
        await cache.close();
      }
    });

    test('getMany finds or fails each key: none is a miss', async () => {
      for (let afterBytes = 1, isComplete = false; !isComplete; afterBytes++) {
        proxy.setFault({ kind, afterBytes });
        const cache = client({ protocol });
        const { values, failed } = await cache.getMany(keys);
        for (const [key, value] of values) expect(value).toBe(`value of ${key}`);
        for (const { code } of failed.values()) expect(LOST).toContain(code);
        const settled = [...values.keys(), ...failed.keys()].sort();
        expect(settled, `after ${afterBytes} bytes`).toEqual([...keys].sort());
        isComplete = failed.size === 0;
        await cache.close();
      }
    });

    test('setMany stores or fails each key', async () => {
      for (let afterBytes = 1, isComplete = false; !isComplete; afterBytes++) {
        await directClient.flush();
        proxy.setFault({ kind, afterBytes });
        const cache = client({ protocol });
        const { failed } = await cache.setMany(entries);
        await cache.close();
        const { values } = await directClient.getMany(keys);
        for (const key of keys) {
          if (!failed.has(key)) expect(values.get(key)).toBe(`value of ${key}`);
          else if (failed.get(key)?.mayHaveRun === false) expect(values.has(key)).toBe(false);
        }
        isComplete = failed.size === 0;
      }
    });
  });

  test.each([0, 1, 20])(
    'an operation sent before a reconnect (%i bytes received) gets no reply of the new connection',
    async (receivedBytes) => {
      const cache = client({ protocol });
      await cache.get('absent');
      proxy.hold(receivedBytes);
      const before = Promise.all([
        outcomeOf(cache.get('one')),
        outcomeOf(cache.getMany(['two', 'absent'])),
      ]);
      await waitUntil('the proxy holds bytes', () => proxy.heldBytes > 0);
      proxy.resetAll();
      const after = await Promise.all([
        expect
          .poll(() => outcomeOf(cache.get('three')), { timeout: 20_000 })
          .toBe('value of three'),
        before,
      ]);
      expect(after[1][0]).toBe('ERR_REPLY_LOST');
      expect(after[1][1]).toMatchObject({ values: new Map() });
      const [four, many] = await Promise.all([cache.get('four'), cache.getMany(keys)]);
      expect(four).toBe('value of four');
      expect([...many.values].sort()).toEqual([...entries].sort());
    },
  );
});
