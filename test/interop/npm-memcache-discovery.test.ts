import { Memcache, type MemcacheOptions } from 'memcache';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startCluster, type TestCluster } from '../support/cluster-process.ts';
import { sendAndReadToEnd } from '../support/wire.ts';

const TIMEOUT_MS = 10_000;
/** The polling interval of a client that must notice a change during a test. */
const POLLING_MS = 20;

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster(undefined, '--allow-config-set');
});
afterAll(() => cluster?.stop());

/**
 * The errors of discoveries. A poll that runs while its client disconnects fails; tests therefore
 * check this list before they disconnect.
 */
const errors: unknown[] = [];

/** A client whose options name only one node. */
async function discoveringClient(
  more: Partial<NonNullable<MemcacheOptions['autoDiscover']>> = {},
): Promise<Memcache> {
  const [, second = ''] = cluster.addresses;
  const autoDiscover = { enabled: true, configEndpoint: second, ...more };
  const client = new Memcache({ nodes: [second], timeout: TIMEOUT_MS, autoDiscover });
  client.on('autoDiscoverError', (error: unknown) => errors.push(error));
  await client.connect();
  return client;
}

describe("npm's memcache finds the nodes of slabring cluster", () => {
  test.for([
    ['config get cluster', false],
    ['get AmazonElastiCache:cluster', true],
  ] as const)('the client finds the nodes by the command %s', async ([, useLegacyCommand]) => {
    const client = await discoveringClient({ useLegacyCommand });
    expect([...client.nodeIds].sort()).toEqual([...cluster.addresses].sort());
    const keys = Array.from({ length: 100 }, (_, i) => `found:${i}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    expect(await client.gets(keys)).toEqual(new Map(keys.map((key) => [key, key])));
    const stats = [...(await client.stats()).values()];
    expect(stats).toHaveLength(cluster.addresses.length);
    const items = stats.reduce((sum, of) => sum + Number(of['curr_items']), 0);
    expect(items).toBe(keys.length);
    expect(errors.splice(0)).toEqual([]);
    await client.disconnect();
  });

  test('the client follows a change of the topology', async () => {
    const client = await discoveringClient({ pollingInterval: POLLING_MS });
    const [first = '', second = ''] = cluster.addresses;
    const nodes = [first, second].map((address) => `localhost|${address.replace(':', '|')}`);
    const block = `4000000000\n${nodes.join(' ')}\n`;
    const [host = '', port] = second.split(':');
    const request = `config set cluster 0 ${block.length}\r\n${block}\r\n`;
    const reply = await sendAndReadToEnd({ host, port: Number(port) }, Buffer.from(request));
    expect(reply.toString()).toBe('STORED\r\n');
    await expect
      .poll(() => [...client.nodeIds].sort(), { timeout: TIMEOUT_MS })
      .toEqual([first, second]);
    expect(errors.splice(0)).toEqual([]);
    await client.disconnect();
  });
});
