/** Connections that end in the middle, by FIN and by RST, at every byte: no value is short, and no failure a miss. */
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

const keys = ['one', 'two', 'three', 'four'];
const entries = keys.map((key) => [key, `value of ${key}`] as const);
const LOST = ['ERR_REPLY_LOST', 'ERR_NODE_DOWN'];

let server: TestServer;
let proxy: FaultProxy;
/** Past the proxy. */
let inside: CacheClient;
beforeAll(async () => {
  server = await startSlabring({ args: ['-t', '1', '-m', '16'] });
  inside = createClient({ nodes: [`127.0.0.1:${server.port}`], deadlineMs: 10_000 });
});
afterAll(async () => {
  await inside?.close();
  await server?.stop();
});

const open: CacheClient[] = [];
beforeEach(async () => {
  proxy = await FaultProxy.start(server);
  await inside.setMany(entries);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((each) => each.close()));
  await proxy.stop();
});

function client(options: Partial<ClientOptions>): CacheClient {
  const nodes = [`127.0.0.1:${proxy.port}`];
  const made = createClient({ nodes, deadlineMs: 10_000, ...options });
  open.push(made);
  return made;
}

const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

describe.each(['meta', 'classic', 'binary'] as const)('%s', (protocol) => {
  describe.each(['end', 'cut'] as const)('replies that stop by %s after every byte', (kind) => {
    test('a value is whole, or a failure', async () => {
      const value = `value of ${keys[0]}`;
      for (let afterBytes = 1, isWhole = false; !isWhole; afterBytes++) {
        proxy.set({ kind, afterBytes });
        const cache = client({ protocol });
        const end = await endOf(cache.get(keys[0]!));
        isWhole = end === value;
        if (!isWhole) expect(LOST, `after ${afterBytes} bytes`).toContain(end);
        else expect(afterBytes).toBeGreaterThan(value.length);
        await cache.close();
      }
    });

    test('of many keys each is found or has failed: none is a miss', async () => {
      for (let afterBytes = 1, isWhole = false; !isWhole; afterBytes++) {
        proxy.set({ kind, afterBytes });
        const cache = client({ protocol });
        const { values, failed } = await cache.getMany(keys);
        for (const [key, value] of values) expect(value).toBe(`value of ${key}`);
        for (const { code } of failed.values()) expect(LOST).toContain(code);
        const told = [...values.keys(), ...failed.keys()].sort();
        expect(told, `after ${afterBytes} bytes`).toEqual([...keys].sort());
        isWhole = failed.size === 0;
        await cache.close();
      }
    });

    test('of many that are stored each is there, or has failed', async () => {
      for (let afterBytes = 1, isWhole = false; !isWhole; afterBytes++) {
        await inside.flush();
        proxy.set({ kind, afterBytes });
        const cache = client({ protocol });
        const { failed } = await cache.setMany(entries);
        await cache.close();
        const { values } = await inside.getMany(keys);
        for (const key of keys) {
          if (!failed.has(key)) expect(values.get(key)).toBe(`value of ${key}`);
          else if (failed.get(key)?.mayHaveRun === false) expect(values.has(key)).toBe(false);
        }
        isWhole = failed.size === 0;
      }
    });
  });

  test.each([0, 1, 20])(
    'who asked before a reconnect (%i bytes came) has no share in the replies after it',
    async (came) => {
      const cache = client({ protocol });
      await cache.get('absent');
      proxy.hold(came);
      const before = Promise.all([
        endOf(cache.get('one')),
        endOf(cache.getMany(['two', 'absent'])),
      ]);
      await until('a part is held', () => proxy.heldBytes > 0);
      proxy.resetAll();
      const after = await Promise.all([
        expect.poll(() => endOf(cache.get('three')), { timeout: 20_000 }).toBe('value of three'),
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
