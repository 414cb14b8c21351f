import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CacheClient } from '../../../src/client.ts';
import { type ServerKind, TestFleet, type TestNode } from '../../support/fleet.ts';
import { memcachedMissing } from '../../support/memcached.ts';
import { until } from '../../support/wait.ts';

const kinds: readonly ServerKind[] = ['slabring', 'memcached'];

describe.each(kinds)('two copies on three nodes of %s', (kind) => {
  const skip = kind === 'memcached' && memcachedMissing() !== undefined;
  let fleet: TestFleet;
  let cache: CacheClient;
  /** Another process's client. */
  let other: CacheClient;
  let inside: ReadonlyMap<TestNode, CacheClient>;
  beforeAll(async () => {
    if (skip) return;
    fleet = await TestFleet.start(3, kind);
    cache = fleet.client({ replicas: 2 });
    other = fleet.client({ replicas: 2 });
    inside = new Map(fleet.nodes.map((node) => [node, fleet.inside(node)]));
  });
  afterAll(() => fleet?.end());

  const ownerOf = (key: string): TestNode => fleet.node(cache.nodeOf(key));
  const at = (node: TestNode): CacheClient => inside.get(node)!;
  /** The values of the copies, the owner's first, then who has one. */
  async function copies(key: string): Promise<readonly unknown[]> {
    const owner = ownerOf(key);
    const rest = fleet.nodes.filter((node) => node !== owner);
    const found = await Promise.all([owner, ...rest].map((node) => at(node).get(key)));
    return [found[0], ...found.slice(1).filter((value) => value !== undefined)];
  }
  async function holderBesides(key: string): Promise<TestNode> {
    for (const node of fleet.nodes) {
      if (node !== ownerOf(key) && (await at(node).get(key)) !== undefined) return node;
    }
    throw new Error(`${key} has one copy`);
  }
  /** Runs `during` once both clients know that the node is down, and waits until they use it again. */
  async function without(node: TestNode, during: () => Promise<void>): Promise<void> {
    const clients = [cache, other];
    const back = Promise.all(clients.map((client) => told(client, 'node-up', node)));
    const down = Promise.all(clients.map((client) => told(client, 'node-down', node)));
    // Whoever has not used it yet would not notice.
    for (const client of clients) await client.getMany(keysOf(node));
    node.cutOff();
    for (const client of clients) await client.getMany(keysOf(node));
    await down;
    try {
      await during();
    } finally {
      node.mend();
      await back;
    }
  }
  const told = (client: CacheClient, event: 'node-up' | 'node-down', node: TestNode) => {
    return new Promise<void>((resolve) => {
      const heard = (...[name]: readonly [string, ...unknown[]]): void => {
        if (name !== node.name) return;
        client.off(event, heard);
        resolve();
      };
      client.on(event, heard);
    });
  };
  /** Keys that the node owns, so that asking for them shows whether it is up. */
  const keysOf = (node: TestNode): readonly string[] => {
    const keys = Array.from({ length: 200 }, (_, i) => `ask${i}`);
    return keys.filter((key) => ownerOf(key) === node);
  };

  test.skipIf(skip)('a set and a delete are on both', async () => {
    await cache.set('both', 'x');
    expect(await copies('both')).toEqual(['x', 'x']);
    expect(await cache.delete('both')).toBe(true);
    expect(await copies('both')).toEqual([undefined]);
    expect(await cache.delete('both')).toBe(false);
  });

  test.skipIf(skip)('are where the client says', async () => {
    for (const key of ['here', 'there', 'anywhere']) {
      await cache.set(key, 'x');
      const holders = fleet.nodes.map(async (node) => {
        return (await at(node).get(key)) === undefined ? [] : [node.name];
      });
      const found = (await Promise.all(holders)).flat();
      expect(cache.nodesOf(key).toSorted()).toEqual(found.toSorted());
      expect([found.length, cache.nodesOf(key)[0]]).toEqual([2, cache.nodeOf(key)]);
    }
  });

  test.skipIf(skip)('reads go on without the owner, one key or many', async () => {
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

  test.skipIf(skip)('a copy that was lost comes back, with its flags and its time', async () => {
    await cache.set('lost', Buffer.from('bytes'), { ttl: 1000 });
    await at(ownerOf('lost')).delete('lost');
    expect(await cache.get('lost')).toEqual(Buffer.from('bytes'));
    const owner = at(ownerOf('lost'));
    await until('the repair', async () => (await owner.fetch('lost')).isHit);
    const repaired = await owner.fetch('lost');
    expect(repaired.value).toEqual(Buffer.from('bytes'));
    expect(repaired.ttlSeconds).toBeGreaterThan(900);
    expect(repaired.ttlSeconds).toBeLessThanOrEqual(1000);
  });

  test.skipIf(skip)('many are repaired, too, and what does not expire stays so', async () => {
    const keys = Array.from({ length: 30 }, (_, i) => `lostmany${i}`);
    await cache.setMany(keys.map((key) => [key, 1] as const));
    await Promise.all(keys.map((key) => at(ownerOf(key)).delete(key)));
    expect((await cache.getMany(keys)).values.size).toBe(30);
    for (const key of keys) {
      const owner = at(ownerOf(key));
      await until('the repair', async () => (await owner.fetch(key)).ttlSeconds === Infinity);
    }
  });

  test.skipIf(skip)('a repair overwrites nothing', async () => {
    await cache.set('fresh', 'old');
    const owner = at(ownerOf('fresh'));
    await owner.delete('fresh');
    // The read finds the copy; the write comes before its repair can.
    const read = cache.get('fresh');
    const written = cache.set('fresh', 'new');
    await Promise.all([read, written]);
    expect(await copies('fresh')).toEqual(['new', 'new']);
  });

  test.skipIf(skip)('what a node missed it forgets before it serves again', async () => {
    await cache.set('old', 'before');
    await cache.set('gone', 'before');
    const failed: string[] = [];
    const note = (node: string): void => void failed.push(node);
    cache.on('copy-failed', note);
    for (const key of ['old', 'gone']) {
      const node = ownerOf(key);
      await without(node, async () => {
        if (key === 'old') await cache.set(key, 'after');
        else expect(await cache.delete(key)).toBe(true);
      });
      expect(failed.at(-1)).toBe(node.name);
      expect(await cache.get(key)).toBe(key === 'old' ? 'after' : undefined);
      await until('it forgets', async () => (await at(node).get(key)) !== 'before');
    }
    expect(failed).toHaveLength(2);
    cache.off('copy-failed', note);
  });

  test.skipIf(skip)('a counter is decided by the owner and copied by value', async () => {
    await cache.set('count', 5, { ttl: 500 });
    expect(await cache.increment('count', 3)).toBe(8n);
    expect(await copies('count')).toEqual([8, 8]);
    const second = await holderBesides('count');
    const copy = await at(second).fetch('count');
    expect(copy.ttlSeconds).toBeGreaterThan(400);
    await without(ownerOf('count'), async () => {
      expect(await cache.increment('count')).toBe(9n);
    });
    // The owner has missed that, so it has forgotten the counter; it goes on from the copy.
    expect(await cache.increment('count')).toBe(10n);
    expect(await copies('count')).toEqual([10, 10]);
  });

  test.skipIf(skip)('a counter that one copy has does not start anew', async () => {
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(100n);
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(101n);
    await at(ownerOf('start')).delete('start');
    expect(await cache.increment('start', 1, { initial: 100 })).toBe(102n);
    expect(await copies('start')).toEqual(['102', '102']);
    expect(await cache.increment('none')).toBeUndefined();
  });

  test.skipIf(skip)('many who count at once count every one', async () => {
    await cache.set('busy', 0);
    const counted = [cache, other].flatMap((client) => {
      return Array.from({ length: 50 }, () => client.increment('busy'));
    });
    const all = await Promise.all(counted);
    expect(new Set(all).size).toBe(100);
    expect(await cache.increment('busy')).toBe(101n);
    expect(await copies('busy')).toEqual([101, 101]);
  });

  test.skipIf(skip)('cas is decided by one, and is stored at both', async () => {
    await cache.set('version', 'one');
    const [mine, theirs] = await Promise.all([cache.gets('version'), other.gets('version')]);
    expect(await cache.cas('version', 'two', mine!.cas)).toBe('stored');
    expect(await other.cas('version', 'three', theirs!.cas)).toBe('exists');
    expect(await copies('version')).toEqual(['two', 'two']);
    expect(await cache.cas('no-version', 'x', mine!.cas)).not.toBe('stored');
  });

  test.skipIf(skip)('a version of one copy is never taken for that of another', async () => {
    await cache.set('moved', 'one');
    const before = await cache.gets('moved');
    await without(ownerOf('moved'), async () => {
      expect(await cache.cas('moved', 'two', before!.cas)).toBe('exists');
      const now = await cache.gets('moved');
      expect(await cache.cas('moved', 'two', now!.cas)).toBe('stored');
    });
    expect(await cache.get('moved')).toBe('two');
  });

  test.skipIf(skip)('add, replace and append go by what any copy has', async () => {
    expect(await cache.add('lock', 'mine')).toBe('stored');
    expect(await copies('lock')).toEqual(['mine', 'mine']);
    await at(ownerOf('lock')).delete('lock');
    expect(await cache.add('lock', 'theirs')).toBe('not-stored');
    expect(await copies('lock')).toEqual(['mine', 'mine']);
    await at(ownerOf('lock')).delete('lock');
    expect(await cache.append('lock', '+')).toBe('stored');
    expect(await copies('lock')).toEqual(['mine+', 'mine+']);
    await at(ownerOf('lock')).delete('lock');
    expect(await cache.replace('lock', 'new', { ttl: 100 })).toBe('stored');
    expect(await copies('lock')).toEqual(['new', 'new']);
    expect(await cache.replace('no-lock', 'x')).toBe('not-stored');
    expect(await copies('no-lock')).toEqual([undefined]);
  });

  test.skipIf(skip)('a new time to live is both copies’', async () => {
    await cache.set('touched', 'x', { ttl: 50 });
    expect(await cache.touch('touched', 5000)).toBe(true);
    expect(await cache.touch('untouched', 5000)).toBe(false);
    for (const node of [ownerOf('touched'), await holderBesides('touched')]) {
      expect((await at(node).fetch('touched')).ttlSeconds).toBeGreaterThan(4000);
    }
  });

  test.skipIf(skip)('a value is stale at both, and one caller is to load it', async () => {
    await cache.set('stale', 'x');
    expect(await cache.delete('stale', { staleSeconds: 100 })).toBe(true);
    const [first, second] = [await cache.fetch('stale'), await other.fetch('stale')];
    expect(first).toMatchObject({ value: 'x', isStale: true, won: true });
    expect(second).toMatchObject({ value: 'x', isStale: true, won: false });
    expect(await cache.cas('stale', 'y', first.cas!)).toBe('stored');
    expect(await other.fetch('stale')).toMatchObject({ value: 'y', isStale: false });
    expect(await copies('stale')).toEqual(['y', 'y']);
  });

  test.skipIf(skip)('a lease is one caller’s, and none where a copy has the value', async () => {
    const [first, second] = await Promise.all([
      cache.fetch('lease', { leaseSeconds: 30 }),
      other.fetch('lease', { leaseSeconds: 30 }),
    ]);
    expect([first.won, second.won].sort()).toEqual([false, true]);
    const winner = first.won ? first : second;
    expect(await cache.cas('lease', 'loaded', winner.cas!)).toBe('stored');
    expect(await copies('lease')).toEqual(['loaded', 'loaded']);
    await at(ownerOf('lease')).delete('lease');
    const again = await cache.fetch('lease', { leaseSeconds: 30 });
    expect(again).toMatchObject({ value: 'loaded', won: false });
    const owner = at(ownerOf('lease'));
    await until('the repair', async () => (await owner.get('lease')) === 'loaded');
  });

  test.skipIf(skip)('with both copies gone it is a failure that says so', async () => {
    await cache.set('down', 'x');
    for (const node of fleet.nodes) node.cutOff();
    try {
      await expect(cache.get('down')).rejects.toMatchObject({ mayHaveRun: expect.any(Boolean) });
      await expect(cache.set('down', 'y')).rejects.toMatchObject({ name: 'CacheError' });
      const { failed } = await cache.getMany(['down', 'down2']);
      expect([...failed.keys()]).toEqual(['down', 'down2']);
    } finally {
      for (const node of fleet.nodes) node.mend();
    }
    await until('it is back', () =>
      cache.set('down', 'z').then(
        () => true,
        () => false,
      ),
    );
    expect(await cache.get('down')).toBe('z');
  });
});
