/** ElastiCache's discovery as applications have it: endpoints that are slow, nodes that are replaced, clusters that grow. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type CacheClient,
  CacheError,
  type ClientOptions,
  createClient,
  elastiCache,
} from '../../../src/client.ts';
import { TestFleet, type TestNode } from '../../support/fleet.ts';
import { HandDiscovery } from '../../support/hand-discovery.ts';
import { until } from '../../support/wait.ts';
import { dialogue } from '../../support/wire.ts';

const PACE = { intervalMs: 100, refreshGapMs: 0 };
const keys = Array.from({ length: 60 }, (_, i) => `key${i}`);
const entries = keys.map((key) => [key, key] as const);

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start(4);
});
afterAll(() => fleet?.end());
beforeEach(async () => {
  for (const node of fleet.nodes) node.mend();
  await fleet.client().flush();
});

const open: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((cache) => cache.close()));
});
function client(options: ClientOptions): CacheClient {
  const cache = createClient({ deadlineMs: 20_000, ...options });
  open.push(cache);
  return cache;
}
const namesOf = (nodes: readonly TestNode[]): readonly string[] =>
  nodes.map(({ name }) => name).sort();
/** Tells a node what its cluster is. */
async function tell({ server }: TestNode, version: number, nodes: readonly TestNode[]) {
  const list = `${version}\n${nodes.map(({ name }) => name.replace(':', '||')).join(' ')}\n`;
  const said = `config set cluster 0 ${list.length}\r\n${list}\r\n`;
  expect((await dialogue(server.address, said)).toString()).toBe('STORED\r\n');
}
const endOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.catch((error: unknown) => (error instanceof CacheError ? error.code : error));

test.each(['stall', 'cutOff'] as const)(
  'an endpoint that is not ready (%s) makes no client fail: it starts, goes on looking, and serves',
  async (fault) => {
    const [endpoint, data] = fleet.nodes as [TestNode, TestNode];
    await tell(endpoint, 1, [data]);
    endpoint[fault]();
    const looks = { endpoints: [endpoint.name], deadlineMs: 200, ...PACE };
    const cache = client({ nodes: elastiCache(looks) });
    const troubles: unknown[] = [];
    cache.on('discovery-trouble', ({ code }) => troubles.push(code));
    const patient = cache.set('a', 'waited');
    expect(await endOf(cache.get('a', { deadlineMs: 50 }))).toBe('ERR_DISCOVERY');
    await until('it has looked several times', () => troubles.length >= 3);
    expect(new Set(troubles)).toEqual(new Set(['ERR_DISCOVERY']));
    endpoint.mend();
    await patient;
    expect(await cache.get('a')).toBe('waited');
    expect([...(await cache.version()).keys()]).toEqual([data.name]);
  },
);

test('a client follows although every node is replaced, and so is its endpoint', async () => {
  const [first, second, ...later] = fleet.nodes as [TestNode, TestNode, TestNode, TestNode];
  const change = async (version: number, nodes: readonly TestNode[]): Promise<void> => {
    for (const node of fleet.nodes) await tell(node, version, nodes);
  };
  await change(1, [first, second]);
  const cache = client({ nodes: elastiCache({ endpoints: [first.name], ...PACE }) });
  await cache.setMany(entries);
  const heard = (): Promise<unknown> =>
    new Promise((told) => cache.once('nodes', (names) => told(names.toSorted())));
  const half = heard();
  await change(2, [second, ...later]);
  expect(await half).toEqual(namesOf([second, ...later]));
  first.cutOff();
  const whole = heard();
  await change(3, later);
  expect(await whole).toEqual(namesOf(later));
  second.cutOff();
  expect((await cache.setMany(entries)).failed.size).toBe(0);
  expect((await cache.getMany(keys)).values.size).toBe(keys.length);
  expect([...(await cache.version()).keys()].sort()).toEqual(namesOf(later));
});

test('an application that takes the endpoint for a data node is served, by that node alone', async () => {
  const [endpoint, other] = fleet.nodes as [TestNode, TestNode];
  await tell(endpoint, 1, [endpoint, other]);
  const naive = client({ nodes: [endpoint.name] });
  const knowing = client({ nodes: elastiCache({ endpoints: [endpoint.name] }) });
  await naive.setMany(entries);
  expect((await naive.getMany(keys)).values.size).toBe(keys.length);
  const { values, failed } = await knowing.getMany(keys);
  const own = keys.filter((key) => knowing.nodeOf(key) === endpoint.name);
  expect([[...values.keys()].sort(), failed.size]).toEqual([own.sort(), 0]);
});

const GRACE = { previousOwner: { graceSeconds: 3600 } };
test.each<{ readonly options: Partial<ClientOptions>; readonly counts: readonly number[] }>([
  { options: GRACE, counts: [3, 4] },
  { options: { replicas: 2 }, counts: [3, 4, 3, 2, 3] },
  { options: { replicas: 2, ...GRACE }, counts: [4, 3, 2, 4] },
])('counters go on where they were while the cluster changes: %j', async ({ options, counts }) => {
  const hand = new HandDiscovery();
  const cache = client({ nodes: hand, ...options });
  let inUse = 2;
  hand.tell(fleet.names.slice(0, inUse));
  for (const key of keys) await cache.set(key, 100);
  let counted = 100n;
  const moved = new Set<string>();
  for (const count of counts) {
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    // Machines that are added are empty.
    for (const node of fleet.nodes.slice(inUse, count)) await fleet.inside(node).flush();
    inUse = count;
    hand.tell(fleet.names.slice(0, count));
    for (const key of keys) if (cache.nodeOf(key) !== before.get(key)) moved.add(key);
    counted++;
    const values = await Promise.all(keys.map((key) => cache.increment(key)));
    expect([count, ...new Set(values)]).toEqual([count, counted]);
  }
  expect(moved.size).toBeGreaterThan(keys.length / 4);
});
