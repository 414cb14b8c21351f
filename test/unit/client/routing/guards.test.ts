/**
 * Guards of the routes that random schedules do not reach: each test is one schedule in which a
 * read returns a stale value, or an operation a wrong result, if the guard is taken out.
 */
import { describe, expect, test } from 'vitest';
import { DirectedCluster, keyPlacedAt } from '../../../support/simulation/directed.ts';

const [a, b, c, d] = ['127.0.0.1:1', '127.0.0.1:2', '127.0.0.1:3', '127.0.0.1:4'] as const;
const previousOwner = { graceSeconds: 3600 };
const distribution = 'rendezvous';

describe('guards of two replicas', () => {
  const nodes = [a, b];
  const key = keyPlacedAt(distribution, [{ nodes, owners: [a, b] }]);

  async function replicas(): Promise<DirectedCluster> {
    const cluster = new DirectedCluster(nodes, { distribution, replicas: 2 });
    await cluster.publish(...nodes);
    const stored = cluster.cache.set(key, 'v1');
    await cluster.serve(a, b);
    await stored;
    return cluster;
  }

  test('a primary that lost the result of an update invalidates the key, too', async () => {
    const cluster = await replicas();
    const { cache } = cluster;
    const appended = cache.append(key, 'x');
    const early = cache.get(key);
    await cluster.execute(a);
    cluster.node(a).evict(key);
    await cluster.execute(a);
    await cluster.deliver(a);
    // The client reads the result at a; the early read misses there and repairs a from b.
    await cluster.serve(b);
    expect([await early, cluster.node(a).queue.length]).toEqual(['v1', 2]);
    await cluster.serve(a, b);
    expect(await appended).toBe('stored');
    const read = cache.get(key);
    await cluster.serve(a, b);
    expect(await read).toBeUndefined();
  });

  /** a lost the key and has executed the `add` of w; b has refused it. */
  async function refusedAdd(): Promise<[DirectedCluster, Promise<string>]> {
    const cluster = await replicas();
    cluster.node(a).evict(key);
    const added = cluster.cache.add(key, 'w');
    await cluster.serve(a);
    await cluster.execute(b);
    expect(cluster.node(a).valueOf(key)).toBe('w');
    return [cluster, added];
  }

  async function expectNothingLeft(cluster: DirectedCluster): Promise<void> {
    const read = cluster.cache.get(key);
    await cluster.serve(a, b);
    expect([await read, cluster.node(a).valueOf(key)]).toEqual([undefined, undefined]);
  }

  test('a refused add leaves nothing if the replica that refused it lost the key', async () => {
    const [cluster, added] = await refusedAdd();
    cluster.node(b).evict(key);
    await cluster.serve(a, b);
    expect(await added).toBe('not-stored');
    await expectNothingLeft(cluster);
  });

  test('a refused add leaves nothing at a primary that did not get the copy', async () => {
    const [cluster, added] = await refusedAdd();
    await cluster.deliver(b);
    await cluster.disconnect(b);
    expect(await added).toBe('not-stored');
    await expectNothingLeft(cluster);
  });

  test('a cancelled update at an owner with failover nodes takes no further step', async () => {
    const cluster = new DirectedCluster(nodes, { distribution, replicas: 2, failover: 'next' });
    const { cache } = cluster;
    await cluster.publish(...nodes);
    cluster.node(a).isDisconnected = true;
    const caller = new AbortController();
    const added = expect(cache.add(key, 'w', { signal: caller.signal })).rejects.toThrow();
    caller.abort();
    await added;
    const deleted = cache.delete(key);
    await cluster.serve(b);
    // The add was never sent, because a refuses the connection.
    await cluster.serve(a, b);
    await deleted;
    const read = cache.get(key);
    await cluster.serve(b);
    expect(await read).toBeUndefined();
  });
});

describe('guards of a superseded epoch', () => {
  const options = { distribution, replicas: 2, previousOwner } as const;
  const before = { nodes: [a, b], owners: [a, b] };
  const after = { nodes: [b, c], owners: [c, b] };

  test('an update of a superseded epoch invalidates a key that moved', async () => {
    const key = keyPlacedAt(distribution, [before, after]);
    const cluster = new DirectedCluster([a, b, c], options);
    const { cache } = cluster;
    await cluster.publish(...before.nodes);
    const stored = cache.set(key, 'v1');
    await cluster.serve(a, b);
    await stored;
    const appended = cache.append(key, 'x');
    await cluster.publish(...after.nodes);
    const early = cache.get(key);
    await cluster.serve(b, c);
    expect([await early, cluster.node(c).valueOf(key)]).toEqual(['v1', 'v1']);
    await cluster.serve(a, b, c);
    expect(await appended).toBe('stored');
    const read = cache.get(key);
    await cluster.serve(b, c);
    expect(await read).toBeUndefined();
  });

  test('an update of a superseded epoch invalidates a key that moved away and back', async () => {
    const first = { nodes: [a, b, c], owners: [a, b] };
    const second = { nodes: [c, b, a], owners: [c, b] };
    const key = keyPlacedAt('modulo', [first, second]);
    const cluster = new DirectedCluster([a, b, c], { ...options, distribution: 'modulo' });
    const { cache } = cluster;
    await cluster.publish(...first.nodes);
    const stored = cache.set(key, 'v1');
    await cluster.serve(a, b);
    await stored;
    const appended = cache.append(key, 'x');
    await cluster.publish(...second.nodes);
    const early = cache.get(key);
    await cluster.serve(b, c);
    expect([await early, cluster.node(c).valueOf(key)]).toEqual(['v1', 'v1']);
    await cluster.publish(...first.nodes);
    await cluster.serve(a, b, c);
    expect(await appended).toBe('stored');
    cluster.node(a).evict(key);
    const read = cache.get(key);
    await cluster.serve(a, b, c);
    expect(await read).toBeUndefined();
  });

  test('a primary of a superseded epoch restores no item', async () => {
    const key = keyPlacedAt(distribution, [before, after]);
    const cluster = new DirectedCluster([a, b, c], options);
    const { cache } = cluster;
    await cluster.publish(...before.nodes);
    const stored = cache.increment(key, 1, { initial: 5 });
    await cluster.serve(a, b);
    expect(await stored).toBe(5n);
    cluster.node(a).evict(key);
    const counted = cache.increment(key, 1, { initial: 5 });
    await cluster.publish(...after.nodes);
    await cluster.serve(a, b, c);
    expect(await counted).toBe(6n);
  });

  test('an update of a superseded epoch takes its next step by the latest route', async () => {
    const all = { nodes: [a, b, c, d], owners: [c, d] };
    const key = keyPlacedAt(distribution, [before, all]);
    const cluster = new DirectedCluster(all.nodes, options);
    const { cache } = cluster;
    await cluster.publish(...before.nodes);
    const warmUp = cache.set(key, 'v1');
    await cluster.serve(a, b);
    await warmUp;
    await cluster.closeCleanly(a);
    const appended = cache.append(key, 'x');
    await cluster.publish(...all.nodes);
    const stored = cache.set(key, 'v2');
    await cluster.serve(b, c, d);
    expect(cluster.node(b).valueOf(key)).toBeUndefined();
    // The append was never sent, because a refuses the connection.
    cluster.node(a).isDisconnected = true;
    await cluster.serve(...all.nodes);
    await stored;
    expect(await appended).toBe('stored');
    const read = cache.get(key);
    await cluster.serve(c, d);
    expect(await read).toBe('v2x');
  });

  test('an operation of a superseded epoch asks the latest failover nodes', async () => {
    const beforeD = { nodes: [a, b, d], owners: [a, b, d] };
    const afterD = { nodes: [b, c, d], owners: [c, b, d] };
    const key = keyPlacedAt(distribution, [beforeD, afterD]);
    const cluster = new DirectedCluster([a, b, c, d], { ...options, failover: 'next' });
    const { cache } = cluster;
    await cluster.publish(...beforeD.nodes);
    const stored = cache.set(key, 'v1');
    await cluster.serve(a, b);
    await stored;
    await cluster.disconnect(b);
    await cluster.closeCleanly(a);
    const added = cache.add(key, 'v2');
    await cluster.publish(...afterD.nodes);
    cluster.node(b).isDisconnected = false;
    await cluster.advance(100);
    await cluster.serve(b);
    const early = cache.get(key);
    await cluster.serve(b, c);
    expect([await early, cluster.node(c).valueOf(key)]).toEqual(['v1', 'v1']);
    cluster.node(a).isDisconnected = true;
    await cluster.serve(a, b, c, d);
    expect(await added).toBe('not-stored');
    expect(cluster.node(d).valueOf(key)).toBeUndefined();
  });
});

describe('guards of previous owners', () => {
  const before = { nodes: [a], owners: [a] };
  const after = { nodes: [a, c], owners: [c] };
  const key = keyPlacedAt(distribution, [before, after]);

  async function moved(): Promise<DirectedCluster> {
    const cluster = new DirectedCluster([a, c], { distribution, previousOwner });
    await cluster.publish(...before.nodes);
    const stored = cluster.cache.set(key, 'v1');
    await cluster.serve(a);
    await stored;
    await cluster.publish(...after.nodes);
    return cluster;
  }

  test('an update at an owner with previous owners drops the repairs of the key', async () => {
    const cluster = await moved();
    const { cache } = cluster;
    const appended = cache.append(key, 'x');
    const early = cache.get(key);
    await cluster.serve(c);
    await cluster.execute(a);
    await cluster.execute(a);
    // The item of the update is on its way to c. The early read returns it, and begins a repair.
    await cluster.deliver(a);
    await cluster.execute(c);
    await cluster.deliver(c);
    await cluster.execute(c);
    expect([await early, cluster.node(c).valueOf(key)]).toEqual(['v1', 'v1x']);
    cluster.node(c).evict(key);
    await cluster.serve(a, c);
    expect(await appended).toBe('stored');
    const read = cache.get(key);
    await cluster.serve(a, c);
    expect(await read).toBeUndefined();
  });

  test('a copy from a previous owner overwrites nothing at the owner', async () => {
    const cluster = await moved();
    const { cache } = cluster;
    const read = cache.gets<string>(key);
    await cluster.serve(a, c);
    const { cas } = (await read)!;
    const swapped = cache.cas(key, 'v2', cas);
    await cluster.serve(a, c);
    expect(await swapped).toBe('stored');
  });
});
