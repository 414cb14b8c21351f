/** Clients in other languages, before and after a rolling restart that nobody told them of. */
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../support/folder.ts';
import { portsFor, SupervisedCluster } from '../../support/supervised-cluster.ts';
import { waitUntil } from '../../support/wait.ts';
import { Agent, bytes, type Json } from './agent.ts';
import { clientMissing, DALLI, PHP_MEMCACHED, PYLIBMC, PYMEMCACHE } from './clients.ts';

const KEYS = 2000;
const NODES = 3;
/** dalli waits 30 seconds before it tries a node again that was down. */
const RETRY_MS = 45_000;

/** pymemcache's base client uses one node. */
const CLIENTS = [
  { client: PHP_MEMCACHED, usesAll: true },
  { client: PYLIBMC, usesAll: true },
  { client: DALLI, usesAll: true },
  { client: PYMEMCACHE, usesAll: false },
].filter(({ client }) => clientMissing(client) === undefined);

const reason = CLIENTS.length === 0 ? clientMissing(PHP_MEMCACHED) : undefined;
if (reason !== undefined) console.warn(`skipped: a rolling restart: ${reason}`);

describe.skipIf(reason !== undefined)('a rolling restart', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  let cluster: SupervisedCluster;
  const agents: { readonly title: string; readonly agent: Agent }[] = [];
  beforeAll(async () => {
    folder = await temporaryFolder();
    const tmp = join(folder.path, 'tmp');
    cluster = await SupervisedCluster.start(tmp, '-m', '64', ...(await portsFor(NODES)));
    for (const { client, usesAll } of CLIENTS) {
      const servers = usesAll ? cluster.addresses : cluster.addresses.slice(0, 1);
      agents.push({ title: client.title, agent: new Agent(client, { servers, ketama: true }) });
    }
  });
  afterAll(async () => {
    await Promise.all(agents.map(({ agent }) => agent.stop()));
    await cluster?.stop();
    await folder?.remove();
  });

  test(`each client finds its ${KEYS} keys afterwards`, async () => {
    const contentOf = (key: string): Json => bytes(Buffer.from(`value of ${key}`));
    const keysOf = (title: string) =>
      Array.from({ length: KEYS }, (_, nth) => `${title.replaceAll(/\W+/g, '-')}-${nth}`);
    for (const { title, agent } of agents) {
      for (const key of keysOf(title))
        expect(await agent.call('set', key, contentOf(key))).toBe(true);
    }
    expect(await cluster.run('restart', '--rolling')).toMatchObject({ code: 0, err: '' });
    for (const { title, agent } of agents) {
      const find = (key: string) => agent.call('get', key).catch(() => undefined);
      const wrong: unknown[] = [];
      for (const key of keysOf(title)) {
        // A client fails until it connects again; what it then finds is the value, not a miss.
        const found = await waitUntil(
          `${title} reads ${key}`,
          async () => ({ value: await find(key) }).value ?? false,
          RETRY_MS,
        ).catch(() => undefined);
        if (found !== `value of ${key}`) wrong.push([key, found]);
        if (wrong.length > 2) break;
      }
      expect([title, wrong]).toEqual([title, []]);
    }
  }, 600_000);
});
