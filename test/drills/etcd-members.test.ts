/** An etcd of three members that fails in part, or is away for long, with clients at work. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { EtcdNodes } from '../support/etcd-nodes.ts';
import { Random, testSeed } from '../support/random.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 500;
/** How long etcd is away, in seconds: SLABRING_DRILL_OUTAGE_SECONDS=600 is the whole drill. */
const OUTAGE_SECONDS = Number(process.env['SLABRING_DRILL_OUTAGE_SECONDS'] ?? '60');
const seed = testSeed();

describe.skipIf(whyNoEtcd() !== undefined)(`a cluster with three etcd (seed ${seed})`, () => {
  let etcds: readonly EtcdServer[];
  let nodes: EtcdNodes;
  let load: ClusterLoad;

  beforeAll(async () => {
    etcds = await EtcdServer.startMembers(3);
    nodes = new EtcdNodes(
      etcds.map(({ address }) => address),
      ...['--replicas', '2'],
    );
    await nodes.startAll('a', 'b', 'c');
    // The node that the drill kills has no clients.
    const ports = [nodes.port('a'), nodes.port('b')];
    load = new ClusterLoad(ports, KEYS, new Random(seed), { restMs: 5 });
    await load.fill().catch(nodes.explain);
    load.start();
  });
  afterAll(async () => {
    await nodes?.dispose();
    for (const etcd of etcds ?? []) await etcd.dispose();
  });

  const leader = () =>
    waitUntil('etcd has a leader', async () => {
      const are = await Promise.all(etcds.map((etcd) => etcd.isLeader()));
      return etcds[are.indexOf(true)];
    });
  const version = async (): Promise<number> => {
    const reply = await exchangeOnce(
      { host: '127.0.0.1', port: nodes.port('a') },
      'config get cluster\r\n',
    );
    return Number(reply.split(/\r?\n/)[1]);
  };
  /** A change needs all of it: the lease, the driver, reports, and the topologies. */
  async function killedNodeComesBack(): Promise<void> {
    await nodes.kill('c');
    await waitUntil('c is down', async () => {
      // Etcd may have no leader at this moment.
      const reply = await nodes.list().catch(() => undefined);
      return reply?.members.some(({ name, state }) => name === 'c' && state === 'down');
    });
    await nodes.start('c');
    await nodes.serve('a', 'b', 'c');
  }

  test('the leader of etcd dies, and a node after it', async () => {
    const killed = await leader();
    await killed.kill();
    await killedNodeComesBack();
    await killed.start();
  });

  test('another member of etcd dies, and a node after it', async () => {
    const first = await leader();
    const killed = etcds.find((etcd) => etcd !== first)!;
    await killed.kill();
    await killedNodeComesBack();
    await killed.start();
  });

  test(`etcd is away for ${OUTAGE_SECONDS} s, and comes back with older data`, async () => {
    for (const etcd of etcds) await etcd.kill();
    for (const etcd of etcds) await etcd.backUp();
    await Promise.all(etcds.map((etcd) => etcd.start()));
    // A change that the backup lacks.
    await killedNodeComesBack();
    const before = await version();
    for (const etcd of etcds) await etcd.kill();
    const errors = load.counts.errors;
    const messages = [...load.counts.messages];
    const { reads, writes } = load.counts;
    const startMs = performance.now();
    const isOver = () => performance.now() - startMs > OUTAGE_SECONDS * 1000;
    await waitUntil('the outage is over', isOver, OUTAGE_SECONDS * 1000 + 60_000);
    expect([load.counts.errors - errors, [...load.counts.messages]]).toEqual([0, messages]);
    expect(load.counts.reads - reads).toBeGreaterThan(OUTAGE_SECONDS);
    expect(load.counts.writes - writes).toBeGreaterThan(OUTAGE_SECONDS);
    for (const etcd of etcds) await etcd.restore();
    await Promise.all(etcds.map((etcd) => etcd.start()));
    await nodes.serve('a', 'b', 'c');
    expect(await version()).toBeGreaterThanOrEqual(before);
    await nodes.start('d');
    await nodes.serve('a', 'b', 'c', 'd');
    expect(await version()).toBeGreaterThan(before);
  }, 900_000);

  test('no client has seen an error, an old value, a miss, or lost a counter', async () => {
    const { misses, stale, lostIncrements, extraIncrements } = await load.stop();
    const counts = { misses, stale, lostIncrements, extraIncrements };
    expect(counts).toEqual({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
  });
});
