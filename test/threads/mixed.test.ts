import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { assemble } from '../../src/store/assemble.ts';
import type { WasmMemoryKind } from '../../src/store/index.ts';
import { TOTAL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { testSeed } from '../support/random.ts';
import { fastStore, testShare } from '../support/session-harness.ts';
import type { MixedJob, MixedResult } from './mixed-worker.ts';

const CLIENTS = 4;
const ROUNDS = 20_000;
const seed = testSeed();

function run(workerData: MixedJob): Promise<MixedResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./mixed-worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Which clients use the fast path, by their numbers. */
const CASES: readonly (readonly [string, WasmMemoryKind | undefined, readonly number[]])[] = [
  ['in JavaScript', undefined, []],
  ['with the fast path', 'memory32', [0, 1, 2, 3]],
  ['two of them with the fast path', 'memory64', [0, 2]],
];

test.each(CASES)(
  `clients %s, changing sizes and a maintainer leave a sound store, seed ${seed}`,
  async (_, kind, users) => {
    const threads = CLIENTS + 2;
    const share = testShare({
      ...(kind && fastStore(kind)),
      threads,
      memoryLimitBytes: 2 << 20,
      slabGrowthFactor: 2,
      slabChunkMaxBytes: 8 << 10,
    });
    const workingClients = new Int32Array(new SharedArrayBuffer(4));
    workingClients[0] = CLIENTS;
    const jobs = Array.from({ length: CLIENTS + 1 }, (_, thread) => {
      const role = thread < CLIENTS ? 'client' : 'maintainer';
      const usesFastPath = users.includes(thread);
      return run({ share, thread, role, usesFastPath, rounds: ROUNDS, seed, workingClients });
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
  },
);
