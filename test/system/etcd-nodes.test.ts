/** `slabring nodes add|replace|restart` of a cluster in etcd, with clients at work. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { argumentsOf, EtcdNodes } from '../support/etcd-nodes.ts';
import { Random, testSeed } from '../support/random.ts';
import { waitUntil } from '../support/wait.ts';

const KEYS = 300;

describe.skipIf(whyNoEtcd() !== undefined)('slabring nodes with etcd', () => {
  let etcd: EtcdServer;
  let nodes: EtcdNodes;
  let load: ClusterLoad;

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    nodes = new EtcdNodes([etcd.address]);
    await nodes.startAll('a', 'b');
    load = new ClusterLoad([nodes.port('b')], KEYS, new Random(testSeed()));
    await load.fill().catch(nodes.explain);
    load.start();
  }, 120_000);
  afterAll(async () => {
    await nodes?.dispose();
    await etcd?.dispose();
  });

  const done = async (...args: readonly string[]): Promise<string> => {
    const { code, out, err } = await nodes.verb(...args).result();
    expect([args, code, err]).toEqual([args, 0, '']);
    return out;
  };
  const isUnderWay = (action: string): Promise<unknown> =>
    waitUntil(`${action} has the lock`, async () =>
      (await etcd.control('get', '/slabring/web/lock')).includes(`"${action}"`),
    );

  test('add waits until the node that an operator starts serves', async () => {
    expect(await done('add', '--dry-run')).toMatch(/new-node +add/);
    const adding = nodes.verb('add');
    await isUnderWay('add');
    const other = await nodes.verb('remove', 'a').result();
    expect([other.code, other.err]).toEqual([
      1,
      expect.stringContaining('(slabring nodes add, by '),
    ]);
    await nodes.start('c');
    const { code, out } = await adding.result();
    expect([code, out]).toEqual([0, expect.stringContaining('c (127.0.0.1:')]);
    await nodes.serve('a', 'b', 'c');
    expect(await done('add', 'c')).toContain('has joined');
  });

  test('the next node that joins replaces the one that the operator names', async () => {
    const replacing = nodes.verb('replace', 'a');
    await isUnderWay('replace');
    await nodes.start('d');
    const { code, out, err } = await replacing.result();
    expect([code, err, out]).toEqual([0, '', expect.stringContaining('has taken its place')]);
    const { changes } = await nodes.serve('b', 'c', 'd');
    expect(changes.map(({ reason }) => reason)).toContain('d replaces a');
    const removed = nodes.process('a');
    await waitUntil('a knows it', () => removed.stderr.includes('has left the cluster'));
    await removed.stop();
  });

  test('a node that restarts is the same process with another program and size', async () => {
    const { pid } = nodes.process('c');
    expect(await done('restart', 'c', '-m', '32')).toContain('has restarted');
    expect(nodes.process('c').child.exitCode).toBeNull();
    expect(argumentsOf(nodes.process('c'))).toContain('--memory-limit=32768k');
    const { members } = await nodes.serve('b', 'c', 'd');
    const sizes = members.map(({ name, memoryLimitBytes }) => `${name} ${memoryLimitBytes! >> 20}`);
    expect([nodes.process('c').pid, sizes.sort()]).toEqual([pid, ['b 16', 'c 32', 'd 16']]);
  });

  test('a service manager starts the node that ends by its restart', async () => {
    const restarting = nodes.verb('restart', 'd', '--by-service');
    expect((await nodes.process('d').exited).code).toBe(75);
    await nodes.start('d');
    expect((await restarting.result()).code).toBe(0);
    await nodes.serve('b', 'c', 'd');
  });

  test('what cannot be done is refused with a sentence', async () => {
    const refusals = [
      ['restart', 'nobody', 'has no node nobody'],
      ['replace', 'nobody', 'has no node nobody'],
      ['add', '-m', '32', 'give -m to its slabring serve'],
    ];
    for (const refusal of refusals) {
      const { code, err } = await nodes.verb(...refusal.slice(0, -1)).result();
      expect([code, err]).toEqual([1, expect.stringContaining(refusal.at(-1)!)]);
    }
  });

  test('cancel gives up what waits for a node', async () => {
    const nothing = await nodes.verb('cancel').result();
    expect([nothing.code, nothing.err]).toEqual([1, expect.stringContaining('No change')]);
    const replacing = nodes.verb('replace', 'b');
    await isUnderWay('replace');
    expect(await done('cancel', '--dry-run')).toBe('Would give up: replace b.\n');
    expect(await done('cancel')).toContain('Given up: replace b.');
    const { code, err } = await replacing.result();
    expect([code, err]).toEqual([
      1,
      expect.stringContaining('given up by `slabring nodes cancel`'),
    ]);
  });

  test('clients have missed no key, and read no old value', async () => {
    const { misses, stale, lostIncrements, extraIncrements, reads, messages } = await load.stop();
    const counts = { misses, stale, lostIncrements, extraIncrements, messages: [...messages] };
    expect(counts).toEqual({
      misses: 0,
      stale: 0,
      lostIncrements: 0,
      extraIncrements: 0,
      messages: [],
    });
    expect(reads).toBeGreaterThan(0);
  });
});
