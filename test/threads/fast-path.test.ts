/**
 * Threads with and without the fast path on one store, while a maintainer evicts, moves pages,
 * crawls, changes the policy and the memory limit: no value is torn, no update is lost, and every
 * request is counted once.
 */
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import type { StoreShare, WasmMemoryKind } from '../../src/store/index.ts';
import { TOTAL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { testSeed } from '../support/random.ts';
import {
  fastStore,
  SessionHarness,
  type StoreOptions,
  testShare,
} from '../support/session-harness.ts';
import { LARGE_CHUNKS } from './dying-thread.ts';
import type { FastJob, FastResult } from './fast-worker.ts';

const CLIENTS = 3;
const MAINTAINER = CLIENTS;
const OBSERVER = CLIENTS + 1;
const PAGE_BYTES = 1 << 20;
/** `THREAD_RUNS=10` lets each thread work ten times as long, in all cases. */
const LENGTH = Number(process.env['THREAD_RUNS'] ?? 1);
const seed = testSeed();

type Work = Omit<FastJob, keyof Thread> & { readonly isMaintained: boolean };
type Thread = Pick<
  FastJob,
  'share' | 'thread' | 'role' | 'usesFastPath' | 'seed' | 'workingClients'
>;

/** Which of the clients use the fast path. */
type Users = readonly [boolean, boolean, boolean];
const CASES = [
  ['memory32', 'all threads', [true, true, true]],
  ['memory32', 'one of three threads', [true, false, false]],
  ['memory64', 'two of three threads', [true, false, true]],
] as const satisfies readonly (readonly [WasmMemoryKind, string, Users])[];
const [ALL, ONE, TWO] = CASES;
/** Each kind of work runs in two cases, because a start of the threads takes most of the time. */
const casesOf = (first: (typeof CASES)[number], second: (typeof CASES)[number]) =>
  LENGTH > 1 ? CASES : [first, second];

const shareOf = (kind: WasmMemoryKind, options: Partial<StoreOptions> = {}): StoreShare =>
  testShare({ ...fastStore(kind), threads: CLIENTS + 2, ...options });

function runThread(workerData: FastJob): Promise<FastResult> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./fast-worker.ts', import.meta.url), { workerData });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}

/** Runs the clients, and the maintainer beside them. */
async function run(share: StoreShare, users: Users, work: Work): Promise<readonly FastResult[]> {
  const workingClients = new Int32Array(new SharedArrayBuffer(4));
  workingClients[0] = CLIENTS;
  const start = (thread: number): Promise<FastResult> =>
    runThread({
      ...work,
      share,
      thread,
      role: thread === MAINTAINER ? 'maintainer' : 'client',
      usesFastPath: users[thread] ?? false,
      seed,
      workingClients,
    });
  const clients = users.map((_, thread) => start(thread));
  const [results] = await Promise.all([
    Promise.all(clients),
    work.isMaintained ? start(MAINTAINER) : undefined,
  ]);
  return results;
}

const observe = (share: StoreShare): SessionHarness => new SessionHarness(share, OBSERVER);

/** Checks what must hold after any work; the observer's own requests are in `before`. */
function check(share: StoreShare, results: readonly FastResult[], before = { sets: 0 }): void {
  const { parts } = observe(share);
  const { sums } = parts;
  expect(results.flatMap(({ wrongReplies }) => wrongReplies)).toEqual([]);
  expect(valuesWithOneCas(results)).toEqual([]);
  expect(audit(parts), `seed ${seed}`).toEqual([]);
  const total = (name: keyof FastResult['counts']): number =>
    results.reduce((sum, { counts }) => sum + counts[name], 0);
  expect({
    gets: sums.thread('get_cmds'),
    hitsAndMisses: sums.hits() + sums.thread('get_misses'),
    hits: sums.hits(),
    sets: sums.class('cmd_set') - before.sets,
    touches: sums.thread('touch_cmds'),
    deletes: sums.class('delete_hits') + sums.thread('delete_misses'),
    increments: sums.class('incr_hits') + sums.thread('incr_misses'),
  }).toEqual({
    gets: total('gets'),
    hitsAndMisses: total('gets'),
    hits: total('hits'),
    sets: total('sets'),
    touches: total('touches'),
    deletes: total('deletes'),
    increments: total('increments'),
  });
}

/** Keys of which two threads saw different values with the same CAS id. */
function valuesWithOneCas(results: readonly FastResult[]): readonly string[] {
  const known = new Map<string, string>();
  const wrong: string[] = [];
  for (const { seen } of results) {
    for (const [keyAndCas, sum] of seen) {
      if ((known.get(keyAndCas) ?? sum) !== sum) wrong.push(keyAndCas);
      known.set(keyAndCas, sum);
    }
  }
  return wrong;
}

test.each(casesOf(ALL, TWO))(
  `six keys in %s, fast path in %s, seed ${seed}`,
  async (kind, _, users) => {
    const share = shareOf(kind);
    const observer = observe(share);
    observer.send('set number-0 0 0 1\r\n0\r\nset number-1 0 0 1\r\n0\r\nset total 0 0 1\r\n0\r\n');
    const results = await run(share, users, {
      batches: 400 * LENGTH,
      keys: 3,
      // Most values of a key have one size class, so that they overwrite each other in place.
      lengths: [
        [3700, 3800],
        [3700, 3800],
        [20, 90],
      ],
      hidesItems: false,
      swaps: true,
      isMaintained: false,
    });
    check(share, results, { sets: 3 });
    const sumOf = (name: 'increments' | 'cas'): number =>
      results.reduce((sum, { counts }) => sum + counts[name], 0);
    const numberOf = (key: string): number =>
      Number(/\r\n(\d+) *\r\nEND/.exec(observer.send(`get ${key}\r\n`))?.[1]);
    expect(numberOf('number-0') + numberOf('number-1')).toBe(sumOf('increments'));
    expect(numberOf('total')).toBe(sumOf('cas'));
    expect(sumOf('cas')).toBeGreaterThan(0);
  },
);

test.each(casesOf(ONE, TWO))(
  `many keys in %s, fast path in %s, seed ${seed}`,
  async (kind, _, users) => {
    const share = shareOf(kind, {
      memoryLimitBytes: 2 * PAGE_BYTES,
      slabGrowthFactor: 2,
      slabChunkMaxBytes: 8 << 10,
    });
    const results = await run(share, users, {
      batches: 450 * LENGTH,
      keys: 3000,
      lengths: [
        [0, 60],
        [0, 400],
        [0, 4000],
        [3000, 4000],
        [0, 30_000],
      ],
      hidesItems: true,
      swaps: false,
      isMaintained: true,
    });
    check(share, results);
    const { parts } = observe(share);
    const evicted = parts.arena.sizeClasses.chunkBytes.reduce(
      (sum, _chunk, id) => sum + parts.totals.get(id, TOTAL.evicted),
      0,
    );
    expect(evicted).toBeGreaterThan(0);
    expect(parts.sums.thread('slabs_moved')).toBeGreaterThan(0);
  },
);

test.each(casesOf(ALL, ONE))(
  `few chunks in %s, fast path in %s, seed ${seed}`,
  async (kind, _, users) => {
    const share = shareOf(kind, { memoryLimitBytes: PAGE_BYTES, ...LARGE_CHUNKS });
    const results = await run(share, users, {
      batches: 500 * LENGTH,
      keys: 80,
      // As much as the fast path copies.
      lengths: [[3900, 3980]],
      hidesItems: false,
      swaps: false,
      isMaintained: false,
    });
    check(share, results);
    expect(observe(share).parts.totals.get(1, TOTAL.evicted)).toBeGreaterThan(300);
  },
);

/** So many items fill the buckets that an index has at the start. */
const KEYS_BEFORE_GROWTH = 1.5 * 2 ** 16;
const KEYS_PER_BATCH = 512;

test.each(casesOf(ONE, TWO))(
  `a growing index in %s, fast path in %s, seed ${seed}`,
  async (kind, _, users) => {
    const share = shareOf(kind, { memoryLimitBytes: 24 * PAGE_BYTES });
    const observer = observe(share);
    for (let first = 0; first < KEYS_BEFORE_GROWTH; first += KEYS_PER_BATCH) {
      const keys = Array.from({ length: KEYS_PER_BATCH }, (_key, nth) => `first-${first + nth}`);
      observer.send(keys.map((key) => `set ${key} 0 0 1 noreply\r\nx\r\n`).join(''));
    }
    const buckets = observer.parts.index.bucketCount();
    const before = { sets: observer.parts.sums.class('cmd_set') };
    const results = await run(share, users, {
      batches: 750 * LENGTH,
      keys: 60_000,
      lengths: [[0, 10]],
      hidesItems: false,
      swaps: false,
      isMaintained: false,
    });
    check(share, results, before);
    expect(observer.parts.index.bucketCount()).toBeGreaterThan(buckets + 500);
  },
);
