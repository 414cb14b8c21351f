/**
 * A thread may die between any two writes to shared memory. What it held stays locked, and until the process ends
 * (test/system/death.test.ts) the others must wait or see sound items: here for every single write of each
 * thing that a thread does.
 */
import { afterAll, describe, expect, test } from 'vitest';
import {
  CONTROL,
  EVICTION,
  Maintainer,
  PAGE_BYTES,
  type StoreShare,
} from '../../src/store/index.ts';
import { FaultyMemory, InjectedFault } from '../support/faulty-memory.ts';
import { Talker, testShare } from '../support/talker.ts';

const WRITES_MAX = 3000;
/** How many items of each size are written after a thread has died. */
const OTHERS = 4;
const NO_STRIPE = -1;
/** The value of a key in its n-th version, which says so itself. */
const versionOf = (key: string, version: number, length: number): string =>
  `${key} ${version} `.padEnd(length, String.fromCharCode(97 + version));
const set = (key: string, version: number, length: number, exptime = 0): string =>
  `set ${key} 0 ${exptime} ${length}\r\n${versionOf(key, version, length)}\r\n`;

/** Large enough for a page to have few of them. */
const BIG_BYTES = 21_000;
/** A chunk that holds less than half of one. */
const CHAINED = { slabChunkMaxBytes: 8 << 10 };
const KEYS = Array.from({ length: 20 }, (_, i) => `key-${i}`);

type Act = (talker: Talker) => void;

interface Scenario {
  readonly name: string;
  /** What the store holds before, said or done by a thread that is well. */
  readonly prepare: Act;
  /** What the thread that dies does, step by step. */
  readonly acts: readonly Act[];
  /** The largest chunk, where it matters: values of BIG_BYTES are chains of three of CHAINED. */
  readonly slabChunkMaxBytes?: number;
}

const says = (...texts: readonly string[]): readonly Act[] =>
  texts.map((text) => (talker) => void talker.say(text));
/** Said in two pieces, the value apart from its line. */
const saysInPieces = (text: string): readonly Act[] => {
  const [line = '', value = ''] = text.split(/(?<=^[^\n]*\n)/);
  return [(talker) => void talker.feedPieces([Buffer.from(line), Buffer.from(value)])];
};
const all =
  (acts: readonly Act[]): Act =>
  (talker) => {
    for (const act of acts) act(talker);
  };
const say = (...texts: readonly string[]): Act => all(says(...texts));
const small = say(...KEYS.map((key) => set(key, 0, 200)));
const MORE = Array.from({ length: 14 }, (_, i) => `more-${i}`);
const big = say(...KEYS.map((key) => set(key, 0, BIG_BYTES)));
/** A class of four pages, with one nearly free. */
const bigAndRoom = (talker: Talker): void => {
  talker.store.limitMemory(4 * PAGE_BYTES);
  big(talker);
  say(...MORE.slice(0, 5).map((key) => set(key, 0, BIG_BYTES)))(talker);
};
const classOf = (talker: Talker): number => talker.store.classOfMostPages(0);
const tickAndTurn = ({ store }: Talker): void => {
  store.lifetimes.tick(store.lifetimes.now() + 10);
  new Maintainer(store).turn();
};

const SCENARIOS: readonly Scenario[] = [
  { name: 'link', prepare: small, acts: says(set('fresh', 0, 200)) },
  { name: 'link what comes in pieces', prepare: small, acts: saysInPieces(set('fresh', 0, 200)) },
  { name: 'link with a TTL', prepare: small, acts: says(set('fresh', 0, 200, 100)) },
  { name: 'write over', prepare: small, acts: says(set('key-3', 1, 200)) },
  { name: 'write over, a shorter one', prepare: small, acts: says(set('key-3', 1, 190, 100)) },
  { name: 'replace in its class', prepare: small, acts: saysInPieces(set('key-3', 1, 200)) },
  { name: 'replace in another class', prepare: small, acts: says(set('key-3', 1, 5000)) },
  { name: 'a value that never comes', prepare: small, acts: says(`set key-3 0 0 3\r\nabcde\r\n`) },
  { name: 'unlink', prepare: small, acts: says('delete key-3\r\n') },
  { name: 'hit', prepare: small, acts: says('get key-3\r\n', 'get key-3\r\n', 'gat 50 key-3\r\n') },
  { name: 'touch', prepare: small, acts: says('touch key-3 100\r\n') },
  { name: 'join', prepare: small, acts: says('append key-3 0 0 3\r\nxyz\r\n') },
  {
    name: 'count in place, and in a longer item',
    prepare: say('set number 0 0 1\r\n8\r\n'),
    acts: says('incr number 1\r\n', 'incr number 1\r\n'),
  },
  {
    name: 'a CAS id of its own',
    prepare: small,
    acts: says('ms key-3 3 E77\r\nabc\r\n', 'md key-4 I E78\r\n'),
  },
  {
    name: 'unlink what has expired',
    prepare: (talker) => {
      say(...KEYS.map((key) => set(key, 0, 200, 5)))(talker);
      talker.store.lifetimes.tick(talker.store.lifetimes.now() + 10);
    },
    acts: says('get key-3\r\n'),
  },
  { name: 'flush', prepare: small, acts: says('flush_all\r\n') },
  {
    name: 'evict',
    prepare: big,
    acts: says(set('fresh', 0, BIG_BYTES), set('key-19', 1, BIG_BYTES)),
  },
  {
    name: 'evict, spared by a hit',
    prepare: (talker) => {
      big(talker);
      say(...KEYS.map((key) => `get ${key}\r\n`))(talker);
    },
    acts: says(set('fresh', 0, BIG_BYTES)),
  },
  {
    name: 'split a bucket',
    prepare: (talker) => {
      small(talker);
      // As if it were full.
      Atomics.add(talker.store.arena.control, CONTROL.itemCount, 1_000_000);
    },
    acts: says(set('fresh', 0, 200)),
  },
  {
    name: 'move a page to another class',
    prepare: bigAndRoom,
    acts: [(talker) => void talker.store.mover.move(classOf(talker), 1, NO_STRIPE)],
  },
  {
    name: 'move a page to the pool and take it again',
    prepare: bigAndRoom,
    acts: [
      (talker) => void talker.store.mover.move(classOf(talker), 0, NO_STRIPE),
      ...says(...MORE.slice(5, 7).map((key) => set(key, 0, BIG_BYTES))),
    ],
  },
  {
    name: 'move a page when the limit sinks',
    prepare: bigAndRoom,
    acts: [
      ({ store }) => void store.limitMemory(PAGE_BYTES),
      ({ store }) => void new Maintainer(store).turn(),
    ],
  },
  {
    name: 'crawl',
    prepare: say(...KEYS.map((key, i) => set(key, 0, 200, i % 2 === 0 ? 5 : 0))),
    acts: [tickAndTurn],
  },
  {
    name: "look after memcached's segments",
    prepare: (talker) => {
      talker.store.tunables.set('eviction', EVICTION.segmented);
      small(talker);
      for (let i = 0; i < 3; i++) talker.say('get key-1 key-5\r\n');
    },
    acts: [tickAndTurn],
  },
  { name: 'link a chain', prepare: small, acts: says(set('fresh', 0, BIG_BYTES)), ...CHAINED },
  { name: 'replace a chain', prepare: big, acts: says(set('key-3', 1, BIG_BYTES)), ...CHAINED },
  { name: 'unlink a chain', prepare: big, acts: says('delete key-3\r\n'), ...CHAINED },
  { name: 'read a chain', prepare: big, acts: says('get key-3\r\n'), ...CHAINED },
  { name: 'join to a chain', prepare: big, acts: says('append key-3 0 0 1\r\nx\r\n'), ...CHAINED },
  {
    name: 'delete a chain that is being sent',
    prepare: big,
    acts: [
      (talker) => {
        talker.feed(Buffer.from('get key-3\r\n'));
        const hash = talker.store.hashOf(Buffer.from('key-3'), 0, 5);
        talker.store.remove(hash, Buffer.from('key-3'), 0, 5);
        talker.session.abandon();
      },
    ],
    ...CHAINED,
  },
  {
    name: 'evict chains for a chain',
    prepare: say(...Array.from({ length: 150 }, (_, i) => set(`first-${i}`, 0, BIG_BYTES))),
    acts: says(set('fresh', 0, 3 * BIG_BYTES)),
    ...CHAINED,
  },
  {
    name: 'move a page with chains to the pool',
    prepare: (talker) => {
      talker.store.limitMemory(6 * PAGE_BYTES);
      for (const key of KEYS.slice(0, 8)) talker.say(set(key, 0, 10 * BIG_BYTES));
    },
    acts: [
      (talker) => void talker.store.mover.move(talker.store.chunkBytes.length - 1, 0, NO_STRIPE),
    ],
    slabChunkMaxBytes: 64 << 10,
  },
  {
    name: 'crawl over chains',
    prepare: say(...KEYS.slice(0, 4).map((key, i) => set(key, 0, BIG_BYTES, i % 2 === 0 ? 5 : 0))),
    acts: [tickAndTurn],
    ...CHAINED,
  },
];

/** An onlooker would have to wait here for the thread that died. */
class Waits extends Error {}

const memory: { watched?: SharedArrayBuffer } = {};
const faulty = new FaultyMemory((each) => each === memory.watched);
const realWait = Atomics.wait;
afterAll(() => faulty.close());

/** The thread that dies: its views of the memory count writes. */
function join(share: StoreShare): Talker {
  memory.watched = share.memory;
  const unwatch = faulty.watchNewArrays();
  try {
    return new Talker(share, 1);
  } finally {
    unwatch();
  }
}

/** Whether the thread lived through write number `failAt`: there are no more. */
function survives(act: () => void, failAt: number): boolean {
  faulty.arm(failAt);
  try {
    act();
    return true;
  } catch (error) {
    if (!(error instanceof InjectedFault)) throw error;
    return false;
  } finally {
    faulty.arm(Number.POSITIVE_INFINITY);
  }
}

/** The reply, or undefined if the onlooker waits: never again may it be asked about what it holds then. */
function replyOf(ask: () => string): string | undefined {
  Atomics.wait = (() => {
    throw new Waits();
  }) as typeof Atomics.wait;
  try {
    return ask();
  } catch (error) {
    if (!(error instanceof Waits)) throw error;
    return undefined;
  } finally {
    Atomics.wait = realWait;
  }
}

/** What each of the keys may hold: its value before, after, or none; never half of one. */
class Onlooker {
  readonly #share: StoreShare;
  readonly #allowed: ReadonlyMap<string, ReadonlySet<string>>;
  #talker: Talker;
  waits = 0;

  constructor(share: StoreShare, allowed: ReadonlyMap<string, ReadonlySet<string>>) {
    this.#share = share;
    this.#talker = new Talker(share, 2);
    this.#allowed = allowed;
  }

  /** All that can be read is sound, also after others went on writing. */
  look(where: string): void {
    this.#read(where);
    for (const length of [40, 200, BIG_BYTES]) {
      for (let i = 0; i < OTHERS; i++) this.#write(where, `other-${length}-${i}`, length);
      this.#read(`${where}, then values of ${length}`);
    }
    this.#say('delete key-7\r\n');
    replyOf(() => {
      new Maintainer(this.#talker.store).turn();
      return '';
    });
    this.#read(`${where}, after a maintainer's turn`);
  }

  #write(where: string, key: string, length: number): void {
    const reply = this.#say(set(key, 2, length));
    if (reply === undefined) return;
    expect(reply, where).toMatch(/^(STORED|SERVER_ERROR out of memory storing object)\r\n$/);
    const value = versionOf(key, 2, length);
    expect([
      undefined,
      'END\r\n',
      `VALUE ${key} 0 ${value.length}\r\n${value}\r\nEND\r\n`,
    ]).toContain(this.#say(`get ${key}\r\n`));
  }

  #read(where: string): void {
    for (const [key, allowed] of this.#allowed) {
      const reply = this.#say(`get ${key}\r\n`);
      if (reply === undefined || allowed.has(reply)) continue;
      expect.fail(`${where}: ${key} holds ${JSON.stringify(reply.slice(0, 200))}`);
    }
  }

  #say(text: string): string | undefined {
    const reply = replyOf(() => this.#talker.say(text));
    if (reply !== undefined) return reply;
    this.waits++;
    // One that waits is in the middle of something: another goes on.
    this.#talker = new Talker(this.#share, 2);
    return undefined;
  }
}

/** Replies to a get of each key in a run in which nobody dies, after each step of it. */
function allowedReplies(scenario: Scenario): Map<string, Set<string>> {
  const { prepare, acts } = scenario;
  const talker = new Talker(makeShare(scenario), 0);
  const allowed = new Map<string, Set<string>>();
  const note = () => {
    for (const key of [...KEYS, ...MORE, 'fresh', 'number']) {
      const known = allowed.get(key) ?? new Set(['END\r\n']);
      allowed.set(key, known.add(talker.say(`get ${key}\r\n`)));
    }
  };
  for (const act of [prepare, ...acts]) {
    act(talker);
    note();
  }
  return new Map([...allowed].filter(([, replies]) => replies.size > 1));
}

const makeShare = ({ slabChunkMaxBytes = 1 << 19 }: Scenario): StoreShare =>
  testShare({ threads: 3, memoryLimitBytes: 2 << 20, slabGrowthFactor: 6, slabChunkMaxBytes });

/** The store as it is prepared, anew with each call: in the same memory, for thousands of others would be garbage. */
function preparing(scenario: Scenario): () => StoreShare {
  const share = makeShare(scenario);
  scenario.prepare(new Talker(share, 0));
  const bytes = new Uint8Array(share.memory);
  const prepared = bytes.slice();
  return () => {
    bytes.set(prepared);
    return share;
  };
}

describe('a thread that dies at any write leaves nothing wrong to see:', () => {
  test.each(SCENARIOS)('$name', (scenario) => {
    const allowed = allowedReplies(scenario);
    const prepare = preparing(scenario);
    let write = 1;
    for (; write <= WRITES_MAX; write++) {
      const share = prepare();
      const victim = join(share);
      const survived = survives(() => all(scenario.acts)(victim), write);
      const onlooker = new Onlooker(share, allowed);
      onlooker.look(`${scenario.name}, dead at write ${write}`);
      if (survived) {
        expect(onlooker.waits, 'nobody died, so nobody waits').toBe(0);
        break;
      }
    }
    expect(write, 'it writes at all').toBeGreaterThan(5);
    expect(write).toBeLessThan(WRITES_MAX);
  });
});
