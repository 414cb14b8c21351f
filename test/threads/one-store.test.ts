import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { audit, CONTROL, type StoreShare } from '../../src/store/index.ts';
import { testSeed } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';
import type { ThreadJob } from './worker.ts';

const THREADS = 4;
const seed = testSeed();

interface Churn {
  readonly sets: number;
  readonly gets: number;
  readonly torn: readonly string[];
}

/** Runs one job on several threads at once; resolves with what each counted. */
function runThreads<Result>(
  share: StoreShare,
  job: ThreadJob['job'],
  rounds: number,
  lengthMax = 90_000,
): Promise<readonly Result[]> {
  const threads = Array.from({ length: THREADS }, (_, thread) =>
    runThread<Result>({ share, thread, job, rounds, lengthMax, seed }),
  );
  return Promise.all(threads);
}

function runThread<Result>(workerData: ThreadJob): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** The last counter block is the onlooker's. */
const onlooker = (share: StoreShare): Talker => new Talker(share, THREADS);

test('no increment is lost', async () => {
  const share = testShare({ threads: THREADS + 1 });
  const talker = onlooker(share);
  for (let i = 0; i < 3; i++) talker.say(`set counter-${i} 0 0 1\r\n0\r\n`);
  await runThreads(share, 'increment', 30_000);
  for (let i = 0; i < 3; i++) {
    const value = String((30_000 / 3) * THREADS);
    expect(talker.say(`get counter-${i}\r\n`)).toContain(`\r\n${value}\r\n`);
  }
  expect(talker.store.sums.class('incr_hits')).toBe(30_000 * THREADS);
  expect(audit(talker.store)).toEqual([]);
});

test('no compare-and-swap is lost', async () => {
  const share = testShare({ threads: THREADS + 1 });
  const talker = onlooker(share);
  talker.say('set total 3 0 1\r\n0\r\n');
  const results = await runThreads<{ retries: number }>(share, 'cas', 3000);
  expect(talker.say('get total\r\n')).toBe(`VALUE total 3 5\r\n${3000 * THREADS}\r\nEND\r\n`);
  const retries = results.reduce((sum, result) => sum + result.retries, 0);
  expect(talker.store.sums.class('cas_badval')).toBe(retries);
  expect(talker.store.sums.class('cas_hits')).toBe(3000 * THREADS);
  expect(audit(talker.store)).toEqual([]);
});

test(`under eviction, deletes and flushes no value is torn and all is sound, seed ${seed}`, async () => {
  const share = testShare({ threads: THREADS + 1, memoryLimitBytes: 1 << 20 });
  const talker = onlooker(share);
  const results = await runThreads<Churn>(share, 'churn', 40_000);
  expect(results.flatMap(({ torn }) => torn)).toEqual([]);
  expect(audit(talker.store)).toEqual([]);
  const total = (name: 'sets' | 'gets'): number => results.reduce((sum, r) => sum + r[name], 0);
  expect(talker.store.sums.class('cmd_set')).toBe(total('sets'));
  expect(talker.store.sums.thread('get_cmds')).toBe(total('gets'));
  const { sums } = talker.store;
  expect(sums.hits() + sums.thread('get_misses')).toBe(total('gets'));
});

test(`no large value is torn while pages move and memory is short, seed ${seed}`, {
  timeout: 60_000,
}, async () => {
  const share = testShare({
    threads: THREADS + 2,
    memoryLimitBytes: 16 << 20,
    slabChunkMaxBytes: 16 << 10,
    slabGrowthFactor: 2,
  });
  const mover = { share, thread: THREADS + 1, job: 'movePages', rounds: 300 } as const;
  const moved = runThread<{ chunks: number }>({ ...mover, lengthMax: 0, seed });
  const results = await runThreads<Churn>(share, 'churn', 6000, 900_000);
  expect(results.flatMap(({ torn }) => torn)).toEqual([]);
  const talker = onlooker(share);
  Atomics.store(talker.store.arena.control, CONTROL.stop, 1);
  expect((await moved).chunks).toBeGreaterThan(0);
  expect(audit(talker.store)).toEqual([]);
  expect(talker.say('stats\r\n')).toMatch(/STAT evictions [1-9]/);
});
