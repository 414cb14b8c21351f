import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { CacheClient, type ClientOptions, elastiCache } from '../../../src/client.ts';
import { TestFleet } from '../../support/fleet.ts';
import { HandDiscovery } from '../../support/hand-discovery.ts';
import { until } from '../../support/wait.ts';
import { RawNode } from './raw-node.ts';

const keys = Array.from({ length: 400 }, (_, i) => `key${i}`);
const GRACE = { previousOwner: { graceSeconds: 3600 } };

let fleet: TestFleet;
beforeAll(async () => {
  fleet = await TestFleet.start(3);
});
afterAll(() => fleet?.end());
beforeEach(async () => {
  await fleet.client().flush();
});

const clients: CacheClient[] = [];
afterEach(async () => {
  await Promise.all(clients.splice(0).map((client) => client.close()));
});

/** A client that knows of no node yet. */
function start(options: Partial<ClientOptions> = {}): { cache: CacheClient; hand: HandDiscovery } {
  const hand = new HandDiscovery();
  const cache = new CacheClient({ nodes: hand, deadlineMs: 10_000, ...options });
  clients.push(cache);
  return { cache, hand };
}
const first = (count: number): readonly string[] => fleet.names.slice(0, count);

describe('before there is a list', () => {
  test('operations wait for it, of one key and of many', async () => {
    const { cache, hand } = start();
    const stored = cache.setMany(keys.map((key) => [key, key] as const));
    const found = cache.getMany(keys);
    const versions = cache.version();
    const names = new Promise((resolve) => cache.once('nodes', resolve));
    hand.tell(first(3));
    expect((await stored).failed.size).toBe(0);
    // The sets were asked for first, and go the same ways.
    expect((await found).values.size).toBe(keys.length);
    expect([...(await versions).keys()].sort()).toEqual([...first(3)].sort());
    expect(await names).toEqual(first(3));
  });

  test('they fail at their deadline, and with the client', async () => {
    const { cache } = start();
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

  test('one that is called off does not go out later', async () => {
    const { cache, hand } = start();
    const controller = new AbortController();
    const set = cache.set('off', 'x', { signal: controller.signal });
    controller.abort();
    await expect(set).rejects.toMatchObject({ code: 'ERR_ABORTED_UNSENT' });
    hand.tell(first(1));
    expect(await cache.get('off')).toBeUndefined();
  });
});

describe('when the nodes change', () => {
  test('no operation fails, under load', async () => {
    const { cache, hand } = start();
    hand.tell(first(2));
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
      hand.tell(change % 2 === 0 ? first(3) : first(2));
      while (operations < before + 60) await new Promise(setImmediate);
    }
    isChanging = false;
    await Promise.all(lanes);
  });

  test('nodes that stay keep their connections, one that leaves ends what it has', async () => {
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
    const { cache, hand } = start();
    hand.tell([name]);
    const slow = cache.get('slow');
    await asked.promise;
    hand.tell(first(1));
    await cache.set('new', 'x');
    hand.tell([...first(1), fleet.names[1]!]);
    answer('late');
    expect(await slow).toBe('late');
    expect(raw.connections).toBe(1);
    await until('it is let go', () => raw.openConnections === 0);
    await raw.stop();
  });

  test('another machine of the same name is connected to anew', async () => {
    const raw = await RawNode.start((text) => `EN O${/O(\d+)/.exec(text)?.[1]}\r\n`);
    const name = `127.0.0.1:${raw.port}`;
    const { cache, hand } = start();
    hand.tell([name], { [name]: '10.0.0.1' });
    await cache.get('x');
    hand.tell([name], { [name]: '10.0.0.1' });
    await cache.get('x');
    expect(raw.connections).toBe(1);
    hand.tell([name], { [name]: '10.0.0.2' });
    await cache.get('x');
    expect(raw.connections).toBe(2);
    await cache.close();
    await raw.stop();
  });

  test('a version of one node is none of the next', async () => {
    const { cache, hand } = start();
    const [one = '', two = ''] = fleet.names;
    hand.tell([one]);
    await cache.set('x', 'here');
    const { cas } = (await cache.gets('x'))!;
    hand.tell([two]);
    await cache.set('x', 'there');
    expect(await cache.cas('x', 'lost', cas)).toBe('exists');
    const now = (await cache.gets('x'))!;
    expect(await cache.cas('x', 'kept', now.cas)).toBe('stored');
  });

  test('a list that keys cannot be placed on is told, and the old one stays', async () => {
    const { cache, hand } = start({ distribution: 'modulo' });
    const trouble = new Promise<unknown>((told) => cache.once('discovery-trouble', told));
    hand.tell(first(2));
    hand.tell([{ host: 'elsewhere', weight: 3 }, first(1)[0]!]);
    expect(await trouble).toMatchObject({ code: 'ERR_ARGUMENT' });
    await cache.set('x', 'y');
    expect([...(await cache.version()).keys()]).toEqual(first(2));
  });

  test('trouble of the discovery is told, and a node that is down makes it look again', async () => {
    const { cache, hand } = start();
    const trouble = new Promise<unknown>((told) => cache.once('discovery-trouble', told));
    hand.fail();
    expect(await trouble).toMatchObject({ code: 'ERR_DISCOVERY' });
    hand.tell(['127.0.0.1:1']);
    await expect(cache.get('x')).rejects.toMatchObject({ code: 'ERR_NODE_DOWN' });
    expect(hand.refreshes).toBe(1);
    await cache.close();
    expect(hand.isClosed).toBe(true);
  });
});

describe('previousOwner', () => {
  /** A client that had two nodes and has three, and the keys that moved meanwhile. */
  async function grown(options: Partial<ClientOptions> = GRACE) {
    const { cache, hand } = start(options);
    hand.tell(first(2));
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    await cache.setMany(
      keys.map((key) => [key, `${key}!`] as const),
      { ttl: 5000 },
    );
    await cache.set('count', 7);
    hand.tell(first(3));
    const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
    expect(moved.length).toBeGreaterThan(20);
    const newcomer = fleet.inside(fleet.nodes[2]!);
    const olds = [fleet.inside(fleet.nodes[0]!), fleet.inside(fleet.nodes[1]!)];
    const old = async (key: string): Promise<readonly unknown[]> => {
      const found = await Promise.all(olds.map((each) => each.get(key)));
      return found.filter((value) => value !== undefined);
    };
    return { cache, hand, moved, newcomer, old };
  }

  test('without it what moved is a miss', async () => {
    const { cache, moved } = await grown({});
    expect(await cache.get(moved[0]!)).toBeUndefined();
    expect((await cache.getMany(keys)).values.size).toBe(keys.length - moved.length);
  });

  test('nothing is missed, one key or many, and it is brought over with its time', async () => {
    const { cache, moved, newcomer } = await grown();
    const [one = '', two = ''] = moved;
    expect(await cache.get(one)).toBe(`${one}!`);
    expect(await cache.gets(two)).toMatchObject({ value: `${two}!` });
    const { values, failed } = await cache.getMany(keys);
    expect([values.size, failed.size]).toEqual([keys.length, 0]);
    for (const key of moved) {
      await expect.poll(async () => (await newcomer.fetch(key)).ttlSeconds).toBeGreaterThan(4000);
    }
    // Now they are the newcomer's: the old places are not needed any more.
    expect((await newcomer.getMany(moved)).values.size).toBe(moved.length);
  });

  test('what is written or deleted does not come back', async () => {
    const { cache, moved, newcomer, old } = await grown();
    const [set = '', gone = '', unread = ''] = moved;
    await cache.set(set, 'new');
    expect(await cache.delete(gone)).toBe(true);
    expect(await cache.delete(gone)).toBe(false);
    expect([await old(set), await old(gone)]).toEqual([[], []]);
    expect(await old(unread)).toEqual([`${unread}!`]);
    await newcomer.delete(set);
    expect(await cache.get(set)).toBeUndefined();
    expect(await cache.get(gone)).toBeUndefined();
  });

  test('what depends on the value finds it', async () => {
    const { cache, moved, newcomer } = await grown();
    const [added = '', touched = '', appended = '', versioned = '', leased = ''] = moved;
    expect(await cache.add(added, 'other')).toBe('not-stored');
    expect(await cache.touch(touched, 9000)).toBe(true);
    expect((await newcomer.fetch(touched)).ttlSeconds).toBeGreaterThan(8000);
    expect(await cache.append(appended, '+')).toBe('stored');
    expect(await cache.get(appended)).toBe(`${appended}!+`);
    const { cas } = (await cache.gets(versioned))!;
    expect(await cache.cas(versioned, 'next', cas)).toBe('stored');
    const lease = await cache.fetch(leased, { leaseSeconds: 30 });
    expect(lease).toMatchObject({ value: `${leased}!`, won: false });
    expect(await cache.increment('count')).toBe(8n);
    expect(await cache.fetch('nowhere', { leaseSeconds: 30 })).toMatchObject({ won: true });
    expect(await cache.get('nowhere2')).toBeUndefined();
  });

  test('it holds with copies, too', async () => {
    const { cache, moved } = await grown({ ...GRACE, replicas: 2 });
    expect((await cache.getMany(keys)).values.size).toBe(keys.length);
    await cache.delete(moved[0]!);
    expect(await cache.get(moved[0]!)).toBeUndefined();
    expect(await cache.increment('count')).toBe(8n);
  });

  test('after the grace a key is only where it is', async () => {
    const { cache, hand } = start({ previousOwner: { graceSeconds: 1 } });
    hand.tell(first(2));
    await cache.setMany(keys.map((key) => [key, key] as const));
    const before = new Map(keys.map((key) => [key, cache.nodeOf(key)]));
    hand.tell(first(3));
    const moved = keys.filter((key) => cache.nodeOf(key) !== before.get(key));
    let at = 0;
    // Each is asked for once: what was read in the grace has been brought over.
    await expect.poll(() => cache.get(moved[at++ % moved.length]!)).toBeUndefined();
  });
});

test('a cluster is found by ElastiCache’s discovery, and followed', async () => {
  let list = '';
  const endpoint = await RawNode.start(
    () => `CONFIG cluster 0 ${list.length}\r\n${list}\r\nEND\r\n`,
  );
  const say = (version: number, names: readonly string[]): void => {
    const members = names.map((name) => name.replace(':', '||'));
    list = `${version}\n${members.join(' ')}\n`;
  };
  say(1, first(2));
  const pace = { intervalMs: 100, refreshGapMs: 0, deadlineMs: 20_000 };
  const nodes = elastiCache({ endpoints: [`127.0.0.1:${endpoint.port}`], ...pace });
  const cache = new CacheClient({ nodes, deadlineMs: 20_000 });
  clients.push(cache);
  await cache.setMany(keys.map((key) => [key, key] as const));
  expect([...(await cache.version()).keys()]).toEqual(first(2));
  const changed = new Promise((told) => cache.on('nodes', told));
  say(2, first(3));
  // The nodes that are known are asked, too, and know of nothing: the endpoint's turn comes.
  expect(await changed).toEqual(first(3));
  await cache.close();
  await endpoint.stop();
});
