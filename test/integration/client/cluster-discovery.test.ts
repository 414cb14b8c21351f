import { afterEach, describe, expect, test } from 'vitest';
import { cluster } from '../../../src/client/discovery/cluster.ts';
import type { CacheError } from '../../../src/client/index.ts';
import type { ClusterDiscoveryOptions } from '../../../src/client/option-types/discovery.ts';
import { CacheClient, type ClientOptions } from '../../../src/client.ts';
import { encodeTopology, type Topology } from '../../../src/topology/index.ts';
import { memberWith, topologyWith } from '../../support/cluster-topologies.ts';
import { startSlabring } from '../../support/node-process.ts';
import type { TestServer } from '../../support/server.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';
import { RawNode } from './raw-node.ts';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startNode(...args: readonly string[]): Promise<TestServer> {
  const server = await startSlabring({ args: ['-t', '1', '-m', '8', ...args] });
  cleanups.push(() => server.stop());
  return server;
}
async function setEntry(server: TestServer, name: string, data: string): Promise<void> {
  const request = Buffer.from(`config set ${name} 0 ${data.length}\r\n${data}\r\n`);
  expect(String(await sendAndReadToEnd(server.address, request))).toBe('STORED\r\n');
}
async function startRawNode(reply: (text: string, nth: number) => string): Promise<RawNode> {
  const node = await RawNode.start(reply);
  cleanups.push(() => node.stop());
  return node;
}
const configReply = (config: string): string =>
  `CONFIG cluster 0 ${config.length}\r\n${config}\r\nEND\r\n`;
const addressOf = ({ port }: { readonly port: number }): string => `127.0.0.1:${port}`;

/** A discovery, the topologies that it has reported as `version:names`, and its errors. */
function discover(endpoints: readonly string[], options: ClusterDiscoveryOptions = {}) {
  const topologies: string[] = [];
  const errors: CacheError[] = [];
  const discovery = cluster(endpoints, { deadlineMs: 20_000, ...options });
  cleanups.push(() => discovery.close());
  discovery.start({
    topology: ({ version, nodes }: Topology) => {
      const names = nodes.map(({ ringName, weight }) => `${ringName}*${weight}`);
      topologies.push(`${version}:${names.join()}`);
    },
    error: (error) => void errors.push(error),
  });
  return { discovery, topologies, errors };
}

describe('a client of a cluster', () => {
  test('the client follows each change of the config of a node, over one connection', async () => {
    let config = '1\na||11211\n';
    const node = await startRawNode((text) =>
      text === 'config get cluster\r\n' ? configReply(config) : 'END\r\n',
    );
    const { topologies } = discover([addressOf(node)], { intervalMs: 10 });
    await waitUntil('the first topology', () => topologies.length === 1);
    config = '2\na||11211 b||11211\n';
    await waitUntil('the second topology', () => topologies.length === 2);
    expect(topologies).toEqual(['1:a*1', '2:a*1,b*1']);
    expect(node.connections).toBe(1);
  });
  test('a topology that the client has is not sent again', async () => {
    const topology = encodeTopology(topologyWith([memberWith(1)], { version: 5 }));
    const requests: string[] = [];
    const node = await startRawNode((text) => {
      requests.push(text);
      const data = text === 'config get topology\r\n' ? topology : '';
      return `CONFIG topology 6 ${data.length}\r\n${data}\r\nEND\r\n`;
    });
    const { topologies } = discover([addressOf(node)], { intervalMs: 10 });
    await waitUntil('more polls', () => requests.length > 3);
    expect(requests.slice(0, 3)).toEqual([
      'config get topology\r\n',
      'config get topology 6\r\n',
      'config get topology 6\r\n',
    ]);
    expect(topologies).toEqual(['5:10.0.0.1*1']);
  });
  test('the weights come from the topology of a node, which names those that answer', async () => {
    const node = await startNode();
    const members = [
      memberWith(1, { weight: 3 }),
      memberWith(2, { state: 'down' }),
      memberWith(3, { weight: 0 }),
      memberWith(4, { state: 'leaving' }),
    ];
    await setEntry(node, 'topology', encodeTopology(topologyWith(members, { version: 5 })));
    const { topologies } = discover([addressOf(node)]);
    await waitUntil('a topology', () => topologies.length === 1);
    expect(topologies).toEqual(['5:10.0.0.1*3,10.0.0.4*1']);
  });
  test('the next endpoint is asked after one that fails, and the topology names more', async () => {
    const [first, last] = [await startNode(), await startNode()];
    await setEntry(last, 'cluster', '1\nx||11211\n');
    await setEntry(first, 'cluster', `1\n127.0.0.1||${last.port}\n`);
    const { topologies, errors } = discover([addressOf(first)], { intervalMs: 20 });
    await waitUntil('the first topology', () => topologies.length === 1);
    await first.stop();
    await setEntry(last, 'cluster', '2\nb||11211\n');
    await waitUntil('the topology of the other node', () => topologies.length === 2);
    expect(topologies[1]).toBe('2:b*1');
    expect(errors).toEqual([]);
  });
  test('a node that accepts only binary is asked in binary', async () => {
    const node = await startNode(
      '-B',
      'binary',
      '--cluster-nodes',
      'a:1',
      '--cluster-version',
      '7',
    );
    const { topologies } = discover([addressOf(node)]);
    await waitUntil('a topology', () => topologies.length === 1);
    expect(topologies).toEqual(['7:a:1*1']);
  });
  test('a node without a list, and one that refuses, are reported', async () => {
    const plain = await startNode();
    const refusing = await startRawNode(() => 'CLIENT_ERROR no\r\n');
    const { errors } = discover([addressOf(plain), addressOf(refusing)]);
    await waitUntil('an error', () => errors.length > 0);
    expect(errors[0]).toMatchObject({ code: 'ERR_DISCOVERY' });
    expect(errors[0]!.message).toMatch(/it has no cluster config.*it replied "CLIENT_ERROR no"/);
  });
  test('the connection is closed with the discovery', async () => {
    const reply = configReply('1\na||11211\n');
    const node = await startRawNode((text) => (text.includes('topology') ? 'END\r\n' : reply));
    const { discovery, topologies } = discover([addressOf(node)]);
    await waitUntil('a topology', () => topologies.length === 1);
    await discovery.close();
    await waitUntil('a closed connection', () => node.openConnections === 0);
  });
});

describe('the requests of a client of a cluster', () => {
  /** Two nodes that know each other, and a client; they are no cluster, but have a list. */
  async function startPair(options: Partial<ClientOptions> = {}) {
    const [one, other] = [await startNode(), await startNode()];
    const list = `1\n127.0.0.1||${one.port} 127.0.0.1||${other.port}\n`;
    for (const node of [one, other]) await setEntry(node, 'cluster', list);
    const nodes = cluster([addressOf(one)], { intervalMs: 10 });
    const client = new CacheClient({ nodes, deadlineMs: 10_000, ...options });
    cleanups.push(() => client.close());
    await client.ready();
    const ownedBy = (node: TestServer): string => {
      for (let nth = 0; ; nth++) {
        if (client.nodeOf(`key${nth}`) === addressOf(node)) return `key${nth}`;
      }
    };
    return { client, one, other, ownedBy };
  }
  test('a request whose node is down goes to another node', async () => {
    const { client, other, ownedBy } = await startPair();
    const key = ownedBy(other);
    await other.stop();
    await client.set(key, 'value');
    expect(await client.get(key)).toBe('value');
    expect((await client.getMany([key])).values.get(key)).toBe('value');
  });
  test('a flush goes to one node, which flushes the cluster', async () => {
    const { client, one, other } = await startPair();
    await client.flush();
    const flushes = await Promise.all(
      [one, other].map(async (node) => {
        const stats = await sendAndReadToEnd(node.address, Buffer.from('stats\r\n'));
        return Number(/cmd_flush (\d+)/.exec(String(stats))![1]);
      }),
    );
    expect(flushes[0]! + flushes[1]!).toBe(1);
  });
  test('a CAS id of one node is valid at another', async () => {
    const { client, other, ownedBy } = await startPair();
    const key = ownedBy(other);
    await client.set(key, 'value');
    const found = await client.gets(key);
    const direct = String(await sendAndReadToEnd(other.address, Buffer.from(`gets ${key}\r\n`)));
    expect(direct).toContain(` ${found!.cas}\r\n`);
  });
  test.each([
    { replicas: 2 },
    { failover: 'next' },
    { previousOwner: { graceSeconds: 1 } },
    { distribution: 'modulo' },
  ] as const)('the option %o is refused', (options) => {
    const nodes = cluster('127.0.0.1:1');
    expect(() => new CacheClient({ nodes, ...options })).toThrow(/Leave out \w+: the nodes of a/);
  });
});
