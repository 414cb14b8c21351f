/**
 * Changes of nodes in etcd whose driver is killed at each step: the command, or the node that holds
 * the lock of the topology. The change is finished or undone, and clients miss nothing.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { clusterKeys } from '../../src/cluster/membership/etcd/cluster-keys.ts';
import { EtcdClient } from '../../src/cluster/membership/etcd/etcd-client.ts';
import { ClusterLoad } from '../support/cluster-load.ts';
import { ALL_STEPS, atSteps } from '../support/driver-steps.ts';
import { EtcdServer, whyNoEtcd } from '../support/etcd.ts';
import { EtcdNodes } from '../support/etcd-nodes.ts';
import { Random, testSeed } from '../support/random.ts';
import type { OwnedProcess } from '../support/server.ts';
import { waitUntil } from '../support/wait.ts';

const KEYS = clusterKeys('web');
const seed = testSeed();
const random = new Random(seed);
const TEST_MS = 900_000;

interface Change {
  readonly args: readonly string[];
  /** A node that the operator starts for the change. */
  readonly starts?: string;
  /** The members afterwards, if the change is finished, or if it is undone. */
  readonly ends: readonly string[];
}

const CHANGES: readonly Change[] = [
  { args: ['remove', 'c'], ends: ['a,b', 'a,b,c'] },
  { args: ['add'], starts: 'd', ends: ['a,b,c,d'] },
  { args: ['replace', 'c'], starts: 'd', ends: ['a,b,d', 'a,b,c,d'] },
  { args: ['restart', 'c'], ends: ['a,b,c'] },
];
const changes = (): readonly Change[] => (ALL_STEPS ? CHANGES : [random.pick(CHANGES)]);

describe.skipIf(whyNoEtcd() !== undefined)(`changes without their driver (seed ${seed})`, () => {
  let etcd: EtcdServer;
  let client: EtcdClient;
  let nodes: EtcdNodes;
  let load: ClusterLoad;

  beforeAll(async () => {
    etcd = await EtcdServer.start();
    client = new EtcdClient({ endpoints: [etcd.address] });
    nodes = new EtcdNodes([etcd.address], '--replicas', '2');
    await nodes.startAll('a', 'b', 'c');
    load = new ClusterLoad([nodes.port('a'), nodes.port('b')], 300, random);
    await load.fill().catch(nodes.explain);
    load.start();
  });
  afterAll(async () => {
    await nodes?.dispose();
    client?.close();
    await etcd?.dispose();
  });

  /** What drivers write: the topology, orders and the lock, and not the reports of nodes. */
  async function written(): Promise<string> {
    const { keys } = await client.range(KEYS.prefix, 1000);
    const steps = keys.filter(({ key }) => !/\/(nodes|changes|secret|driver)/.test(key));
    return steps.map(({ key, modified }) => `${key} ${modified}`).join();
  }

  /** Runs a change, and `kill` at its n-th step; false if it ended before that. */
  async function killAt(nth: number, change: Change, kill: (verb: OwnedProcess) => Promise<void>) {
    let [last, steps] = [await written(), 0];
    const verb = nodes.verb(...change.args);
    const ended = verb.exited.then(() => true);
    if (change.starts !== undefined) await nodes.start(change.starts);
    while (steps < nth) {
      if (await Promise.race([ended, Promise.resolve(false)])) return false;
      const now = await written();
      if (now !== last) steps += 1;
      last = now;
    }
    load.disturb(`the kill at step ${nth} of ${change.args.join(' ')}`);
    await kill(verb);
    return true;
  }

  /** All members serve, no order is left but of processes that have left, and nobody has a lock. */
  const settled = (ends: readonly string[]): Promise<string> =>
    waitUntil(
      `the members are ${ends.join(' or ')}`,
      async () => {
        const { members } = await nodes.list();
        const names = members.map(({ name }) => name).sort();
        const { keys } = await client.range(KEYS.prefix, 1000);
        const isFree = keys.every(({ key }) => !/lock|restarts|replacements/.test(key));
        const areServing = members.every(({ state }) => state === 'serving');
        return isFree && areServing && ends.includes(names.join()) && names.join();
      },
      90_000,
    );

  /** Fails at the first step that a client has noticed. */
  function checkLoad(): void {
    const { wrong, misses, stale } = load.counts;
    if (misses + stale === 0) return;
    nodes.explain(new Error(`${misses} misses, ${stale} stale: ${wrong.join('; ')}`));
  }

  /** Back to nodes a, b and c, whatever became of the change. */
  async function restore(members: string): Promise<void> {
    checkLoad();
    if (!members.includes('c')) {
      await nodes.process('c').stop();
      await nodes.start('c');
      await nodes.serve(...members.split(','), 'c');
    }
    if (!members.includes('d')) return;
    const removed = await nodes.verb('remove', 'd').result();
    expect([removed.code, removed.err]).toEqual([0, '']);
    await nodes.process('d').stop();
    await nodes.serve('a', 'b', 'c');
  }

  const killVerb = async (verb: OwnedProcess): Promise<void> => {
    verb.child.kill('SIGKILL');
    await verb.exited;
  };

  test.each(changes())(
    '$args: the command is killed at a step',
    async (change) => {
      const ends = new Set<string>();
      await atSteps(random, async (nth) => {
        const wasKilled = await killAt(nth, change, killVerb);
        const members = await settled(change.ends);
        ends.add(members);
        await restore(members);
        return wasKilled;
      });
      if (ALL_STEPS) expect([...ends].sort()).toEqual([...change.ends].sort());
    },
    TEST_MS,
  );

  test.each(changes())(
    '$args: the node that drives the topology is killed',
    async (change) => {
      const killDriver = async (verb: OwnedProcess): Promise<void> => {
        const { value: name } = await waitUntil('a node drives', () => client.get(KEYS.driver));
        await nodes.kill(name);
        await nodes.start(name);
        await verb.exited;
      };
      await atSteps(random, async (nth) => {
        // The first step of each is the lock of the command.
        const wasKilled = await killAt(nth + 1, change, killDriver);
        await restore(await settled([...change.ends, 'a,b,c']));
        return wasKilled;
      });
    },
    TEST_MS,
  );

  test('no client has read an old value or a miss, or lost a counter', async () => {
    const { misses, stale, lostIncrements, extraIncrements } = await load.stop();
    const counts = { misses, stale, lostIncrements, extraIncrements };
    expect(counts).toEqual({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
  });
});
