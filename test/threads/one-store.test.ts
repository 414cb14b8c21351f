import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { StoreShare } from '../../src/store/index.ts';
import { audit } from '../support/audit.ts';
import { testSeed } from '../support/random.ts';
import { fastStore, SessionHarness, testShare } from '../support/session-harness.ts';
import type { ThreadJob } from './worker.ts';

const THREADS = 4;
const seed = testSeed();

interface ChurnResult {
  readonly sets: number;
  readonly gets: number;
  readonly tornReplies: readonly string[];
}

/** Runs one job on several threads at once; resolves with the counts of each. */
function runThreads<Result>(
  share: StoreShare,
  job: ThreadJob['job'],
  rounds: number,
  lengthMax = 90_000,
): Promise<readonly Result[]> {
  // Every second thread uses the fast path, if the memory is of a kind for it.
  const threads = Array.from({ length: THREADS }, (_, thread) =>
    runThread<Result>({
      share,
      thread,
      job,
      rounds,
      lengthMax,
      seed,
      usesFastPath: thread % 2 === 0,
    }),
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

/** The observer has the last counter block. */
const observer = (share: StoreShare): SessionHarness => new SessionHarness(share, THREADS);

const CASES = [
  ['in JavaScript', {}],
  ['with and without the fast path', fastStore('memory32')],
] as const;

test.each(CASES)('four threads %s lose no increment', async (_, memory) => {
  const share = testShare({ ...memory, threads: THREADS + 1 });
  const harness = observer(share);
  for (let i = 0; i < 3; i++) harness.send(`set counter-${i} 0 0 1\r\n0\r\n`);
  await runThreads(share, 'increment', 15_000);
  for (let i = 0; i < 3; i++) {
    const value = String((15_000 / 3) * THREADS);
    expect(harness.send(`get counter-${i}\r\n`)).toContain(`\r\n${value}\r\n`);
  }
  expect(harness.parts.sums.class('incr_hits')).toBe(15_000 * THREADS);
  expect(audit(harness.parts)).toEqual([]);
});

test.each(CASES)('four threads %s lose no compare-and-swap', async (_, memory) => {
  const share = testShare({ ...memory, threads: THREADS + 1 });
  const harness = observer(share);
  harness.send('set total 3 0 1\r\n0\r\n');
  const results = await runThreads<{ retries: number }>(share, 'cas', 1500);
  expect(harness.send('get total\r\n')).toBe(`VALUE total 3 4\r\n${1500 * THREADS}\r\nEND\r\n`);
  const retries = results.reduce((sum, result) => sum + result.retries, 0);
  expect(harness.parts.sums.class('cas_badval')).toBe(retries);
  expect(harness.parts.sums.class('cas_hits')).toBe(1500 * THREADS);
  expect(audit(harness.parts)).toEqual([]);
});

test.each(CASES)(
  `threads %s that evict, delete and flush tear no value, seed ${seed}`,
  async (_, memory) => {
    const share = testShare({ ...memory, threads: THREADS + 1, memoryLimitBytes: 1 << 20 });
    const harness = observer(share);
    const results = await runThreads<ChurnResult>(share, 'churn', 20_000);
    expect(results.flatMap(({ tornReplies }) => tornReplies)).toEqual([]);
    expect(audit(harness.parts)).toEqual([]);
    const total = (name: 'sets' | 'gets'): number => results.reduce((sum, r) => sum + r[name], 0);
    expect(harness.parts.sums.class('cmd_set')).toBe(total('sets'));
    expect(harness.parts.sums.thread('get_cmds')).toBe(total('gets'));
    const { sums } = harness.parts;
    expect(sums.hits() + sums.thread('get_misses')).toBe(total('gets'));
  },
);

test.each(CASES)(
  `threads %s tear no large value when pages move and memory is short, seed ${seed}`,
  {
    timeout: 60_000,
  },
  async (_, memory) => {
    const share = testShare({
      ...memory,
      threads: THREADS + 2,
      memoryLimitBytes: 16 << 20,
      slabChunkMaxBytes: 16 << 10,
      slabGrowthFactor: 2,
    });
    const stopped = new Int32Array(new SharedArrayBuffer(4));
    const mover = { share, thread: THREADS + 1, job: 'movePages', rounds: 300, stopped } as const;
    const moved = runThread<{ chunks: number }>({ ...mover, lengthMax: 0, seed });
    const results = await runThreads<ChurnResult>(share, 'churn', 3000, 900_000);
    expect(results.flatMap(({ tornReplies }) => tornReplies)).toEqual([]);
    const harness = observer(share);
    Atomics.store(stopped, 0, 1);
    expect((await moved).chunks).toBeGreaterThan(0);
    expect(audit(harness.parts)).toEqual([]);
    expect(harness.send('stats\r\n')).toMatch(/STAT evictions [1-9]/);
  },
);
