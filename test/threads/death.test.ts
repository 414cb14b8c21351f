/**
 * A thread may die between any two writes to shared memory. Its locks stay locked, and until the
 * process ends (test/system/death.test.ts) other threads must either wait or see sound items. These
 * tests let a thread die at every single write of each kind of work.
 */
import { afterAll, describe, test } from 'vitest';
import { EVICTION, PAGE_BYTES } from '../../src/store/index.ts';
import { CONTROL } from '../../src/store/memory/layout.ts';
import { Maintainer } from '../../src/store/upkeep/maintainer.ts';
import type { SessionHarness } from '../support/session-harness.ts';
import {
  BIG_BYTES,
  checkEveryDeath,
  faulty,
  KEYS,
  MORE_KEYS,
  type Scenario,
  type Step,
  sendAll,
  sendEach,
  set,
  storeSmallValues,
} from './dying-thread.ts';

const NO_STRIPE = -1;
/** Chunks that hold less than half of a big value: it takes three. */
const CHAINED = { slabChunkMaxBytes: 8 << 10 };

/** Sends a request in two pieces: its line, then its value. */
const sendInPieces = (text: string): readonly Step[] => {
  const [line = '', value = ''] = text.split(/(?<=^[^\n]*\n)/);
  return [(harness) => void harness.feedPieces([Buffer.from(line), Buffer.from(value)])];
};
const storeBigValues = sendAll(...KEYS.map((key) => set(key, 0, BIG_BYTES)));
/** Fills a class of four pages, one of which stays nearly free. */
const storeBigValuesWithRoom = (harness: SessionHarness): void => {
  harness.store.tuning.setMemoryLimit(4 * PAGE_BYTES);
  storeBigValues(harness);
  sendAll(...MORE_KEYS.slice(0, 5).map((key) => set(key, 0, BIG_BYTES)))(harness);
};
const classWithMostPages = (harness: SessionHarness): number =>
  harness.parts.slabs.classWithMostPages(0);
const tickAndMaintain = ({ parts }: SessionHarness): void => {
  parts.clock.tick(parts.clock.now() + 10);
  new Maintainer(parts).runSlice();
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'link an item', prepare: storeSmallValues, steps: sendEach(set('fresh', 0, 200)) },
  {
    name: 'link a value that arrives in pieces',
    prepare: storeSmallValues,
    steps: sendInPieces(set('fresh', 0, 200)),
  },
  {
    name: 'link an item with a ttl',
    prepare: storeSmallValues,
    steps: sendEach(set('fresh', 0, 200, 100)),
  },
  { name: 'overwrite an item', prepare: storeSmallValues, steps: sendEach(set('key-3', 1, 200)) },
  {
    name: 'overwrite an item with a shorter value',
    prepare: storeSmallValues,
    steps: sendEach(set('key-3', 1, 190, 100)),
  },
  {
    name: 'replace an item in its class',
    prepare: storeSmallValues,
    steps: sendInPieces(set('key-3', 1, 200)),
  },
  {
    name: 'replace an item by one in another class',
    prepare: storeSmallValues,
    steps: sendEach(set('key-3', 1, 5000)),
  },
  {
    name: 'receive a value without its line end',
    prepare: storeSmallValues,
    steps: sendEach(`set key-3 0 0 3\r\nabcde\r\n`),
  },
  { name: 'unlink an item', prepare: storeSmallValues, steps: sendEach('delete key-3\r\n') },
  {
    name: 'read an item',
    prepare: storeSmallValues,
    steps: sendEach('get key-3\r\n', 'get key-3\r\n', 'gat 50 key-3\r\n'),
  },
  { name: 'touch an item', prepare: storeSmallValues, steps: sendEach('touch key-3 100\r\n') },
  {
    name: 'append to an item',
    prepare: storeSmallValues,
    steps: sendEach('append key-3 0 0 3\r\nxyz\r\n'),
  },
  {
    name: 'increment a number in its chunk, and in a longer item',
    prepare: sendAll('set number 0 0 1\r\n8\r\n'),
    steps: sendEach('incr number 1\r\n', 'incr number 1\r\n'),
  },
  {
    name: 'give an item a CAS id of its own',
    prepare: storeSmallValues,
    steps: sendEach('ms key-3 3 E77\r\nabc\r\n', 'md key-4 I E78\r\n'),
  },
  {
    name: 'unlink an expired item',
    prepare: (harness) => {
      sendAll(...KEYS.map((key) => set(key, 0, 200, 5)))(harness);
      harness.parts.clock.tick(harness.parts.clock.now() + 10);
    },
    steps: sendEach('get key-3\r\n'),
  },
  { name: 'flush all items', prepare: storeSmallValues, steps: sendEach('flush_all\r\n') },
  {
    name: 'evict an item',
    prepare: storeBigValues,
    steps: sendEach(set('fresh', 0, BIG_BYTES), set('key-19', 1, BIG_BYTES)),
  },
  {
    name: 'evict after hits on every item',
    prepare: (harness) => {
      storeBigValues(harness);
      sendAll(...KEYS.map((key) => `get ${key}\r\n`))(harness);
    },
    steps: sendEach(set('fresh', 0, BIG_BYTES)),
  },
  {
    name: 'split a bucket',
    prepare: (harness) => {
      storeSmallValues(harness);
      // Makes the index look full.
      Atomics.add(harness.parts.arena.control, CONTROL.itemCount, 1_000_000);
    },
    steps: sendEach(set('fresh', 0, 200)),
  },
  {
    name: 'move a page to another class',
    prepare: storeBigValuesWithRoom,
    steps: [
      (harness) => void harness.parts.pageMover.move(classWithMostPages(harness), 1, NO_STRIPE),
    ],
  },
  {
    name: 'move a page to the pool and allocate it again',
    prepare: storeBigValuesWithRoom,
    steps: [
      (harness) => void harness.parts.pageMover.move(classWithMostPages(harness), 0, NO_STRIPE),
      ...sendEach(...MORE_KEYS.slice(5, 7).map((key) => set(key, 0, BIG_BYTES))),
    ],
  },
  {
    name: 'move a page after a lower memory limit',
    prepare: storeBigValuesWithRoom,
    steps: [
      ({ store }) => void store.tuning.setMemoryLimit(PAGE_BYTES),
      ({ parts }) => void new Maintainer(parts).runSlice(),
    ],
  },
  {
    name: 'crawl over items',
    prepare: sendAll(...KEYS.map((key, i) => set(key, 0, 200, i % 2 === 0 ? 5 : 0))),
    steps: [tickAndMaintain],
  },
  {
    name: "balance memcached's segments",
    prepare: (harness) => {
      harness.parts.tunables.set('eviction', EVICTION.segmented);
      storeSmallValues(harness);
      for (let i = 0; i < 3; i++) harness.send('get key-1 key-5\r\n');
    },
    steps: [tickAndMaintain],
  },
  {
    name: 'link a chained item',
    prepare: storeSmallValues,
    steps: sendEach(set('fresh', 0, BIG_BYTES)),
    options: CHAINED,
  },
  {
    name: 'replace a chained item',
    prepare: storeBigValues,
    steps: sendEach(set('key-3', 1, BIG_BYTES)),
    options: CHAINED,
  },
  {
    name: 'unlink a chained item',
    prepare: storeBigValues,
    steps: sendEach('delete key-3\r\n'),
    options: CHAINED,
  },
  {
    name: 'read a chained item',
    prepare: storeBigValues,
    steps: sendEach('get key-3\r\n'),
    options: CHAINED,
  },
  {
    name: 'append to a chained item',
    prepare: storeBigValues,
    steps: sendEach('append key-3 0 0 1\r\nx\r\n'),
    options: CHAINED,
  },
  {
    name: 'delete a chained item that a reader has pinned',
    prepare: storeBigValues,
    steps: [
      (harness) => {
        harness.feed(Buffer.from('get key-3\r\n'));
        const { items } = harness.store;
        const key = Buffer.from('key-3');
        const hash = items.hashOf(key, 0, 5);
        items.removeOpened(hash, items.open(hash, key, 0, 5));
        items.close(hash);
        harness.session.abandon();
      },
    ],
    options: CHAINED,
  },
  {
    name: 'evict chained items for a chained item',
    prepare: sendAll(...Array.from({ length: 150 }, (_, i) => set(`first-${i}`, 0, BIG_BYTES))),
    steps: sendEach(set('fresh', 0, 3 * BIG_BYTES)),
    options: CHAINED,
  },
  {
    name: 'move a page with chained items to the pool',
    prepare: (harness) => {
      harness.store.tuning.setMemoryLimit(6 * PAGE_BYTES);
      for (const key of KEYS.slice(0, 8)) harness.send(set(key, 0, 10 * BIG_BYTES));
    },
    steps: [
      (harness) =>
        void harness.parts.pageMover.move(
          harness.parts.arena.sizeClasses.chunkBytes.length - 1,
          0,
          NO_STRIPE,
        ),
    ],
    options: { slabChunkMaxBytes: 64 << 10 },
  },
  {
    name: 'crawl over chained items',
    prepare: sendAll(
      ...KEYS.slice(0, 4).map((key, i) => set(key, 0, BIG_BYTES, i % 2 === 0 ? 5 : 0)),
    ),
    steps: [tickAndMaintain],
    options: CHAINED,
  },
];

afterAll(() => faulty.close());

describe('a thread that dies at any write leaves only sound items visible:', () => {
  test.each(SCENARIOS)('$name', (scenario) => void checkEveryDeath(scenario));
});
