/** Real nodes under the load of clients that know nothing of clusters: no key is lost or stale. */
import { describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { consecutivePorts } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';

const seed = testSeed();
const { pathTo, cleanups } = folderForEachTest();

async function start(nodes: number, ...args: readonly string[]) {
  const port = await consecutivePorts(nodes + 2);
  const options = ['--port', `${port}`, '--nodes', `${nodes}`, '-m', '16', ...args];
  const cluster = await SupervisedCluster.start(pathTo('tmp'), ...options);
  cleanups.push(() => cluster.owned.stop());
  return { cluster, ports: cluster.rows.map((row) => row.port) };
}

describe(`a cluster under load (seed ${seed})`, () => {
  test('every key stays a hit while a node joins and another one leaves', async () => {
    const { cluster, ports } = await start(2);
    // Clients know the first node only: its keys and all others are there.
    const load = new ClusterLoad(ports.slice(0, 1), 2000, new Random(seed));
    await load.fill();
    load.start();
    expect(await cluster.run('nodes', 'add')).toMatchObject({ code: 0 });
    expect(await cluster.run('nodes', 'remove', 'node-2')).toMatchObject({ code: 0 });
    const counts = await load.stop();
    expect([...counts.messages]).toEqual([]);
    expect(counts).toMatchObject({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
    expect(counts.writes).toBeGreaterThan(0);
  }, 240_000);
  test('a node that is killed takes no acknowledged write with it', async () => {
    const { cluster, ports } = await start(3, '--replicas', '2');
    const load = new ClusterLoad(ports, 2000, new Random(seed));
    await load.fill();
    load.start();
    const { pid } = cluster.rows[1]!;
    process.kill(pid, 'SIGKILL');
    const isWhole = async (): Promise<boolean> => {
      const { out } = await cluster.run('nodes', 'list', '--json');
      const { members } = JSON.parse(out) as { members: { state: string; pid: number }[] };
      return members.every((member) => member.state === 'serving' && member.pid !== pid);
    };
    await waitUntil('the node has restarted and has all its items', isWhole, 120_000);
    const counts = await load.stop();
    expect(counts).toMatchObject({ misses: 0, stale: 0, lostIncrements: 0, extraIncrements: 0 });
    expect(counts.writes).toBeGreaterThan(0);
  }, 240_000);
});
