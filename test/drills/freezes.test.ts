/** Nodes are frozen (SIGSTOP) under load: no change is lost, and nothing old is answered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { DisturbedCluster, signal } from '../support/disturbed-cluster.ts';
import { freeze } from '../support/freeze.ts';
import { Random, testSeed } from '../support/random.ts';
import { folderForEachTest } from '../support/test-folder.ts';

/** How often a node is frozen; of `FREEZES=20`, for up to 20 s each. */
const FREEZES = Number(process.env['FREEZES'] ?? 3);
/** The supervisor kills a node that has not replied for about 5 s. */
const FREEZE_MS_MAX = process.env['FREEZES'] === undefined ? 8000 : 20_000;
const KEYS = 20_000;
const seed = testSeed();
const folder = folderForEachTest();

describe(`a cluster whose nodes are frozen ${FREEZES} times (seed ${seed})`, () => {
  test(
    'sync: no acknowledged change is lost, and a node that thaws answers nothing old',
    async ({ annotate }) => {
      const random = new Random(seed);
      const args = ['-m', '32', '-t', '2'];
      const disturbed = await DisturbedCluster.start(folder, random, { keys: KEYS, args });
      const { load } = disturbed;
      const seen: string[] = [];
      for (let nth = 1; nth <= FREEZES; nth++) {
        const { members } = await disturbed.members();
        const { name, pid = 0 } = random.pick(members);
        await load.replies(random.int(1, 2000));
        const ms = random.int(1000, FREEZE_MS_MAX);
        load.disturb(`freeze ${nth}, of ${name} for ${ms} ms`);
        await freeze(pid);
        await sleep(ms);
        signal(pid, 'SIGCONT');
        const errorMs = await disturbed.whole();
        seen.push(`${ms} ms: errors for ${Math.round(errorMs)} ms`);
      }
      const counts = await load.stop();
      expect(counts.wrong).toEqual([]);
      expect(counts).toMatchObject({ lostIncrements: 0, extraIncrements: 0, errorsAtRest: 0 });
      await annotate(seen.join('; '));
    },
    60_000 + FREEZES * 60_000,
  );
});
