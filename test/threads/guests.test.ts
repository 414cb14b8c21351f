/** The guests of a node: a snapshot and the copying of items do not wait for each other. */
import { expect, test } from 'vitest';
import { planRuns } from '../../src/node/jobs.ts';
import { NodeMemory } from '../../src/node/memory.ts';
import { defaultServerOptions } from '../../src/node/options/server-flags.ts';
import { ThreadPool } from '../../src/node/threads/pool.ts';

const OPTIONS = { ...defaultServerOptions(), memoryLimitBytes: 8 << 20, threads: 1 };
const GUEST = new URL('../support/meeting-guest.ts', import.meta.url).href;

test('guests of two places run at once, each on a thread with its own number', async () => {
  const share = NodeMemory.allocate(OPTIONS);
  const pool = new ThreadPool(1);
  const words = new SharedArrayBuffer(8);
  const [first, second] = planRuns(OPTIONS).filter(({ job }) => job === 'guest');
  const work = (thread: number, own: number) => {
    return { share, thread, module: GUEST, argument: { words, own, other: 1 - own } };
  };
  const both = await Promise.all([
    pool.runGuest(work(first!.thread, 0), 'snapshots'),
    pool.runGuest(work(second!.thread, 1), 'copies'),
  ]);
  expect(both).toEqual([
    { kind: 'done', value: 'met' },
    { kind: 'done', value: 'met' },
  ]);
  await pool.abandon();
});
