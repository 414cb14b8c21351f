/** A cluster that grows and shrinks, under the load of foreign clients. */
import { describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { consecutivePorts } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';

const KEYS = 20_000;
const seed = testSeed();
const { pathTo, cleanups } = folderForEachTest();

async function start(nodes: number, ...args: readonly string[]): Promise<SupervisedCluster> {
  const port = await consecutivePorts(nodes + 3);
  const options = ['--port', `${port}`, '--nodes', `${nodes}`, '-m', '32', '-t', '2', ...args];
  const cluster = await SupervisedCluster.start(pathTo('tmp'), ...options);
  cleanups.push(() => cluster.owned.stop());
  return cluster;
}

const portsOf = ({ rows }: SupervisedCluster): readonly number[] => rows.map(({ port }) => port);

const NOTHING_WRONG = { misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 };

describe(`a cluster under load (seed ${seed})`, () => {
  test('every key is a hit while the cluster goes from 3 nodes to 5 and back', async () => {
    const cluster = await start(3);
    // The nodes that leave have no clients: their connections would end.
    const load = new ClusterLoad([portsOf(cluster)[0]!], KEYS, new Random(seed));
    await load.fill();
    load.start();
    for (const order of [['add'], ['add'], ['remove', 'node-4'], ['remove', 'node-2']]) {
      expect(await cluster.run('nodes', ...order)).toMatchObject({ code: 0 });
    }
    const counts = await load.stop();
    expect([...counts.messages]).toEqual([]);
    expect(counts).toMatchObject({ ...NOTHING_WRONG, errors: 0 });
  }, 900_000);
});
