/** A client that gets a list of nodes finds out by itself that they are members of a cluster. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { silentLogger } from '../../../src/base/index.ts';
import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import { publishTopology } from '../../../src/cluster/node/cluster-entry.ts';
import type { ClusterTopology } from '../../../src/topology/index.ts';
import { FixedCluster } from '../../support/fixed-cluster.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const keys = Array.from({ length: 300 }, (_, nth) => `key-${nth}`);
let nodes: FixedCluster;
const clients: CacheClient[] = [];

/** All nodes tell clients this topology. */
function publish(topology: ClusterTopology): void {
  for (const { node } of nodes.nodes) publishTopology(node.control.config, topology, silentLogger);
}

/** The requests that nodes have sent to other nodes. */
async function forwardCount(): Promise<number> {
  const reports = await Promise.all(nodes.nodes.map((node) => node.report()));
  return reports.flat().reduce((sum, { numbers }) => sum + numbers.forwards_sent, 0);
}

const addressOf = (nth: number): string => nodes.topology.members[nth]!.address;

function open(options: ClientOptions): CacheClient {
  const client = new CacheClient({ deadlineMs: 20_000, ...options });
  clients.push(client);
  return client;
}

const namesOf = (client: CacheClient): readonly string[] => client.nodes.map(({ name }) => name);
const follows = (client: CacheClient): Promise<unknown> =>
  waitUntil('the client follows', () => namesOf(client).length === 3);

beforeAll(async () => {
  nodes = await FixedCluster.start({ weights: [1, 3, 2, 0] });
  publish(nodes.topology);
});
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});
afterAll(() => nodes?.stop());

describe('a client with a list of members', () => {
  test('one address of a member is enough to reach the primary of each key', async () => {
    const client = open({ nodes: [addressOf(0)] });
    await client.set('first', '1');
    await follows(client);
    const before = await forwardCount();
    await client.setMany(keys.map((key) => [key, key]));
    expect((await client.getMany(keys)).values.size).toBe(keys.length);
    expect(await client.get('first')).toBe('1');
    expect(await forwardCount()).toBe(before);
  });
  test('a host name that leads to a member is as good as its address', async () => {
    const client = open({ nodes: [addressOf(0).replace('127.0.0.1', 'localhost')] });
    await client.ready();
    await follows(client);
    expect(namesOf(client)).toEqual([0, 1, 2].map(addressOf));
  });
  test('the client follows the next topology, and asks the new primaries', async () => {
    const client = open({ nodes: [addressOf(1), addressOf(2)] });
    await client.ready();
    await follows(client);
    const members = nodes.topology.members.map((one) => ({ ...one, weight: 4 - one.weight }));
    const weights = members.map((one, nth) => ({ ...one, weight: nth === 3 ? 0 : one.weight }));
    const next = { ...nodes.topology, version: nodes.topology.version + 1, members: weights };
    const owners = keys.map((key) => client.nodeOf(key)).join();
    // Nothing moves items in this cluster.
    await client.flush();
    await nodes.adopt(next);
    publish(next);
    const isNew = () => keys.map((key) => client.nodeOf(key)).join() !== owners;
    await waitUntil('the new weights', isNew);
    const before = await forwardCount();
    await client.setMany(keys.map((key) => [key, key]));
    expect(await forwardCount()).toBe(before);
  });
  test.each<[string, Partial<ClientOptions>]>([
    ['a distribution', { distribution: 'ketama' }],
    ['replicas', { replicas: 1 }],
    ['failover nodes', { failover: 'fail' }],
    ['previous owners', { previousOwner: { graceSeconds: 10 } }],
  ])('an option for %s keeps the client at its list', async (_, options) => {
    const client = open({ nodes: [addressOf(0)], ...options });
    const other = open({ nodes: [addressOf(0)] });
    await client.set('a', '1');
    await other.ready();
    await follows(other);
    expect(await client.get('a')).toBe('1');
    expect(namesOf(client)).toEqual([addressOf(0)]);
  });
  test('a client of a proxy stays at the proxy', async () => {
    const client = open({ nodes: [addressOf(3)] });
    await client.setMany(keys.map((key) => [key, key]));
    const other = open({ nodes: [addressOf(0)] });
    await other.ready();
    await follows(other);
    expect(namesOf(client)).toEqual([addressOf(3)]);
  });
  test('a client whose list has another program, too, stays at its list', async () => {
    const plain = await RawNode.start(() => 'ERROR\r\n');
    const list = [addressOf(0), `127.0.0.1:${plain.port}`];
    try {
      const client = open({ nodes: list });
      await client.ready();
      await waitUntil('the other program was asked', () => plain.connections === 2);
      const other = open({ nodes: [addressOf(0)] });
      await other.ready();
      await follows(other);
      expect(namesOf(client)).toEqual(list);
    } finally {
      await plain.stop();
    }
  });
});

test('a node that is no member is asked nothing, and gets one connection', async () => {
  const requests: string[] = [];
  const plain = await RawNode.start((text) => {
    requests.push(text);
    return 'EN\r\n';
  });
  try {
    const client = open({ nodes: [`127.0.0.1:${plain.port}`] });
    expect(await client.get('a')).toBeUndefined();
    expect(await client.get('b')).toBeUndefined();
    expect([plain.connections, requests.length]).toEqual([1, 2]);
  } finally {
    await plain.stop();
  }
});
