import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type CacheClient, createClient } from '../../../../src/client.ts';
import type { TestServer } from '../../../support/server.ts';
import { until } from '../../../support/wait.ts';
import { NODES } from './servers.ts';

const KEYS = Array.from({ length: 60 }, (_, i) => `key-${i}`);

describe.each(NODES.filter(({ skip }) => !skip))(
  'getOrSet with two copies of everything on three of $name',
  ({ start }) => {
    let servers: TestServer[] = [];
    /** Two clients, as in two processes. */
    let clients: CacheClient[] = [];
    let loads = 0;
    const load = async ({ key }: { readonly key: string }): Promise<string> => {
      loads++;
      return `value of ${key}`;
    };
    const readAll = async (): Promise<void> => {
      const asked = clients.flatMap((cache) => {
        return KEYS.map(async (key) => {
          const value = await cache.getOrSet(key, load, { ttl: 1000, lease: 60 });
          expect(value).toBe(`value of ${key}`);
        });
      });
      await Promise.all(asked);
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

    test('each key is loaded once, and not again when a node lost all it had, or died', async () => {
      await readAll();
      expect(loads).toBe(KEYS.length);

      const lost = createClient({ nodes: [`127.0.0.1:${servers[0]!.port}`] });
      await lost.flush();
      await lost.close();
      await readAll();
      expect(loads).toBe(KEYS.length);

      let known = 0;
      for (const cache of clients) cache.once('node-down', () => void known++);
      servers[0]!.process.child.kill('SIGKILL');
      await until('both clients know', async () => {
        await Promise.allSettled(clients.flatMap((cache) => KEYS.map((key) => cache.get(key))));
        return known === clients.length;
      });
      await readAll();
      expect(loads).toBe(KEYS.length);
    });
  },
);
