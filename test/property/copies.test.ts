import { expect, test } from 'vitest';
import { collidingKeys } from '../support/copy-node.ts';
import { Random, testSeed } from '../support/random.ts';
import { ConcurrentChanges } from './concurrent-changes.ts';
import { CopyPair } from './copy-pair.ts';

const THREADS = 3;
const ROUNDS = 8;
const STEPS = 250;
const seed = testSeed();

/** A request that changes a key, or may. */
function randomRequest(random: Random, key: string): string {
  const ttl = random.pick([0, 0, 0, 0, 3, 100]);
  const flags = random.pick([0, 0, 1, 0xffff_ffff]);
  const number = String(random.int(0, 2000));
  const long = random.pick([
    number,
    'v'.repeat(random.pick([0, 90, 91, 900, 9000, 20_000, 40_000])),
  ]);
  const write = (command: string, value: string, words: string): string =>
    `${command} ${key} ${words} ${value.length}\r\n${value}\r\n`;
  const base64 = Buffer.from(key).toString('base64');
  return random.weighted<string>([
    [8, write('set', long, `${flags} ${ttl}`)],
    [2, write('add', long, `${flags} ${ttl}`)],
    [1, write('append', number, '0 0')],
    [1, `ms ${key} ${long.length} E${random.int(1, 9)} F${flags}\r\n${long}\r\n`],
    [1, `ms ${base64} ${long.length} b T${ttl}\r\n${long}\r\n`],
    [3, `delete ${key}\r\n`],
    [2, `incr ${key} ${random.int(1, 5000)}\r\n`],
    [1, `touch ${key} ${ttl}\r\n`],
    [1, `md ${key} I T${random.pick([30, 300])}\r\n`],
    [2, `mg ${key} s N30 t\r\n`],
    [1, `ma ${key} N0 J7\r\n`],
  ]);
}

function step(pair: CopyPair, random: Random, keys: readonly string[]): void {
  random.weighted<() => void>([
    [60, () => change(pair, random, keys)],
    [20, () => pair.sync(random.pick(keys))],
    [80, () => void pair.deliver()],
    [4, () => random.pick([pair.primary, pair.receiver]).wait(1)],
    [2, () => pair.flush()],
    [1, () => pair.failOver()],
    [2, () => pair.receiver.copies.raiseSequence(0, random.int(1, 100_000))],
    [1, () => pair.receiver.copies.skipSequence()],
  ])();
}

function change(pair: CopyPair, random: Random, keys: readonly string[]): void {
  const key = random.pick(keys);
  pair.change(key, randomRequest(random, key));
}

/** Fills the pages of the receiver with other items. */
function fillUp(pair: CopyPair): void {
  setEviction(pair, 0);
  for (const bytes of [900, 9000, 40_000]) {
    let nth = 0;
    const store = (): string =>
      pair.receiver.send(`set other-${bytes}-${nth++} 0 0 ${bytes}\r\n${'o'.repeat(bytes)}\r\n`);
    while (store() === 'STORED\r\n');
  }
}

/** Switches eviction in the receiver on or off. */
function setEviction({ receiver }: CopyPair, evicts: number): void {
  receiver.parts.tunables.set('evictsToFree', evicts);
}

/** Three groups of keys that share a slot, and others. */
function someKeys({ receiver }: CopyPair): readonly string[] {
  const groups = ['a', 'b', 'c'].flatMap((prefix) => collidingKeys(receiver.store, 3, prefix));
  return [...groups, ...Array.from({ length: 12 }, (_, nth) => `key-${nth}`)];
}

test(`the state with the last read number wins in any order of arrival, seed ${seed}`, () => {
  const random = new Random(seed);
  const pair = new CopyPair(random, THREADS, { slabChunkMaxBytes: 16 << 10 });
  const keys = someKeys(pair);
  for (let round = 0; round < ROUNDS; round++) {
    for (let nth = 0; nth < STEPS; nth++) step(pair, random, keys);
    pair.deliverAll();
    pair.check(keys, false);
  }
  expect(pair.refusals).toBeGreaterThan(100);
});

test(`a receiver that lacks memory has the last state or nothing, seed ${seed}`, () => {
  const random = new Random(seed).fork(1);
  const options = { memoryLimitBytes: 1 << 20, slabChunkMaxBytes: 16 << 10, slabGrowthFactor: 2 };
  const pair = new CopyPair(random, THREADS, options);
  const keys = [...someKeys(pair), ...Array.from({ length: 80 }, (_, nth) => `more-${nth}`)];
  for (let round = 0; round < ROUNDS; round++) {
    fillUp(pair);
    const nodes = [pair.primary, pair.receiver];
    const changes = nodes.map((node, nth) => new ConcurrentChanges(node.parts, random.fork(nth)));
    for (let nth = 0; nth < STEPS; nth++) {
      step(pair, random, keys);
      if (random.oneIn(40)) setEviction(pair, random.int(0, 1));
      if (random.oneIn(4)) random.pick(changes).step();
    }
    pair.deliverAll();
    pair.check(keys, true);
  }
  expect(pair.failures).toBeGreaterThan(0);
});
