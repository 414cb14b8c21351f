/** Nodes are killed at random moments, under load: with `sync` no acknowledged change is lost. */
import { describe, expect, test } from 'vitest';
import { DisturbedCluster, type DisturbedOptions, signal } from '../support/disturbed-cluster.ts';
import { Random, testSeed } from '../support/random.ts';
import { folderForEachTest } from '../support/test-folder.ts';

/** How often each test kills a node. */
const KILLS = Number(process.env['KILLS'] ?? 3);
const KEYS = 20_000;
const NODE_ARGS = ['-m', '32', '-t', '2'];
/** For one kill: the node starts again, and gets its share of the items. */
const KILL_MS_MAX = 60_000;
const seed = testSeed();
const folder = folderForEachTest();

/** Kills a node, or also the process that takes its place; returns how long errors lasted. */
async function kill(disturbed: DisturbedCluster, random: Random, nth: number): Promise<number> {
  const { load } = disturbed;
  const { members } = await disturbed.members();
  const { name, pid = 0 } = random.pick(members);
  await load.replies(random.int(1, 2000));
  load.disturb(`kill ${nth}, of ${name}`);
  process.kill(pid, 'SIGKILL');
  if (random.oneIn(3)) {
    const next = await disturbed.until('another process', (now) =>
      now.members.some((each) => each.name === name && (each.pid ?? pid) !== pid),
    );
    load.disturb(`kill ${nth}, of ${name}, once more`);
    signal(next.members.find((each) => each.name === name)!.pid!, 'SIGKILL');
  }
  await disturbed.until('the death is known', (now) =>
    now.members.some((each) => each.name === name && (each.pid ?? pid) !== pid),
  );
  return disturbed.whole();
}

async function killNodes(options: Omit<DisturbedOptions, 'keys'>): Promise<readonly number[]> {
  const random = new Random(seed);
  const disturbed = await DisturbedCluster.start(folder, random, { keys: KEYS, ...options });
  const errorMs: number[] = [];
  for (let nth = 1; nth <= KILLS; nth++) errorMs.push(await kill(disturbed, random, nth));
  const counts = await disturbed.load.stop();
  expect(counts.wrong).toEqual([]);
  expect(counts).toMatchObject({ lostIncrements: 0, extraIncrements: 0, errorsAtRest: 0 });
  return errorMs;
}

const timesOf = (errorMs: readonly number[]): string =>
  `clients saw errors for ${errorMs.map((ms) => Math.round(ms)).join(', ')} ms`;

describe(`a cluster whose nodes are killed ${KILLS} times (seed ${seed})`, () => {
  test(
    'sync: no acknowledged change is lost, and copies come back',
    async ({ annotate }) => {
      await annotate(timesOf(await killNodes({ args: NODE_ARGS })));
    },
    60_000 + KILLS * KILL_MS_MAX,
  );
  test(
    'async: only the last changes before a death are lost',
    async ({ annotate }) => {
      const args = [...NODE_ARGS, '--replication', 'async'];
      await annotate(timesOf(await killNodes({ args, isAsync: true })));
    },
    60_000 + KILLS * KILL_MS_MAX,
  );
});
