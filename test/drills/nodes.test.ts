/** `slabring nodes` and failures, with clients at work: no key is missing, and copies come back. */
import { rmSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { CacheClient } from '../../src/client.ts';
import { startReads } from '../support/read-load.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil as waitFor } from '../support/wait.ts';

const KEYS = 5000;
const DEADLINE_MS = 20_000;
const names = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);
/** Several processes start one after the other, on a machine that runs other tests, too. */
const waitUntil: typeof waitFor = (what, check) => waitFor(what, check, 120_000);

interface Listed {
  readonly version: number;
  readonly members: readonly {
    readonly name: string;
    readonly address: string;
    readonly state: string;
    readonly pid: number;
    readonly items: number;
    readonly memoryLimitBytes: number;
    readonly isComplete: boolean;
  }[];
}

const { pathTo, cleanups } = folderForEachTest();

async function start(...args: readonly string[]): Promise<SupervisedCluster> {
  const cluster = await SupervisedCluster.start(pathTo('tmp'), '-m', '64', ...args);
  cleanups.push(() => cluster.owned.stop());
  return cluster;
}

function clientOf({ addresses }: SupervisedCluster): CacheClient {
  const cache = new CacheClient({ nodes: addresses, deadlineMs: DEADLINE_MS });
  cleanups.push(() => cache.close());
  return cache;
}

async function list(cluster: SupervisedCluster): Promise<Listed> {
  const { out, err } = await cluster.run('nodes', 'list', '--json');
  if (out === '') throw new Error(err);
  return JSON.parse(out) as Listed;
}

const memberIn = ({ members }: Listed, name: string) =>
  members.find((member) => member.name === name)!;

const allServe = ({ members }: Listed): boolean =>
  members.every(({ state }) => state === 'serving');

/** Each key is there, with the value that the test has written. */
async function expectAllKeys(cluster: SupervisedCluster): Promise<void> {
  const { members } = await list(cluster);
  // Any node knows all keys.
  for (const { address } of members.filter(({ state }) => state === 'serving')) {
    // With a distribution of its own the client stays at this node.
    const options = { nodes: [address], distribution: 'ketama' } as const;
    const cache = new CacheClient({ ...options, deadlineMs: DEADLINE_MS });
    cleanups.push(() => cache.close());
    const { values, failed } = await cache.getMany(names);
    const right = [...values].filter(([name, value]) => value === `value of ${name}`);
    expect([address, right.length, failed.size]).toEqual([address, KEYS, 0]);
    await cache.close();
  }
}

async function fill(cluster: SupervisedCluster): Promise<void> {
  const cache = clientOf(cluster);
  const { failed } = await cache.setMany(new Map(names.map((name) => [name, `value of ${name}`])));
  expect([...failed]).toEqual([]);
  await cache.close();
}

describe('the nodes of a cluster with one copy', () => {
  test('every key is a hit while nodes come, restart with another size, and go', async () => {
    const cluster = await start(...(await portsFor(2)));
    await fill(cluster);
    const { load, end } = startReads(clientOf(cluster), names);
    const change = async (...args: readonly string[]): Promise<void> => {
      const { code, err } = await cluster.run('nodes', ...args);
      expect([args, code, err]).toEqual([args, 0, '']);
    };
    await change('add');
    await change('add');
    await change('restart', '--rolling', '-m', '32');
    await change('remove', 'node-4');
    await change('replace', 'node-3');
    await end();
    const { members } = await list(cluster);
    expect(members.map(({ name }) => name).sort()).toEqual(['node-1', 'node-2', 'node-4']);
    expect(memberIn(await list(cluster), 'node-2').memoryLimitBytes).toBe(32 << 20);
    expect([load.misses, load.wrong]).toEqual([0, 0]);
    expect(load.hits).toBeGreaterThan(0);
    await expectAllKeys(cluster);
  });
});

describe('the nodes of a cluster with two copies', () => {
  const replicated = async (...args: readonly string[]) =>
    start(...(await portsFor(3)), '--replicas', '2', ...args);

  test('a node that is killed loses no key, and its copies come back', async () => {
    const cluster = await replicated();
    await fill(cluster);
    const before = await list(cluster);
    process.kill(memberIn(before, 'node-2').pid, 'SIGKILL');
    await expectAllKeys(cluster);
    const after = await waitUntil('all nodes serve again', async () => {
      const now = await list(cluster);
      return now.version > before.version && allServe(now) && now;
    });
    expect(after.members.reduce((sum, { items }) => sum + items, 0)).toBe(2 * KEYS);
    await expectAllKeys(cluster);
  });

  test('a frozen node is killed, and the others answer for its keys', async () => {
    const cluster = await replicated();
    await fill(cluster);
    const { pid } = memberIn(await list(cluster), 'node-1');
    process.kill(pid, 'SIGSTOP');
    await waitUntil('the node has another process', async () => {
      const now = await list(cluster);
      return allServe(now) && memberIn(now, 'node-1').pid !== pid;
    });
    expect(() => process.kill(pid, 0)).toThrow(/ESRCH/);
    await expectAllKeys(cluster);
  });

  test('the next start has the nodes that came later, and all keys', async () => {
    const state = pathTo('state');
    const first = await replicated('--state', state);
    await fill(first);
    expect((await first.run('nodes', 'add')).code).toBe(0);
    const { version, members } = await list(first);
    expect(await first.stop()).toBe(0);
    const second = await start('--state', state);
    const now = await list(second);
    expect(now.version).toBeGreaterThan(version);
    expect(now.members.map(({ name }) => name)).toEqual(members.map(({ name }) => name));
    await expectAllKeys(second);
    // A node without its items is filled by the other holders, once these have their copies again.
    await waitUntil('all copies are back', async () => {
      const { members } = await list(second);
      return members.every(({ isComplete }) => isComplete);
    });
    expect(await second.stop()).toBe(0);
    rmSync(`${state}/node-2.items`);
    const third = await start('--state', state);
    await waitUntil('all nodes serve', async () => allServe(await list(third)));
    await expectAllKeys(third);
  });
});
