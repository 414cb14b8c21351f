import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { audit, type StoreShare } from '../../src/store/index.ts';
import { testSeed } from '../support/random.ts';
import { Talker, testShare } from '../support/talker.ts';
import type { ThreadJob } from './worker.ts';

const THREADS = 4;
const seed = testSeed();

/** Runs one job on several threads at once; resolves with what each counted. */
function runThreads<Result>(
  share: StoreShare,
  job: ThreadJob['job'],
  rounds: number,
): Promise<readonly Result[]> {
  const threads = Array.from({ length: THREADS }, (_, thread) => {
    const workerData: ThreadJob = { share, thread, job, rounds, seed };
    return new Promise<Result>((resolve, reject) => {
      const worker = new Worker(new URL('./worker.ts', import.meta.url), { workerData });
      worker.once('message', resolve);
      worker.once('error', reject);
    });
  });
  return Promise.all(threads);
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
  type Result = { sets: number; gets: number; torn: string[] };
  const results = await runThreads<Result>(share, 'churn', 40_000);
  expect(results.flatMap(({ torn }) => torn)).toEqual([]);
  expect(audit(talker.store)).toEqual([]);
  const total = (name: 'sets' | 'gets'): number => results.reduce((sum, r) => sum + r[name], 0);
  expect(talker.store.sums.class('cmd_set')).toBe(total('sets'));
  expect(talker.store.sums.thread('get_cmds')).toBe(total('gets'));
  const { sums } = talker.store;
  expect(sums.hits() + sums.thread('get_misses')).toBe(total('gets'));
});
