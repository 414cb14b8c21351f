/**
 * A thread may die between any two writes to shared memory. Its locks stay locked, and until the
 * process ends (test/system/death.test.ts) other threads must either wait or see sound items. These
 * tests let a thread die at every single write of each kind of work.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { EVICTION, PAGE_BYTES, type StoreShare } from '../../src/store/index.ts';
import { CONTROL } from '../../src/store/memory/layout.ts';
import { Maintainer } from '../../src/store/upkeep/maintainer.ts';
import { FaultyMemory, InjectedFault } from '../support/faulty-memory.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';

const WRITES_MAX = 3000;
/** How many items of each size the observer stores after a thread has died. */
const OTHER_ITEMS_PER_SIZE = 4;
const NO_STRIPE = -1;
/** The value of a version of a key; it contains the key and the version. */
const versionOf = (key: string, version: number, length: number): string =>
  `${key} ${version} `.padEnd(length, String.fromCharCode(97 + version));
const set = (key: string, version: number, length: number, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${length}\r\n${versionOf(key, version, length)}\r\n`;

/** So large that a page holds few of them. */
const BIG_BYTES = 21_000;
/** Chunks that hold less than half of a big value. */
const CHAINED = { slabChunkMaxBytes: 8 << 10 };
const KEYS = Array.from({ length: 20 }, (_, i) => `key-${i}`);

type Step = (harness: SessionHarness) => void;

interface Scenario {
  readonly name: string;
  /** Fills the store; a thread that does not die runs it. */
  readonly prepare: Step;
  /** The work of the thread that dies. */
  readonly steps: readonly Step[];
  /** The largest chunk, if not half a page. With CHAINED a big value takes three chunks. */
  readonly slabChunkMaxBytes?: number;
}

const sendEach = (...texts: readonly string[]): readonly Step[] =>
  texts.map((text) => (harness) => void harness.send(text));
/** Sends a request in two pieces: its line, then its value. */
const sendInPieces = (text: string): readonly Step[] => {
  const [line = '', value = ''] = text.split(/(?<=^[^\n]*\n)/);
  return [(harness) => void harness.feedPieces([Buffer.from(line), Buffer.from(value)])];
};
const inOrder =
  (steps: readonly Step[]): Step =>
  (harness) => {
    for (const step of steps) step(harness);
  };
const sendAll = (...texts: readonly string[]): Step => inOrder(sendEach(...texts));
const storeSmallValues = sendAll(...KEYS.map((key) => set(key, 0, 200)));
const MORE_KEYS = Array.from({ length: 14 }, (_, i) => `more-${i}`);
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
    ...CHAINED,
  },
  {
    name: 'replace a chained item',
    prepare: storeBigValues,
    steps: sendEach(set('key-3', 1, BIG_BYTES)),
    ...CHAINED,
  },
  {
    name: 'unlink a chained item',
    prepare: storeBigValues,
    steps: sendEach('delete key-3\r\n'),
    ...CHAINED,
  },
  {
    name: 'read a chained item',
    prepare: storeBigValues,
    steps: sendEach('get key-3\r\n'),
    ...CHAINED,
  },
  {
    name: 'append to a chained item',
    prepare: storeBigValues,
    steps: sendEach('append key-3 0 0 1\r\nx\r\n'),
    ...CHAINED,
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
    ...CHAINED,
  },
  {
    name: 'evict chained items for a chained item',
    prepare: sendAll(...Array.from({ length: 150 }, (_, i) => set(`first-${i}`, 0, BIG_BYTES))),
    steps: sendEach(set('fresh', 0, 3 * BIG_BYTES)),
    ...CHAINED,
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
    slabChunkMaxBytes: 64 << 10,
  },
  {
    name: 'crawl over chained items',
    prepare: sendAll(
      ...KEYS.slice(0, 4).map((key, i) => set(key, 0, BIG_BYTES, i % 2 === 0 ? 5 : 0)),
    ),
    steps: [tickAndMaintain],
    ...CHAINED,
  },
];

/** The observer would have to wait here for the thread that died. */
class WouldWait extends Error {}

const memory: { watched?: SharedArrayBuffer } = {};
const faulty = new FaultyMemory((each) => each === memory.watched);
const realWait = Atomics.wait;
afterAll(() => faulty.close());

/** Joins as the thread that dies: its views of the memory count writes. */
function joinVictim(share: StoreShare): SessionHarness {
  memory.watched = share.memory;
  const unwatch = faulty.countInNewArrays();
  try {
    return new SessionHarness(share, 1);
  } finally {
    unwatch();
  }
}

/** Whether the thread survived: it made fewer writes than `failAt`. */
function survives(step: () => void, failAt: number): boolean {
  faulty.arm(failAt);
  try {
    step();
    return true;
  } catch (error) {
    if (!(error instanceof InjectedFault)) throw error;
    return false;
  } finally {
    faulty.arm(Number.POSITIVE_INFINITY);
  }
}

/** The reply, or undefined if the observer would wait; its session is of no use after that. */
function replyOf(request: () => string): string | undefined {
  Atomics.wait = (() => {
    throw new WouldWait();
  }) as typeof Atomics.wait;
  try {
    return request();
  } catch (error) {
    if (!(error instanceof WouldWait)) throw error;
    return undefined;
  } finally {
    Atomics.wait = realWait;
  }
}

/** Checks that each key has its value from before or after a step, or none; never half a value. */
class Observer {
  readonly #share: StoreShare;
  readonly #allowed: ReadonlyMap<string, ReadonlySet<string>>;
  #harness: SessionHarness;
  waitCount = 0;

  constructor(share: StoreShare, allowed: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#share = share;
    this.#harness = new SessionHarness(share, 2);
    this.#allowed = allowed;
  }

  /** Checks that every readable item is sound, also after other threads went on writing. */
  check(context: string): void {
    this.#read(context);
    for (const length of [40, 200, BIG_BYTES]) {
      for (let i = 0; i < OTHER_ITEMS_PER_SIZE; i++)
        this.#write(context, `other-${length}-${i}`, length);
      this.#read(`${context}, then values of ${length}`);
    }
    this.#send('delete key-7\r\n');
    replyOf(() => {
      new Maintainer(this.#harness.parts).runSlice();
      return '';
    });
    this.#read(`${context}, after a slice of the maintainer`);
  }

  #write(context: string, key: string, length: number): void {
    const reply = this.#send(set(key, 2, length));
    if (reply === undefined) return;
    expect(reply, context).toMatch(/^(STORED|SERVER_ERROR out of memory storing object)\r\n$/);
    const value = versionOf(key, 2, length);
    expect([
      undefined,
      'END\r\n',
      `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`,
    ]).toContain(this.#send(`get ${key}\r\n`));
  }

  #read(context: string): void {
    for (const [key, allowed] of this.#allowed) {
      const reply = this.#send(`get ${key}\r\n`);
      if (reply === undefined || allowed.has(reply)) continue;
      expect.fail(`${context}: ${key} holds ${JSON.stringify(reply.slice(0, 200))}`);
    }
  }

  #send(text: string): string | undefined {
    const reply = replyOf(() => this.#harness.send(text));
    if (reply !== undefined) return reply;
    this.waitCount++;
    // The session would wait inside an operation, so a new session continues.
    this.#harness = new SessionHarness(this.#share, 2);
    return undefined;
  }
}

/** The replies to a get of each key after each step of a run in which no thread dies. */
function allowedReplies(scenario: Scenario): Map<string, Set<string>> {
  const { prepare, steps } = scenario;
  const harness = new SessionHarness(makeShare(scenario), 0);
  const allowed = new Map<string, Set<string>>();
  const recordReplies = () => {
    for (const key of [...KEYS, ...MORE_KEYS, 'fresh', 'number']) {
      const known = allowed.get(key) ?? new Set(['END\r\n']);
      allowed.set(key, known.add(harness.send(`get ${key}\r\n`)));
    }
  };
  for (const step of [prepare, ...steps]) {
    step(harness);
    recordReplies();
  }
  return new Map([...allowed].filter(([, replies]) => replies.size > 1));
}

const makeShare = ({ slabChunkMaxBytes = 1 << 19 }: Scenario): StoreShare =>
  testShare({ threads: 3, memoryLimitBytes: 2 << 20, slabGrowthFactor: 6, slabChunkMaxBytes });

/**
 * Restores the prepared store with each call. It reuses the same memory, because thousands of
 * copies would be garbage.
 */
function snapshotOf(scenario: Scenario): () => StoreShare {
  const share = makeShare(scenario);
  scenario.prepare(new SessionHarness(share, 0));
  const bytes = new Uint8Array(share.memory);
  const snapshot = bytes.slice();
  return () => {
    bytes.set(snapshot);
    return share;
  };
}

describe('a thread that dies at any write leaves only sound items visible:', () => {
  test.each(SCENARIOS)('$name', (scenario) => {
    const allowed = allowedReplies(scenario);
    const prepare = snapshotOf(scenario);
    let write = 1;
    for (; write <= WRITES_MAX; write++) {
      const share = prepare();
      const victim = joinVictim(share);
      const survived = survives(() => inOrder(scenario.steps)(victim), write);
      const observer = new Observer(share, allowed);
      observer.check(`${scenario.name}, dead at write ${write}`);
      if (survived) {
        expect(observer.waitCount, 'no thread died, so no thread waits').toBe(0);
        break;
      }
    }
    expect(write, 'the scenario makes writes').toBeGreaterThan(5);
    expect(write).toBeLessThan(WRITES_MAX);
  });
});
