import { expect, test } from 'vitest';
import { LOOK_AHEAD_KEYS_MAX } from '../../src/store/index.ts';
import { LookAhead } from '../../src/store/items/look-ahead.ts';
import { CONTROL } from '../../src/store/memory/layout.ts';
import { audit } from '../support/audit.ts';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';

const STEPS = 1500;
const STEPS_PER_COMPARISON = 50;
const KEYS = 400;
const KEYS_PER_GET_MAX = 100;
const EPOCH = 1_700_000_000;
const END = 'END\r\n';
const seed = testSeed();

/** Two threads of one store: one reads, the other changes items between its reads. */
class Pair {
  readonly reader: SessionHarness;
  readonly writer: SessionHarness;
  readonly #share = testShare({ threads: 2 });

  constructor() {
    this.reader = new SessionHarness(this.#share, 0);
    this.writer = new SessionHarness(this.#share, 1);
    // Two stores of one run may begin in different seconds.
    this.reader.parts.arena.control[CONTROL.epoch] = EPOCH;
  }

  /** Runs the next of `changes` after each look-ahead of the reader. */
  changeAfterLookAhead(changes: Iterator<readonly string[]>): void {
    const { lookAhead } = this.reader.store.items;
    lookAhead.load = () => {
      LookAhead.prototype.load.call(lookAhead);
      this.change(changes.next().value);
    };
  }

  change(requests: readonly string[]): string {
    return requests.map((request) => this.writer.send(request)).join('');
  }

  /** One get of all keys. */
  getTogether(words: string, keys: readonly string[]): string {
    return this.reader.send(`${words} ${keys.join(' ')}\r\n`);
  }

  /** The same reply by a get for each key, which does not look ahead. */
  getOneByOne(words: string, keys: readonly string[]): string {
    const replies = keys.map((key) => this.reader.send(`${words} ${key}\r\n`));
    return replies.map((reply) => reply.slice(0, -END.length)).join('') + END;
  }

  /** The whole memory of the store, with its counters. */
  get memory(): Buffer {
    return Buffer.from(this.#share.memory);
  }
}

function randomChange(random: Random): string {
  const key = `key-${random.int(1, KEYS)}`;
  const length = random.weighted([
    [20, random.int(0, 300)],
    [1, random.int(300, 5000)],
  ]);
  return random.weighted([
    [20, `set ${key} ${random.int(0, 1)} 0 ${length}\r\n${'v'.repeat(length)}\r\n`],
    [5, `delete ${key}\r\n`],
    [3, `touch ${key} -1\r\n`],
    [2, `ms ${key} 3 T-1\r\nabc\r\n`],
    [0.02, 'flush_all\r\n'],
  ]);
}

const some = <T>(max: number, random: Random, make: (random: Random) => T): readonly T[] =>
  Array.from({ length: random.int(0, max) }, () => make(random));

test(`the look-ahead changes no reply and no byte of the store, seed ${seed}`, () => {
  const random = new Random(seed);
  const together = new Pair();
  const oneByOne = new Pair();
  let hitCount = 0;
  for (let step = 0; step < STEPS; step++) {
    const before = some(5, random, randomChange);
    expect(together.change(before)).toBe(oneByOne.change(before));
    const words = random.pick(['get', 'gets', 'gat 0', 'gats 1000']);
    const keys = ['key-1', ...some(KEYS_PER_GET_MAX, random, () => `key-${random.int(1, KEYS)}`)];
    // Items vanish and change between the look-ahead and their replies.
    const between: (readonly string[])[] = [];
    let expected = '';
    for (let from = 0; from < keys.length; from += LOOK_AHEAD_KEYS_MAX) {
      const window = keys.slice(from, from + LOOK_AHEAD_KEYS_MAX);
      if (window.length > 1) between.push(some(5, random, randomChange));
      if (window.length > 1) oneByOne.change(between.at(-1)!);
      expected += oneByOne.getOneByOne(words, window).slice(0, -END.length);
    }
    together.changeAfterLookAhead(between.values());
    expect(together.getTogether(words, keys), `step ${step}`).toBe(expected + END);
    hitCount += expected.split('VALUE ').length - 1;
    if (step % STEPS_PER_COMPARISON !== 0) continue;
    expect(together.memory.equals(oneByOne.memory), `memory at step ${step}`).toBe(true);
  }
  expect(hitCount).toBeGreaterThan(STEPS);
  expect(audit(together.reader.parts)).toEqual([]);
});

test(`a pipeline has the replies of its requests one by one, seed ${seed}`, () => {
  const random = new Random(seed);
  const together = new Pair();
  const oneByOne = new Pair();
  const randomRequest = (): string =>
    random.weighted([
      [8, `get key-${random.int(1, KEYS)}\r\n`],
      [4, `mg key-${random.int(1, KEYS)} v t\r\n`],
      [1, `gat 100 key-${random.int(1, KEYS)} key-1\r\n`],
      [1, `get key-1 key-2 ${'x'.repeat(random.int(1, 260))}\r\n`],
      [1, random.pick(['get\r\n', 'mg\r\n', 'get \r\n', 'mg key-1 ?\r\n', 'gets key-1\r\n'])],
      [6, randomChange(random)],
    ]);
  for (let step = 0; step < STEPS; step++) {
    const requests = ['get key-1\r\n', ...some(KEYS_PER_GET_MAX, random, randomRequest)];
    const expected = requests.map((request) => oneByOne.reader.send(request)).join('');
    expect(together.reader.send(requests.join('')), `step ${step}`).toBe(expected);
  }
  expect(together.memory.equals(oneByOne.memory)).toBe(true);
  expect(audit(together.reader.parts)).toEqual([]);
});

test(`a get that stops for its output or a large value continues rightly, seed ${seed}`, () => {
  const random = new Random(seed);
  const together = new Pair();
  const oneByOne = new Pair();
  const sizes = [0, 100, 3000, 30_000, 300_000, 600_000];
  const keys = Array.from({ length: 60 }, (_, i) => `key-${i}`);
  for (const pair of [together, oneByOne]) {
    for (const [i, key] of keys.entries()) {
      const bytes = sizes[i % sizes.length]!;
      pair.writer.send(`set ${key} 0 0 ${bytes}\r\n${String(i % 10).repeat(bytes)}\r\n`);
    }
  }
  for (let i = 0; i < 20; i++) {
    const wanted = Array.from({ length: 60 }, () => random.pick(keys));
    const expected = oneByOne.getOneByOne('get', wanted);
    expect(together.getTogether('get', wanted) === expected, `get ${i}`).toBe(true);
  }
  expect(together.memory.equals(oneByOne.memory)).toBe(true);
});
