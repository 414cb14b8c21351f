/** The ElastiCache discovery in applications: slow endpoints, replaced nodes, growing clusters. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  elastiCache,
} from '../../../src/client.ts';
import { TestCluster, type TestNode } from '../../support/cluster.ts';
import { ManualDiscovery } from '../../support/manual-discovery.ts';
import { waitUntil } from '../../support/wait.ts';
import { sendAndReadToEnd } from '../../support/wire.ts';

const POLLING = { intervalMs: 100, minRefreshGapMs: 0 };
const keys = Array.from({ length: 60 }, (_, i) => `key${i}`);
const entries = keys.map((key) => [key, key] as const);

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(4);
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  for (const node of cluster.nodes) node.heal();
  await cluster.client().flush();
});

const openClients: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(openClients.splice(0).map((cache) => cache.close()));
});
function client(options: ClientOptions): CacheClient {
  const cache = createClient({ deadlineMs: 20_000, ...options });
  openClients.push(cache);
  return cache;
}
const namesOf = (nodes: readonly TestNode[]): readonly string[] =>
  nodes.map(({ name }) => name).sort();
/** A node refuses to lower the version, so each test uses higher ones. */
let versionsBefore = 0;
beforeEach(() => {
  versionsBefore += 1000;
});
/** Replaces a node's cluster config. */
async function setConfig({ server }: TestNode, version: number, nodes: readonly TestNode[]) {
  const names = nodes.map(({ name }) => name.replace(':', '||')).join(' ');
  const config = `${versionsBefore + version}\n${names}\n`;
  const request = `config set cluster 0 ${config.length}\r\n${config}\r\n`;
  expect((await sendAndReadToEnd(server.address, request)).toString()).toBe('STORED\r\n');
}
const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

test.each(['stall', 'disconnect'] as const)(
  'a client starts without a ready endpoint (%s), keeps polling, and serves later',
  async (fault) => {
    const [endpoint, data] = cluster.nodes as [TestNode, TestNode];
    await setConfig(endpoint, 1, [data]);
    endpoint[fault]();
    const discovery = { endpoints: [endpoint.name], deadlineMs: 200, ...POLLING };
    const cache = client({ nodes: elastiCache(discovery) });
    const codes: unknown[] = [];
    cache.on('discovery-error', ({ code }) => codes.push(code));
    const waiting = cache.set('a', 'waited');
    expect(await outcomeOf(cache.get('a', { deadlineMs: 50 }))).toBe('ERR_DISCOVERY');
    await waitUntil('several polls', () => codes.length >= 3);
    expect(new Set(codes)).toEqual(new Set(['ERR_DISCOVERY']));
    endpoint.heal();
    await waiting;
    expect(await cache.get('a')).toBe('waited');
    expect([...(await cache.version()).keys()]).toEqual([data.name]);
  },
);

test('a client follows the topology when every node and endpoint is replaced', async () => {
  const [first, second, ...later] = cluster.nodes as [TestNode, TestNode, TestNode, TestNode];
  const change = async (version: number, nodes: readonly TestNode[]): Promise<void> => {
    for (const node of cluster.nodes) await setConfig(node, version, nodes);
  };
  await change(1, [first, second]);
  const cache = client({ nodes: elastiCache({ endpoints: [first.name], ...POLLING }) });
  await cache.setMany(entries);
  const nextNodes = (): Promise<unknown> =>
    new Promise((resolve) => cache.once('nodes', (names) => resolve(names.toSorted())));
  const secondTopology = nextNodes();
  await change(2, [second, ...later]);
  expect(await secondTopology).toEqual(namesOf([second, ...later]));
  first.disconnect();
  const thirdTopology = nextNodes();
  await change(3, later);
  expect(await thirdTopology).toEqual(namesOf(later));
  second.disconnect();
  expect((await cache.setMany(entries)).failed.size).toBe(0);
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
  expect([...(await cache.version()).keys()].sort()).toEqual(namesOf(later));
});

test('a client with the endpoint as its only node is served by that node alone', async () => {
  const [endpoint, other] = cluster.nodes as [TestNode, TestNode];
  await setConfig(endpoint, 1, [endpoint, other]);
  const singleNode = client({ nodes: [endpoint.name] });
  const discovering = client({ nodes: elastiCache({ endpoints: [endpoint.name] }) });
  await singleNode.setMany(entries);
  expect((await singleNode.getMany(keys)).values.size).toBe(keys.length);
  const { values, failed } = await discovering.getMany(keys);
  const own = keys.filter((key) => discovering.nodeOf(key) === endpoint.name);
  expect([[...values.keys()].sort(), failed.size]).toEqual([own.sort(), 0]);
});

const GRACE = { previousOwner: { graceSeconds: 3600 } };
test.each<{ readonly options: Partial<ClientOptions>; readonly counts: readonly number[] }>([
  { options: GRACE, counts: [3, 4] },
  { options: { replicas: 2 }, counts: [3, 4, 3, 2, 3] },
  { options: { replicas: 2, ...GRACE }, counts: [4, 3, 2, 4] },
])(
  'counters continue from their values while the cluster changes: %j',
  async ({ options, counts }) => {
    const discovery = new ManualDiscovery();
    const cache = client({ nodes: discovery, ...options });
    let inUse = 2;
    discovery.publish(cluster.names.slice(0, inUse));
    for (const key of keys) await cache.set(key, 100);
    let counted = 100n;
    const moved = new Set<string>();
    for (const count of counts) {
      const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
      // Added machines are empty.
      for (const node of cluster.nodes.slice(inUse, count))
        await cluster.directClient(node).flush();
      inUse = count;
      discovery.publish(cluster.names.slice(0, count));
      for (const key of keys) if (cache.nodeOf(key) !== before.get(key)) moved.add(key);
      counted++;
      const values = await Promise.all(keys.map((key) => cache.increment(key)));
      expect([count, ...new Set(values)]).toEqual([count, counted]);
    }
    expect(moved.size).toBeGreaterThan(keys.length / 4);
  },
);
