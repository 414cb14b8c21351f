import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../../src/client.ts';
import { SERVERS } from '../../../support/both-servers.ts';
import type { TestServer } from '../../../support/server.ts';
import { waitUntil } from '../../../support/wait.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`);

describe.each(SERVERS.filter(({ skip }) => !skip))(
  'getOrSet with two replicas on three nodes of $name',
  ({ start }) => {
    let servers: TestServer[] = [];
    /** Two clients, which stand for two processes. */
    let clients: CacheClient[] = [];
    let loads = 0;
    const load = async ({ key }: { readonly key: string }): Promise<string> => {
      loads++;
      return `value of ${key}`;
    };
    const readAll = async (): Promise<void> => {
      const reads = clients.flatMap((cache) => {
        return KEYS.map(async (key) => {
          const value = await cache.getOrSet(key, load, { ttl: 1000, leaseSeconds: 60 });
          expect(value).toBe(`value of ${key}`);
        });
      });
      await Promise.all(reads);
    };

    beforeAll(async () => {
      servers = await Promise.all([start(), start(), start()]);
      const nodes = servers.map(({ port }) => `127.0.0.1:${port}`);
      clients = [0, 1].map(() => createClient({ nodes, replicas: 2, deadlineMs: 20_000 }));
    });
    afterAll(async () => {
      await Promise.all(clients.map((cache) => cache.close()));
      await Promise.all(servers.map((server) => server.stop()));
    });

    test('getOrSet loads each key once, not again after a node is flushed or killed', async () => {
      await readAll();
      expect(loads).toBe(KEYS.length);

      const direct = createClient({ nodes: [`127.0.0.1:${servers[0]!.port}`] });
      await direct.flush();
      await direct.close();
      await readAll();
      expect(loads).toBe(KEYS.length);

      let downEvents = 0;
      for (const cache of clients) cache.once('node-down', () => void downEvents++);
      servers[0]!.process.child.kill('SIGKILL');
      await waitUntil('both clients know that the node is down', async () => {
        await Promise.allSettled(clients.flatMap((cache) => KEYS.map((key) => cache.get(key))));
        return downEvents === clients.length;
      });
      await readAll();
      expect(loads).toBe(KEYS.length);
    });
  },
);
