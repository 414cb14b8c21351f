import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CacheClient, type ClientOptions, elastiCache } from '../../../src/client.ts';
import { TestCluster } from '../../support/cluster.ts';
import { ManualDiscovery } from '../../support/manual-discovery.ts';
import { waitUntil } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const keys = Array.from({ length: 400 }, (_, i) => `key${i}`);
const GRACE = { previousOwner: { graceSeconds: 3600 } };

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await TestCluster.start(3);
});
afterAll(() => cluster?.stop());
beforeEach(async () => {
  await cluster.client().flush();
});

const clients: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

/** A client without a topology. */
function startClient(options: Partial<ClientOptions> = {}): {
  cache: CacheClient;
  discovery: ManualDiscovery;
} {
  const discovery = new ManualDiscovery();
  const cache = new CacheClient({ nodes: discovery, deadlineMs: 10_000, ...options });
  clients.push(cache);
  return { cache, discovery };
}
const first = (count: number): readonly string[] => cluster.names.slice(0, count);

describe('before the first topology', () => {
  test('operations of one key and of many wait for it', async () => {
    const { cache, discovery } = startClient();
    const stored = cache.setMany(keys.map((key) => [key, key] as const));
    const found = cache.getMany(keys);
    const versions = cache.version();
    const names = new Promise((resolve) => cache.once('nodes', resolve));
    discovery.publish(first(3));
    expect((await stored).failed.size).toBe(0);
    // The sets began first, and use the same connections.
    expect((await found).values.size).toBe(keys.length);
    expect([...(await versions).keys()].sort()).toEqual([...first(3)].sort());
    expect(await names).toEqual(first(3));
  });

  test('operations fail at their deadline, and when the client closes', async () => {
    const { cache } = startClient();
    const late = cache.get('x', { deadlineMs: 20 });
    await expect(late).rejects.toMatchObject({ code: 'ERR_DISCOVERY', mayHaveRun: false });
    await expect(cache.version({ deadlineMs: 20 })).rejects.toMatchObject({
      code: 'ERR_DISCOVERY',
    });
    const many = await cache.getMany(['x', 'y'], { deadlineMs: 20 });
    expect([...many.failed.keys()]).toEqual(['x', 'y']);
    expect(() => cache.nodeOf('x')).toThrow(expect.objectContaining({ code: 'ERR_DISCOVERY' }));
    expect(() => cache.nodesOf('x')).toThrow(expect.objectContaining({ code: 'ERR_DISCOVERY' }));
    const closed = expect(cache.get('x')).rejects.toMatchObject({ code: 'ERR_CLOSED' });
    await cache.close();
    await closed;
  });

  test('a cancelled operation is not sent later', async () => {
    const { cache, discovery } = startClient();
    const controller = new AbortController();
    const set = cache.set('off', 'x', { signal: controller.signal });
    controller.abort();
    await expect(set).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT' });
    discovery.publish(first(1));
    expect(await cache.get('off')).toBeUndefined();
  });
});

describe('a change of the topology', () => {
  test('no operation fails under load', async () => {
    const { cache, discovery } = startClient();
    discovery.publish(first(2));
    let isChanging = true;
    let operations = 0;
    const load = async (lane: number): Promise<void> => {
      for (let i = 0; isChanging; i++) {
        const key = `load${lane}-${i % 50}`;
        await cache.set(key, i);
        await cache.get(key);
        await cache.getMany([key, 'load0-0', 'load1-1']);
        operations += 3;
      }
    };
    const lanes = Array.from({ length: 8 }, (_, lane) => load(lane));
    for (let change = 0; change < 30; change++) {
      const before = operations;
      discovery.publish(change % 2 === 0 ? first(3) : first(2));
      while (operations < before + 60) await new Promise(setImmediate);
    }
    isChanging = false;
    await Promise.all(lanes);
  });

  test('nodes that stay keep connections, a node that leaves settles its operations', async () => {
    let answer: (reply: string) => void = () => {};
    const asked = Promise.withResolvers<void>();
    const raw = await RawNode.start((text) => {
      asked.resolve();
      const opaque = /O(\d+)/.exec(text)?.[1];
      return new Promise<string>((resolve) => {
        answer = (value) => resolve(`VA ${value.length} O${opaque} f0\r\n${value}\r\n`);
      });
    });
    const name = `127.0.0.1:${raw.port}`;
    const { cache, discovery } = startClient();
    discovery.publish([name]);
    const slow = cache.get('slow');
    await asked.promise;
    discovery.publish(first(1));
    await cache.set('new', 'x');
    discovery.publish([...first(1), cluster.names[1]!]);
    answer('late');
    expect(await slow).toBe('late');
    expect(raw.connections).toBe(1);
    await waitUntil('the client closes the connection', () => raw.openConnections === 0);
    await raw.stop();
  });

  test('a name that stands for another machine gets a new connection', async () => {
    const raw = await RawNode.start((text) => `EN O${/O(\d+)/.exec(text)?.[1]}\r\n`);
    const name = `127.0.0.1:${raw.port}`;
    const { cache, discovery } = startClient();
    discovery.publish([name], { [name]: '10.0.0.1' });
    await cache.get('x');
    discovery.publish([name], { [name]: '10.0.0.1' });
    await cache.get('x');
    expect(raw.connections).toBe(1);
    discovery.publish([name], { [name]: '10.0.0.2' });
    await cache.get('x');
    expect(raw.connections).toBe(2);
    await cache.close();
    await raw.stop();
  });

  test('a CAS id of the previous owner never matches at the new owner', async () => {
    const { cache, discovery } = startClient();
    const [one = '', two = ''] = cluster.names;
    discovery.publish([one]);
    await cache.set('x', 'here');
    const { cas } = (await cache.gets('x'))!;
    discovery.publish([two]);
    await cache.set('x', 'there');
    expect(await cache.cas('x', 'lost', cas)).toBe('exists');
    const now = (await cache.gets('x'))!;
    expect(await cache.cas('x', 'kept', now.cas)).toBe('stored');
  });

  test('a topology that the distribution refuses does not replace the old one', async () => {
    const { cache, discovery } = startClient({ distribution: 'modulo' });
    const failure = new Promise<unknown>((resolve) => cache.once('discovery-error', resolve));
    discovery.publish(first(2));
    discovery.publish([{ host: 'elsewhere', weight: 3 }, first(1)[0]!]);
    expect(await failure).toMatchObject({ code: 'ERR_ARGUMENT' });
    await cache.set('x', 'y');
    expect([...(await cache.version()).keys()]).toEqual(first(2));
  });

  test('a failed discovery is a discovery-error, and a node down causes another poll', async () => {
    const { cache, discovery } = startClient();
    const failure = new Promise<unknown>((resolve) => cache.once('discovery-error', resolve));
    discovery.fail();
    expect(await failure).toMatchObject({ code: 'ERR_DISCOVERY' });
    discovery.publish(['127.0.0.1:1']);
    await expect(cache.get('x')).rejects.toMatchObject({ code: 'ERR_NODE_DOWN' });
    expect(discovery.refreshCount).toBe(1);
    await cache.close();
    expect(discovery.isClosed).toBe(true);
  });
});

describe('previousOwner', () => {
  /** A client whose cluster grew from two nodes to three, and the keys that moved. */
  async function grown(options: Partial<ClientOptions> = GRACE) {
    const { cache, discovery } = startClient(options);
    discovery.publish(first(2));
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    await cache.setMany(
      keys.map((key) => [key, `${key}!`] as const),
      { ttl: 5000 },
    );
    await cache.set('count', 7);
    discovery.publish(first(3));
    const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
    expect(moved.length).toBeGreaterThan(20);
    const newNode = cluster.directClient(cluster.nodes[2]!);
    const previousOwners = [
      cluster.directClient(cluster.nodes[0]!),
      cluster.directClient(cluster.nodes[1]!),
    ];
    const previousValues = async (key: string): Promise<readonly unknown[]> => {
      const found = await Promise.all(previousOwners.map((each) => each.get(key)));
      return found.filter((value) => value !== undefined);
    };
    return { cache, discovery, moved, newNode, previousValues };
  }

  test('without previousOwner the keys that moved are misses', async () => {
    const { cache, moved } = await grown({});
    expect(await cache.get(moved[0]!)).toBeUndefined();
    expect((await cache.getMany(keys)).values.size).toBe(keys.length - moved.length);
  });

  test('a read of one key or many finds moved keys, and copies them with their ttl', async () => {
    const { cache, moved, newNode } = await grown();
    const [one = '', two = ''] = moved;
    expect(await cache.get(one)).toBe(`${one}!`);
    expect(await cache.gets(two)).toMatchObject({ value: `${two}!` });
    const { values, failed } = await cache.getMany(keys);
    expect([values.size, failed.size]).toEqual([keys.length, 0]);
    for (const key of moved) {
      await expect.poll(async () => (await newNode.fetch(key)).ttl).toBeGreaterThan(4000);
    }
    // Now the new node holds them: the previous owners are not needed any more.
    expect((await newNode.getMany(moved)).values.size).toBe(moved.length);
  });

  test('a write or a delete also deletes the key at its previous owner', async () => {
    const { cache, moved, newNode, previousValues } = await grown();
    const [set = '', gone = '', unread = ''] = moved;
    await cache.set(set, 'new');
    expect(await cache.delete(gone)).toBe(true);
    expect(await cache.delete(gone)).toBe(false);
    expect([await previousValues(set), await previousValues(gone)]).toEqual([[], []]);
    expect(await previousValues(unread)).toEqual([`${unread}!`]);
    await newNode.delete(set);
    expect(await cache.get(set)).toBeUndefined();
    expect(await cache.get(gone)).toBeUndefined();
  });

  test('updates and leases find the value at the previous owner', async () => {
    const { cache, moved, newNode } = await grown();
    const [added = '', touched = '', appended = '', versioned = '', leased = ''] = moved;
    expect(await cache.add(added, 'other')).toBe('not-stored');
    expect(await cache.touch(touched, 9000)).toBe(true);
    expect((await newNode.fetch(touched)).ttl).toBeGreaterThan(8000);
    expect(await cache.append(appended, '+')).toBe('stored');
    expect(await cache.get(appended)).toBe(`${appended}!+`);
    const { cas } = (await cache.gets(versioned))!;
    expect(await cache.cas(versioned, 'next', cas)).toBe('stored');
    const lease = await cache.fetch(leased, { leaseSeconds: 30 });
    expect(lease).toMatchObject({ value: `${leased}!`, wonLease: false });
    expect(await cache.increment('count')).toBe(8n);
    expect(await cache.fetch('nowhere', { leaseSeconds: 30 })).toMatchObject({ wonLease: true });
    expect(await cache.get('nowhere2')).toBeUndefined();
  });

  test('replicas find keys at their previous owners, too', async () => {
    const { cache, moved } = await grown({ ...GRACE, replicas: 2 });
    expect((await cache.getMany(keys)).values.size).toBe(keys.length);
    await cache.delete(moved[0]!);
    expect(await cache.get(moved[0]!)).toBeUndefined();
    expect(await cache.increment('count')).toBe(8n);
  });

  test('after the grace the client does not ask the previous owner', async () => {
    const { cache, discovery } = startClient({ previousOwner: { graceSeconds: 1 } });
    discovery.publish(first(2));
    await cache.setMany(keys.map((key) => [key, key] as const));
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    discovery.publish(first(3));
    const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
    let at = 0;
    // Reads each key once, because a read during the grace copies the key.
    await expect.poll(() => cache.get(moved[at++ % moved.length]!)).toBeUndefined();
  });
});

test('a client finds a cluster by the ElastiCache discovery and follows its changes', async () => {
  let list = '';
  const endpoint = await RawNode.start(
    () => `CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`,
  );
  const publish = (version: number, names: readonly string[]): void => {
    const members = names.map((name) => name.replace(':', '||'));
    list = `${version}\n${members.join(' ')}\n`;
  };
  publish(1, first(2));
  const polling = { intervalMs: 100, minRefreshGapMs: 0, deadlineMs: 20_000 };
  const nodes = elastiCache({ endpoints: [`127.0.0.1:${endpoint.port}`], ...polling });
  const cache = new CacheClient({ nodes, deadlineMs: 20_000 });
  clients.push(cache);
  await cache.setMany(keys.map((key) => [key, key] as const));
  expect([...(await cache.version()).keys()]).toEqual(first(2));
  const changed = new Promise((resolve) => cache.on('nodes', resolve));
  publish(2, first(3));
  // The client also polls the nodes that it knows; they have no list, so it asks the endpoint.
  expect(await changed).toEqual(first(3));
  await cache.close();
  await endpoint.stop();
});
