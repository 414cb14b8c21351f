import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { audit } from '../support/audit.ts';
import { collidingKeys } from '../support/copy-node.ts';
import { testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';
import type { CopiesJob, CopiesResult } from './copies-worker.ts';
import { valueAt } from './copy-states.ts';

const THREADS = 4;
const STATES = 40_000;
const seed = testSeed();

function run(workerData: CopiesJob): Promise<CopiesResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./copies-worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

test(`threads that take states at once leave the last of each key, seed ${seed}`, async () => {
  const share = testShare({ threads: THREADS + 1, slabChunkMaxBytes: 8 << 10 });
  const observer = new SessionHarness(share, THREADS);
  const groups = ['a', 'b', 'c', 'd'].map((prefix) => collidingKeys(observer.store, 4, prefix));
  const keys = groups.flat();
  const common = {
    share,
    threads: THREADS,
    keys,
    states: STATES,
    seed,
    role: 'receiver',
  } as const;
  const threads = Array.from({ length: THREADS }, (_, thread) => run({ ...common, thread }));
  const results = await Promise.all(threads);
  expect(results.flatMap(({ wrong }) => wrong)).toEqual([]);
  expect(results.reduce((sum, { refusals }) => sum + refusals, 0)).toBeGreaterThan(0);
  for (const key of keys) {
    const last = Math.max(...results.map(({ taken }) => taken.get(key) ?? 0));
    const value = valueAt(key, last);
    const reply = value === undefined ? 'EN\r\n' : `VA ${value.length} c${last}\r\n${value}\r\n`;
    expect(observer.send(`mg ${key} c v\r\n`), key).toBe(reply);
  }
  expect(audit(observer.parts)).toEqual([]);
});

test(`threads of a primary number the states of a key in their order, seed ${seed}`, async () => {
  const share = testShare({ threads: THREADS });
  const keys = ['a', 'b'];
  const common = { share, threads: THREADS, keys, states: 8 * STATES, seed };
  const threads = Array.from({ length: THREADS }, (_, thread) =>
    run({ ...common, thread, role: 'primary' }),
  );
  const results = await Promise.all(threads);
  for (const key of keys) {
    const states = results.flatMap(({ reads }) => reads.get(key) ?? []);
    states.sort(([a], [b]) => a - b);
    const older = states.filter(([, cas], nth) => nth > 0 && cas < states[nth - 1]![1]);
    expect(states.length).toBeGreaterThan(STATES);
    expect(older.length, key).toBe(0);
  }
});
