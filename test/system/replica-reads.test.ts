/** Real nodes with `--replica-reads`: gets are answered where a copy is, and none is too old. */
import { describe, expect, test } from 'vitest';
import { ClusterLoad } from '../support/cluster-load.ts';
import { consecutivePorts } from '../support/ports.ts';
import { Random, testSeed } from '../support/random.ts';
import { SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';
import { exchangeOnce } from '../support/wire.ts';

const KEYS = 200;
const seed = testSeed();
const { pathTo, cleanups } = folderForEachTest();

async function start(...args: readonly string[]) {
  const port = await consecutivePorts(3);
  const options = ['--port', `${port}`, '--nodes', '3', '--replicas', '2', '-m', '16', ...args];
  const cluster = await SupervisedCluster.start(pathTo('tmp'), ...options);
  cleanups.push(() => cluster.owned.stop());
  return { cluster, ports: cluster.rows.map((row) => row.port) };
}

const ask = (port: number, request: string): Promise<string> =>
  exchangeOnce({ host: '127.0.0.1', port }, request);

/** The gets that each node has answered itself. */
const hitsOf = async (ports: readonly number[]): Promise<readonly number[]> =>
  Promise.all(
    ports.map(async (port) => {
      const stats = await ask(port, 'stats\r\n');
      return Number(/^STAT get_hits (\d+)/m.exec(stats)?.[1]);
    }),
  );

/** Stores keys, and asks the first node for all; returns the gets that each node has answered. */
async function answered(ports: readonly number[]): Promise<readonly number[]> {
  const keys = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
  const stored = await ask(ports[1]!, keys.map((key) => `set ${key} 0 0 1\r\nv\r\n`).join(''));
  expect(stored.match(/STORED/g)).toHaveLength(KEYS);
  const before = await hitsOf(ports);
  const values = await ask(ports[0]!, keys.map((key) => `get ${key}\r\n`).join(''));
  expect(values.match(/^v\r$/gm)).toHaveLength(KEYS);
  return (await hitsOf(ports)).map((hits, nth) => hits - before[nth]!);
}

describe(`reads at copies (seed ${seed})`, () => {
  test('a node answers the gets of the keys that it holds, also as a copy', async () => {
    const { ports } = await start('--replica-reads');
    const [own = 0, ...others] = await answered(ports);
    // Each key is on two of three nodes.
    expect(own).toBeGreaterThan(KEYS / 2);
    expect(own + others[0]! + others[1]!).toBe(KEYS);
  }, 120_000);
  test('no read is older than the last acknowledged change, also when a node dies', async () => {
    const { cluster, ports } = await start('--replica-reads');
    const load = new ClusterLoad(ports, 500, new Random(seed));
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
