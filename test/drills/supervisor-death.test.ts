/** SIGKILL of the supervisor at each step of a change: the next start finishes or undoes it. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CacheClient } from '../../src/client.ts';
import { atSteps } from '../support/driver-steps.ts';
import { Random, testSeed } from '../support/random.ts';
import { portsFor, SupervisedCluster } from '../support/supervised-cluster.ts';
import { folderForEachTest } from '../support/test-folder.ts';
import { waitUntil } from '../support/wait.ts';

const KEYS = 1000;
const seed = testSeed();
const random = new Random(seed);
const names = Array.from({ length: KEYS }, (_, nth) => `key-${nth}`);

interface Change {
  readonly args: readonly string[];
  /** The members afterwards, if the change is finished, or if it is undone. */
  readonly ends: readonly string[];
}

const CHANGES: readonly Change[] = [
  { args: ['add'], ends: ['node-1,node-2,node-3', 'node-1,node-2'] },
  { args: ['remove', 'node-2'], ends: ['node-1', 'node-1,node-2'] },
  { args: ['replace', 'node-2'], ends: ['node-1,node-3', 'node-1,node-2'] },
  { args: ['restart', 'node-2'], ends: ['node-1,node-2'] },
];

const { pathTo, cleanups } = folderForEachTest();

interface Listed {
  readonly members: readonly { readonly name: string; readonly state: string }[];
}

async function membersOf(cluster: SupervisedCluster): Promise<Listed['members']> {
  const { out, code } = await cluster.run('nodes', 'list', '--json');
  return code === 0 ? (JSON.parse(out) as Listed).members : [];
}

/** Resolves with the names of the members, once all serve. */
const settled = (cluster: SupervisedCluster): Promise<string> =>
  waitUntil(
    'all nodes serve',
    async () => {
      const members = await membersOf(cluster);
      const areServing = members.length > 0 && members.every(({ state }) => state === 'serving');
      const all = members.map(({ name }) => name);
      return areServing && all.sort().join();
    },
    120_000,
  );

async function expectAllKeys({ addresses }: SupervisedCluster): Promise<void> {
  const cache = new CacheClient({ nodes: addresses.slice(0, 1), deadlineMs: 20_000 });
  try {
    const { values, failed } = await cache.getMany(names);
    const right = [...values].filter(([name, value]) => value === `value of ${name}`);
    expect([right.length, failed.size]).toEqual([KEYS, 0]);
  } finally {
    await cache.close();
  }
}

/** Kills the supervisor at a step of the change; returns false if the change ended before. */
async function killAt(nth: number, cluster: SupervisedCluster, state: string, change: Change) {
  const read = (): string => readFileSync(join(state, 'cluster.json'), 'utf8');
  let [last, steps] = [read(), 0];
  const verb = cluster.command('nodes', ...change.args);
  const ended = verb.exited.then(() => true);
  while (steps < nth) {
    if (await Promise.race([ended, Promise.resolve(false)])) return false;
    const now = read();
    if (now !== last) steps += 1;
    last = now;
    await new Promise((resolve) => setImmediate(resolve));
  }
  cluster.owned.child.kill('SIGKILL');
  await cluster.owned.exited;
  await verb.exited;
  return true;
}

describe(`a supervisor that is killed during a change (seed ${seed})`, () => {
  async function start(...args: readonly string[]): Promise<SupervisedCluster> {
    const cluster = await SupervisedCluster.start(pathTo('tmp'), ...args);
    cleanups.push(() => cluster.owned.stop());
    return cluster;
  }

  test.each(CHANGES)(
    '$args: the next start finishes or undoes it, and has all keys',
    (change) =>
      atSteps(random, async (nth) => {
        const state = pathTo(`state-${nth}`);
        const first = await start('-m', '16', '--state', state, ...(await portsFor(2)));
        const cache = new CacheClient({ nodes: first.addresses, deadlineMs: 20_000 });
        const items = names.map((name) => [name, `value of ${name}`] as const);
        expect((await cache.setMany(new Map(items))).failed.size).toBe(0);
        await cache.close();
        const wasKilled = await killAt(nth, first, state, change);
        if (!wasKilled) await first.stop();
        const second = await start('--state', state);
        expect(change.ends).toContain(await settled(second));
        await expectAllKeys(second);
        await second.stop();
        return wasKilled;
      }),
    900_000,
  );
});
