import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient } from '../../../src/client.ts';
import { type ServerKind, TestCluster, type TestNode } from '../../support/cluster.ts';
import { whyNoMemcached } from '../../support/memcached.ts';
import { waitUntil } from '../../support/wait.ts';

const kinds: readonly ServerKind[] = ['slabring', 'memcached'];

describe.each(kinds)('two replicas on three nodes of %s', (kind) => {
  const skip = kind === 'memcached' && whyNoMemcached() !== undefined;
  let cluster: TestCluster;
  let cache: CacheClient;
  /** Stands for the client of another process. */
  let other: CacheClient;
  let directClients: ReadonlyMap<TestNode, CacheClient>;
  beforeAll(async () => {
    if (skip) return;
    cluster = await TestCluster.start(3, kind);
    cache = cluster.client({ replicas: 2 });
    other = cluster.client({ replicas: 2 });
    directClients = new Map(cluster.nodes.map((node) => [node, cluster.directClient(node)]));
  });
  afterAll(() => cluster?.stop());

  const ownerOf = (key: string): TestNode => cluster.node(cache.nodeOf(key));
  const clientOf = (node: TestNode): CacheClient => directClients.get(node)!;
  /** The values of the replicas: the owner's, then those of the other nodes that have one. */
  async function replicaValues(key: string): Promise<readonly unknown[]> {
    const owner = ownerOf(key);
    const rest = cluster.nodes.filter((node) => node !== owner);
    const found = await Promise.all([owner, ...rest].map((node) => clientOf(node).get(key)));
    return [found[0], ...found.slice(1).filter((value) => value !== undefined)];
  }
  async function otherReplicaOf(key: string): Promise<TestNode> {
    for (const node of cluster.nodes) {
      if (node !== ownerOf(key) && (await clientOf(node).get(key)) !== undefined) return node;
    }
    throw new Error(`${key} has only one replica`);
  }
  /** Runs `during` while both clients see the node down, then waits until both see it up. */
  async function without(node: TestNode, during: () => Promise<void>): Promise<void> {
    const clients = [cache, other];
    const up = Promise.all(clients.map((client) => nextEvent(client, 'node-up', node)));
    const down = Promise.all(clients.map((client) => nextEvent(client, 'node-down', node)));
    // A client that has no connection to the node would not notice that it is down.
    for (const client of clients) await client.getMany(keysOf(node));
    node.disconnect();
    for (const client of clients) await client.getMany(keysOf(node));
    await down;
    try {
      await during();
    } finally {
      node.heal();
      await up;
    }
  }
  const nextEvent = (client: CacheClient, event: 'node-up' | 'node-down', node: TestNode) => {
    return new Promise<void>((resolve) => {
      const onEvent = (...[name]: readonly [string, ...unknown[]]): void => {
        if (name !== node.name) return;
        client.off(event, onEvent);
        resolve();
      };
      client.on(event, onEvent);
    });
  };
  /** Keys that the node owns; a read of them shows whether it is up. */
  const keysOf = (node: TestNode): readonly string[] => {
    const keys = Array.from({ length: 200 }, (_, i) => `ask${i}`);
    return keys.filter((key) => ownerOf(key) === node);
  };

  test.skipIf(skip)('a set and a delete reach both replicas', async () => {
    await cache.set('both', 'x');
    expect(await replicaValues('both')).toEqual(['x', 'x']);
    expect(await cache.delete('both')).toBe(true);
    expect(await replicaValues('both')).toEqual([undefined]);
    expect(await cache.delete('both')).toBe(false);
  });

  test.skipIf(skip)('nodesOf names the nodes that hold the replicas', async () => {
    for (const key of ['here', 'there', 'anywhere']) {
      await cache.set(key, 'x');
      const holders = cluster.nodes.map(async (node) => {
        return (await clientOf(node).get(key)) === undefined ? [] : [node.name];
      });
      const found = (await Promise.all(holders)).flat();
      expect(cache.nodesOf(key).toSorted()).toEqual(found.toSorted());
      expect([found.length, cache.nodesOf(key)[0]]).toEqual([2, cache.nodeOf(key)]);
    }
  });

  test.skipIf(skip)('a read of one key or many succeeds while the owner is down', async () => {
    const keys = Array.from({ length: 60 }, (_, i) => `read${i}`);
    await cache.setMany(keys.map((key) => [key, key] as const));
    const [first = ''] = keys;
    await without(ownerOf(first), async () => {
      expect(await cache.get(first)).toBe(first);
      const { values, failed } = await cache.getMany(keys);
      expect(failed.size).toBe(0);
      expect([...values.keys()].sort()).toEqual([...keys].sort());
    });
  });

  test.skipIf(skip)('a read repairs a lost replica with its flags and its ttl', async () => {
    await cache.set('lost', Buffer.from('bytes'), { ttl: 1000 });
    await clientOf(ownerOf('lost')).delete('lost');
    expect(await cache.get('lost')).toEqual(Buffer.from('bytes'));
    const owner = clientOf(ownerOf('lost'));
    await waitUntil('the repair', async () => (await owner.fetch('lost')).isHit);
    const repaired = await owner.fetch('lost');
    expect(repaired.value).toEqual(Buffer.from('bytes'));
    expect(repaired.ttl).toBeGreaterThan(900);
    expect(repaired.ttl).toBeLessThanOrEqual(1000);
  });

  test.skipIf(skip)('getMany repairs lost replicas, also those without a ttl', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `lostmany${i}`);
    await cache.setMany(keys.map((key) => [key, 1] as const));
    await Promise.all(keys.map((key) => clientOf(ownerOf(key)).delete(key)));
    expect((await cache.getMany(keys)).values.size).toBe(30);
    for (const key of keys) {
      const owner = clientOf(ownerOf(key));
      await waitUntil('the repair', async () => (await owner.fetch(key)).ttl === Infinity);
    }
  });

  test.skipIf(skip)('a repair overwrites nothing', async () => {
    await cache.set('fresh', 'old');
    const owner = clientOf(ownerOf('fresh'));
    await owner.delete('fresh');
    // The read finds the other replica; the set arrives before the repair can.
    const read = cache.get('fresh');
    const written = cache.set('fresh', 'new');
    await Promise.all([read, written]);
    expect(await replicaValues('fresh')).toEqual(['new', 'new']);
  });

  test.skipIf(skip)('a node serves no key whose write it missed', async () => {
    await cache.set('old', 'before');
    await cache.set('gone', 'before');
    const failed: string[] = [];
    const note = (node: string): void => void failed.push(node);
    cache.on('replica-failed', note);
    for (const key of ['old', 'gone']) {
      const node = ownerOf(key);
      await without(node, async () => {
        if (key === 'old') await cache.set(key, 'after');
        else expect(await cache.delete(key)).toBe(true);
      });
      expect(failed.at(-1)).toBe(node.name);
      expect(await cache.get(key)).toBe(key === 'old' ? 'after' : undefined);
      await waitUntil(
        'the node drops the stale value',
        async () => (await clientOf(node).get(key)) !== 'before',
      );
    }
    expect(failed).toHaveLength(2);
    cache.off('replica-failed', note);
  });

  test.skipIf(skip)('the owner decides a counter, the other replica gets its value', async () => {
    await cache.set('count', 5, { ttl: 500 });
    expect(await cache.increment('count', 3)).toBe(8n);
    expect(await replicaValues('count')).toEqual([8, 8]);
    const second = await otherReplicaOf('count');
    const copy = await clientOf(second).fetch('count');
    expect(copy.ttl).toBeGreaterThan(400);
    await without(ownerOf('count'), async () => {
      expect(await cache.increment('count')).toBe(9n);
    });
    // The owner missed the update and invalidated the counter; the other replica restores it.
    expect(await cache.increment('count')).toBe(10n);
    expect(await replicaValues('count')).toEqual([10, 10]);
  });

  test.skipIf(skip)('a counter that one replica has does not start again', async () => {
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(100n);
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(101n);
    await clientOf(ownerOf('start')).delete('start');
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(102n);
    expect(await replicaValues('start')).toEqual(['102', '102']);
    expect(await cache.increment('none')).toBeUndefined();
  });

  test.skipIf(skip)('concurrent increments of two clients are all counted', async () => {
    await cache.set('busy', 0);
    const counted = [cache, other].flatMap((client) => {
      return Array.from({ length: 50 }, () => client.increment('busy'));
    });
    const all = await Promise.all(counted);
    expect(new Set(all).size).toBe(100);
    expect(await cache.increment('busy')).toBe(101n);
    expect(await replicaValues('busy')).toEqual([101, 101]);
  });

  test.skipIf(skip)('the primary decides a cas, and both replicas store it', async () => {
    await cache.set('version', 'one');
    const [mine, theirs] = await Promise.all([cache.gets('version'), other.gets('version')]);
    expect(await cache.cas('version', 'two', mine!.cas)).toBe('stored');
    expect(await other.cas('version', 'three', theirs!.cas)).toBe('exists');
    expect(await replicaValues('version')).toEqual(['two', 'two']);
    expect(await cache.cas('no-version', 'x', mine!.cas)).not.toBe('stored');
  });

  test.skipIf(skip)('a CAS id of one replica never matches at the other', async () => {
    await cache.set('moved', 'one');
    const before = await cache.gets('moved');
    await without(ownerOf('moved'), async () => {
      expect(await cache.cas('moved', 'two', before!.cas)).toBe('exists');
      const now = await cache.gets('moved');
      expect(await cache.cas('moved', 'two', now!.cas)).toBe('stored');
    });
    expect(await cache.get('moved')).toBe('two');
  });

  test.skipIf(skip)('add, replace and append respect an item that any replica has', async () => {
    expect(await cache.add('lock', 'mine')).toBe('stored');
    expect(await replicaValues('lock')).toEqual(['mine', 'mine']);
    await clientOf(ownerOf('lock')).delete('lock');
    expect(await cache.add('lock', 'theirs')).toBe('not-stored');
    expect(await replicaValues('lock')).toEqual(['mine', 'mine']);
    await clientOf(ownerOf('lock')).delete('lock');
    expect(await cache.append('lock', '+')).toBe('stored');
    expect(await replicaValues('lock')).toEqual(['mine+', 'mine+']);
    await clientOf(ownerOf('lock')).delete('lock');
    expect(await cache.replace('lock', 'new', { ttl: 100 })).toBe('stored');
    expect(await replicaValues('lock')).toEqual(['new', 'new']);
    expect(await cache.replace('no-lock', 'x')).toBe('not-stored');
    expect(await replicaValues('no-lock')).toEqual([undefined]);
  });

  test.skipIf(skip)('a touch changes the ttl of both replicas', async () => {
    await cache.set('touched', 'x', { ttl: 50 });
    expect(await cache.touch('touched', 5000)).toBe(true);
    expect(await cache.touch('untouched', 5000)).toBe(false);
    for (const node of [ownerOf('touched'), await otherReplicaOf('touched')]) {
      expect((await clientOf(node).fetch('touched')).ttl).toBeGreaterThan(4000);
    }
  });

  test.skipIf(skip)('both replicas are stale, and one caller wins the lease', async () => {
    await cache.set('stale', 'x');
    expect(await cache.delete('stale', { staleSeconds: 100 })).toBe(true);
    const [first, second] = [await cache.fetch('stale'), await other.fetch('stale')];
    expect(first).toMatchObject({ value: 'x', isStale: true, wonLease: true });
    expect(second).toMatchObject({ value: 'x', isStale: true, wonLease: false });
    expect(await cache.cas('stale', 'y', first.cas!)).toBe('stored');
    expect(await other.fetch('stale')).toMatchObject({ value: 'y', isStale: false });
    expect(await replicaValues('stale')).toEqual(['y', 'y']);
  });

  test.skipIf(skip)('one caller wins a lease, none while a replica has the value', async () => {
    const [first, second] = await Promise.all([
      cache.fetch('lease', { leaseSeconds: 30 }),
      other.fetch('lease', { leaseSeconds: 30 }),
    ]);
    expect([first.wonLease, second.wonLease].sort()).toEqual([false, true]);
    const winner = first.wonLease ? first : second;
    expect(await cache.cas('lease', 'loaded', winner.cas!)).toBe('stored');
    expect(await replicaValues('lease')).toEqual(['loaded', 'loaded']);
    await clientOf(ownerOf('lease')).delete('lease');
    const again = await cache.fetch('lease', { leaseSeconds: 30 });
    expect(again).toMatchObject({ value: 'loaded', wonLease: false });
    const owner = clientOf(ownerOf('lease'));
    await waitUntil('the repair', async () => (await owner.get('lease')) === 'loaded');
  });

  test.skipIf(skip)('operations fail with a CacheError while both replicas are down', async () => {
    await cache.set('down', 'x');
    for (const node of cluster.nodes) node.disconnect();
    try {
      await expect(cache.get('down')).rejects.toMatchObject({ mayHaveRun: expect.any(Boolean) });
      await expect(cache.set('down', 'y')).rejects.toMatchObject({ name: 'CacheError' });
      const { failed } = await cache.getMany(['down', 'down2']);
      expect([...failed.keys()]).toEqual(['down', 'down2']);
    } finally {
      for (const node of cluster.nodes) node.heal();
    }
    await waitUntil('a node is up', () =>
      cache.set('down', 'z').then(
        () => true,
        () => false,
      ),
    );
    expect(await cache.get('down')).toBe('z');
  });
});
