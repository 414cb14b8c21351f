import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { assemble } from '../../src/store/assemble.ts';
import { TOTAL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { testSeed } from '../support/random.ts';
import { testShare } from '../support/session-harness.ts';
import type { MixedJob, MixedResult } from './mixed-worker.ts';

const CLIENTS = 4;
const ROUNDS = 60_000;
const seed = testSeed();

function run(workerData: MixedJob): Promise<MixedResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./mixed-worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test(`clients with changing sizes and a maintainer leave a sound store, seed ${seed}`, async () => {
  const threads = CLIENTS + 2;
  const share = testShare({
    threads,
    memoryLimitBytes: 2 << 20,
    slabGrowthFactor: 2,
    slabChunkMaxBytes: 8 << 10,
  });
  const workingClients = new Int32Array(new SharedArrayBuffer(4));
  workingClients[0] = CLIENTS;
  const jobs = Array.from({ length: CLIENTS + 1 }, (_, thread) => {
    const role = thread < CLIENTS ? 'client' : 'maintainer';
    return run({ share, thread, role, rounds: ROUNDS, seed, workingClients });
  });
  const results = await Promise.all(jobs);
  const parts = assemble(share, threads - 1);
  expect(results.flatMap(({ wrongReplies }) => wrongReplies)).toEqual([]);
  expect(audit(parts), `seed ${seed}`).toEqual([]);
  const evicted = parts.arena.sizeClasses.chunkBytes.reduce(
    (sum, _, id) => sum + parts.totals.get(id, TOTAL.evicted),
    0,
  );
  expect(evicted).toBeGreaterThan(0);
  expect(parts.sums.thread('slabs_moved')).toBeGreaterThan(0);
  expect(results.reduce((sum, { hits }) => sum + hits, 0)).toBe(parts.sums.hits());
});
