/** One of several threads that work on one store. Each job returns what it counted. */
import { parentPort, workerData } from 'node:worker_threads';
import { CONTROL, type StoreShare } from '../../src/store/index.ts';
import { Maintainer } from '../../src/store/maintainer.ts';
import { Random } from '../support/random.ts';
import { Talker } from '../support/talker.ts';
import { checkedValue, isChecked } from './checked-value.ts';

export interface ThreadJob {
  readonly share: StoreShare;
  readonly thread: number;
  readonly job: 'increment' | 'cas' | 'churn' | 'movePages';
  readonly rounds: number;
  /** The longest value of `churn`; most are a hundredth of that. */
  readonly lengthMax: number;
  readonly seed: number;
}

const { share, thread, job, rounds, lengthMax, seed } = workerData as ThreadJob;
const talker = new Talker(share, thread);
const random = new Random(seed + thread);

const jobs: Readonly<Record<ThreadJob['job'], () => object>> = {
  increment() {
    for (let i = 0; i < rounds; i++) talker.say(`incr counter-${i % 3} 1\r\n`);
    return {};
  },
  cas() {
    let retries = 0;
    for (let done = 0; done < rounds; ) {
      const [, flags, length, cas, value] =
        /^VALUE total (\d+) (\d+) (\d+)\r\n(\d+)/.exec(talker.say('gets total\r\n')) ?? [];
      if (length === undefined) throw new Error('the total is gone');
      const next = String(Number(value) + 1);
      const reply = talker.say(`cas total ${flags} 0 ${next.length} ${cas}\r\n${next}\r\n`);
      if (reply === 'STORED\r\n') done++;
      else retries++;
    }
    return { retries };
  },
  churn() {
    let sets = 0;
    let gets = 0;
    const torn: string[] = [];
    for (let i = 0; i < rounds; i++) {
      const key = `key-${random.int(0, 500)}`;
      const dice = random.int(0, 99);
      if (dice < 40) {
        const length = random.int(0, dice === 0 ? lengthMax : lengthMax / 100);
        const value = checkedValue(key, random.int(0, 1_000_000), length);
        talker.say(`set ${key} 0 0 ${value.length}\r\n${value}\r\n`);
        sets++;
      } else if (dice < 90) {
        const reply = talker.say(`get ${key}\r\n`);
        const value = /^VALUE \S+ 0 \d+\r\n(.*)\r\nEND\r\n$/s.exec(reply)?.[1];
        if (value !== undefined && !isChecked(key, value)) torn.push(reply.slice(0, 200));
        gets++;
      } else if (dice < 98) talker.say(`delete ${key}\r\n`);
      else if (dice < 99) talker.say(`touch ${key} ${random.int(1, 100)}\r\n`);
      else if (i % 50 === 0) talker.say('flush_all\r\n');
    }
    return { sets, gets, torn };
  },
  movePages() {
    const { mover, chunkBytes, arena, lifetimes } = talker.store;
    const maintainer = new Maintainer(talker.store);
    const largest = chunkBytes.length - 1;
    const chunks = (): number => talker.store.sums.thread('slab_reassign_chunk_rescues');
    const goesOn = (): boolean => Atomics.load(arena.control, CONTROL.stop) === 0;
    for (let i = 0; goesOn() || (i < rounds && chunks() === 0); i++) {
      mover.move(largest, random.int(1, largest - 1), -1);
      for (let from = 1; from < largest; from++) mover.move(from, largest, -1);
      if (i % 5 === 0) lifetimes.tick(lifetimes.now() + 1);
      maintainer.turn();
    }
    return { chunks: chunks() };
  },
};

parentPort?.postMessage(jobs[job]());
