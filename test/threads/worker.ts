/** One of several threads that work on one store. Each job returns its counts. */
import { parentPort, workerData } from 'node:worker_threads';
import type { StoreShare } from '../../src/store/index.ts';
import { Maintainer } from '../../src/store/upkeep/maintainer.ts';
import { Random } from '../support/random.ts';
import { SessionHarness } from '../support/session-harness.ts';
import { checkedValue, isChecked } from './checked-value.ts';

export interface ThreadJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly job: 'increment' | 'cas' | 'churn' | 'movePages';
  readonly rounds: number;
  /** The longest value of `churn`; most are a hundredth of that. */
  readonly lengthMax: number;
  readonly seed: number;
  /** Whether it uses the fast path, if the store has a kind of memory for it. */
  readonly usesFastPath?: boolean;
  /** `movePages` works until this is not 0. */
  readonly stopped?: Int32Array;
}

const { share, thread, job, rounds, lengthMax, seed, stopped, usesFastPath } =
  workerData as ThreadJob;
const harness = new SessionHarness(share, thread, { usesFastPath: usesFastPath ?? false });
const random = new Random(seed + thread);

const jobs: Readonly<Record<ThreadJob['job'], () => object>> = {
  increment() {
    for (let i = 0; i < rounds; i++) harness.send(`incr counter-${i % 3} 1\r\n`);
    return {};
  },
  cas() {
    let retries = 0;
    for (let done = 0; done < rounds; ) {
      const [, flags, length, cas, value] =
        /^VALUE total (\d+) (\d+) (\d+)\r\n(\d+)/.exec(harness.send('gets total\r\n')) ?? [];
      if (length === undefined) throw new Error('the store has no item "total"');
      const next = String(Number(value) + 1);
      const reply = harness.send(`cas total ${flags} 0 ${next.length} ${cas}\r\n${next}\r\n`);
      if (reply === 'STORED\r\n') done++;
      else retries++;
    }
    return { retries };
  },
  churn() {
    let sets = 0;
    let gets = 0;
    const tornReplies: string[] = [];
    for (let i = 0; i < rounds; i++) {
      const key = `key-${random.int(0, 500)}`;
      const roll = random.int(0, 99);
      if (roll < 40) {
        const length = random.int(0, roll === 0 ? lengthMax : lengthMax / 100);
        const value = checkedValue(key, random.int(0, 1_000_000), length);
        harness.send(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`);
        sets++;
      } else if (roll < 90) {
        const reply = harness.send(`get ${key}\r\n`);
        const value = /^VALUE \S+ 0 \d+\r\n(.*)\r\nEND\r\n$/s.exec(reply)?.[1];
        if (value !== undefined && !isChecked(key, value)) tornReplies.push(reply.slice(0, 200));
        gets++;
      } else if (roll < 98) harness.send(`delete ${key}\r\n`);
      else if (roll < 99) harness.send(`touch ${key} ${random.int(1, 100)}\r\n`);
      else if (i % 50 === 0) harness.send('flush_all\r\n');
    }
    return { sets, gets, tornReplies };
  },
  movePages() {
    const { pageMover, arena, clock } = harness.parts;
    const { largest } = arena.sizeClasses;
    const maintainer = new Maintainer(harness.parts);
    const chunks = (): number => harness.parts.sums.thread('slab_reassign_chunk_rescues');
    const isRunning = (): boolean => stopped !== undefined && Atomics.load(stopped, 0) === 0;
    for (let i = 0; isRunning() || (i < rounds && chunks() === 0); i++) {
      pageMover.move(largest, random.int(1, largest - 1), -1);
      for (let from = 1; from < largest; from++) pageMover.move(from, largest, -1);
      if (i % 5 === 0) clock.tick(clock.now() + 1);
      maintainer.runSlice();
    }
    return { chunks: chunks() };
  },
};

parentPort?.postMessage(jobs[job]());
