/** Machines in network namespaces, each with a member of etcd and a node, that are cut off. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { EtcdNodes } from '../support/etcd-nodes.ts';
import { Networks, whyNoNetworks } from '../support/networks.ts';
import { freePort } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 200;
const NAMES = ['a', 'b', 'c'] as const;
const MACHINES = [0, 1, 2] as const;
const seed = testSeed();
const isSkipped = whyNoEtcd() !== undefined || whyNoNetworks() !== undefined;

describe.skipIf(isSkipped)(`a cluster on three machines (seed ${seed})`, () => {
  let networks: Networks;
  let etcds: readonly EtcdServer[];
  let nodes: EtcdNodes;
  let load: ClusterLoad;

  beforeAll(async () => {
    networks = new Networks(MACHINES.length);
    const ports = [await freePort(), await freePort()] as const;
    etcds = await EtcdServer.startMembers(
      networks.machines.map(({ host, commandPrefix }) => ({ host, ports, commandPrefix })),
    );
    nodes = new EtcdNodes(
      etcds.map(({ address }) => address),
      ...['--replicas', '2'],
    );
    for (const nth of MACHINES) {
      const { host, clientHost, commandPrefix } = networks.machines[nth]!;
      await nodes.startAt({ hosts: [host, clientHost], commandPrefix }, NAMES[nth]);
    }
    await nodes.serve(...NAMES);
    load = new ClusterLoad(MACHINES.map(addressOf), KEYS, new Random(seed));
    await load.fill().catch(nodes.explain);
    load.start();
  });
  afterAll(async () => {
    await nodes?.dispose();
    for (const etcd of etcds ?? []) await etcd.dispose();
    networks?.dispose();
  });

  const addressOf = (nth: number) => {
    return { host: networks.machines[nth]!.clientHost, port: nodes.port(NAMES[nth]!) };
  };
  /** How many of all keys this node replies to with a value. */
  const valuesAt = async (nth: number): Promise<number> => {
    const gets = Array.from({ length: KEYS }, (_, key) => `get k${key}\r\n`).join('');
    const reply = await exchangeOnce(addressOf(nth), gets).catch(() => '');
    return reply.split('VALUE ').length - 1;
  };
  const hasAll = (nth: number) =>
    waitUntil(`${NAMES[nth]} has all keys`, async () => (await valuesAt(nth)) === KEYS, 60_000);
  const hasNone = (nth: number) =>
    waitUntil(`${NAMES[nth]} gives no value`, async () => (await valuesAt(nth)) === 0, 60_000);
  async function leader(): Promise<number> {
    const are = await Promise.all(etcds.map((etcd) => etcd.isLeader()));
    return are.indexOf(true);
  }

  /** The others go on; the machine answers errors, and comes back without hands. */
  async function cutOffAndBack(nth: number): Promise<void> {
    networks.cutOff(nth);
    await hasNone(nth);
    for (const other of MACHINES) if (other !== nth) await hasAll(other);
    expect(await valuesAt(nth)).toBe(0);
    networks.cutOff();
    await nodes.serve(...NAMES);
    for (const each of MACHINES) await hasAll(each);
  }

  test('a machine that is cut off answers errors, and the others answer for its keys', async () => {
    const first = await leader();
    await cutOffAndBack(MACHINES.find((nth) => nth !== first)!);
  });

  test('the machine of the leader of etcd is cut off', async () => {
    await cutOffAndBack(await leader());
  });

  test('machines that are all alone answer errors, and go on together', async () => {
    networks.cutAll();
    for (const nth of MACHINES) await hasNone(nth);
    networks.cutOff();
    await nodes.serve(...NAMES);
    for (const nth of MACHINES) await hasAll(nth);
  });

  test('no client has read an old value or a miss, or lost a counter', async () => {
    const { misses, stale, lostIncrements, extraIncrements } = await load.stop();
    const counts = { misses, stale, lostIncrements, extraIncrements };
    expect(counts).toEqual({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
  });
});
