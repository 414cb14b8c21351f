/** The bundled client with the nodes of a real cluster, whose topologies come from the test. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { CacheClient, cluster } from '../../../src/client.ts';
import { publishTopology } from '../../../src/cluster/node/cluster-entry.ts';
import type { ClusterTopology } from '../../../src/topology/index.ts';
import { FixedCluster } from '../../support/fixed-cluster.ts';
import { waitUntil } from '../../support/wait.ts';

const keys = Array.from({ length: 300 }, (_, nth) => `key-${nth}`);
let nodes: FixedCluster;
let client: CacheClient;

/** All nodes tell clients this topology. */
function publish(topology: ClusterTopology): void {
  for (const { node } of nodes.nodes) publishTopology(node.control.config, topology, silentLogger);
}

/** The requests that nodes have sent to other nodes. */
async function forwardCount(): Promise<number> {
  const reports = await Promise.all(nodes.nodes.map((node) => node.report()));
  return reports
    .flat()
    .map(({ numbers }) => numbers.forwards_sent)
    .reduce((sum, sent) => sum + sent);
}

beforeAll(async () => {
  nodes = await FixedCluster.start({ weights: [1, 3, 0, 2], replicas: 2 });
  publish(nodes.topology);
  const { host, port } = nodes.nodes[2]!.address;
  client = new CacheClient({ nodes: cluster(`${host}:${port}`), deadlineMs: 20_000 });
  await client.ready();
});
afterAll(async () => {
  await client?.close();
  await nodes?.stop();
});

describe('the client of this package in a cluster', () => {
  test('the client finds the nodes by a proxy, and reaches primaries at once', async () => {
    const names = client.nodes.map(({ name }) => name);
    expect(names).toEqual([0, 1, 3].map((nth) => nodes.topology.members[nth]!.address));
    const before = await forwardCount();
    await client.setMany(keys.map((key) => [key, key]));
    const { values } = await client.getMany(keys);
    expect([...values.values()].sort()).toEqual([...keys].sort());
    expect(await forwardCount()).toBe(before);
  });
  test('the client is right with an old list, and follows the next one', async () => {
    const { topology } = nodes;
    const weights = [3, 1, 0, 1];
    const members = topology.members.map((one, nth) => ({ ...one, weight: weights[nth]! }));
    const next = { ...topology, version: topology.version + 1, members };
    // Nothing moves items in this cluster.
    await client.flush();
    await nodes.adopt(next);
    const before = await forwardCount();
    await client.setMany(keys.map((key) => [key, `new ${key}`]));
    for (const key of keys) expect(await client.get(key)).toBe(`new ${key}`);
    expect(await forwardCount()).toBeGreaterThan(before);
    const owners = keys.map((key) => client.nodeOf(key)).join();
    publish(next);
    await waitUntil(
      'the new weights',
      () => keys.map((key) => client.nodeOf(key)).join() !== owners,
    );
    const after = await forwardCount();
    for (const key of keys) expect(await client.get(key)).toBe(`new ${key}`);
    expect(await forwardCount()).toBe(after);
  });
  test('a CAS id and a flush are the same at every node', async () => {
    await client.set('counted', '1');
    const found = await client.gets('counted');
    expect(await client.cas('counted', '2', found!.cas)).toBe('stored');
    expect(await client.cas('counted', '3', found!.cas)).toBe('exists');
    await client.flush();
    expect((await client.getMany(keys)).values.size).toBe(0);
  });
});
