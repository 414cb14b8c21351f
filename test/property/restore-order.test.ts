import { describe, expect, test } from 'vitest';
import type { StoreParts } from '../../src/store/assemble.ts';
import { EVICTION } from '../../src/store/index.ts';
import { NO_ITEM, SEGMENT } from '../../src/store/memory/item-layout.ts';
import { audit } from '../support/audit.ts';
import { ManualClock } from '../support/manual-clock.ts';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';
import { dumpStore, restoreStore } from '../support/store-snapshots.ts';
import { ConcurrentChanges } from './concurrent-changes.ts';

const MIB = 1 << 20;
const SOURCE = { memoryLimitBytes: 64 * MIB };
const ITEMS = 40_000;
const SECONDS = 400;
const VALUE = 'v'.repeat(1000);
const seed = testSeed();

const POLICIES = [
  { name: 's3fifo', tunables: { eviction: EVICTION.s3fifo } },
  { name: 'segmented', tunables: { eviction: EVICTION.segmented } },
  { name: 'flat', tunables: { segmented: 0 } },
];

const set = (key: string, value = VALUE): string =>
  `set ${key} 0 0 ${value.length}\r\n${value}\r\n`;
const keysOf = (prefix: string, count: number): readonly string[] =>
  Array.from({ length: count }, (_, nth) => `${prefix}${nth}`);

function newNode(options: object, clock = new ManualClock()) {
  const harness = new SessionHarness(testShare({ ...SOURCE, ...options }, clock));
  return { harness, clock };
}

/** Advances the clock of a node by a second. */
function tick({ harness, clock }: ReturnType<typeof newNode>): void {
  clock.advanceSeconds(1);
  harness.parts.clock.tick(harness.parts.clock.now() + 1);
}

/** Whether a key has an item; it counts as no access. */
const has = (harness: SessionHarness, key: string): boolean =>
  harness.send(`me ${key}\r\n`) !== 'EN\r\n';

/** Which share of the keys that `node` keeps are among as many of the last ones of `order`. */
function shareOfBest(harness: SessionHarness, order: readonly string[]): number {
  const kept = order.filter((key) => has(harness, key));
  expect(kept.length).toBeGreaterThan(5000);
  const best = new Set(order.slice(-kept.length));
  return kept.filter((key) => best.has(key)).length / kept.length;
}

/** The keys of the items of a list, from its tail. */
function listOf({ lru, items, arena }: StoreParts, sizeClass: number, segment: number) {
  const keys: string[] = [];
  for (let id = lru.tail(sizeClass, segment); id !== NO_ITEM; id = items.lruPrev(id)) {
    const at = items.keyAt(id);
    keys.push(arena.bytes.toString('latin1', at, at + items.keyBytes(id)));
  }
  return keys;
}

describe('the order of a restore', () => {
  test.each(POLICIES)('a smaller node keeps the items of the last accesses: $name', (policy) => {
    const random = new Random(seed);
    const source = newNode(policy);
    const order = new Set(keysOf('key-', ITEMS));
    for (const [nth, key] of [...order].entries()) {
      if (nth % (ITEMS / SECONDS) === 0) tick(source);
      source.harness.send(set(key));
    }
    for (let nth = 0; nth < ITEMS / 5; nth++) {
      if (nth % (ITEMS / SECONDS) === 0) tick(source);
      const key = `key-${random.int(0, ITEMS - 1)}`;
      source.harness.send(`get ${key}\r\n`);
      order.delete(key);
      order.add(key);
    }
    const target = newNode({ ...policy, memoryLimitBytes: 16 * MIB }, source.clock);
    const { restored } = restoreStore(target.harness.store, dumpStore(source.harness.store));
    expect(restored).toBe(ITEMS);
    expect(shareOfBest(target.harness, [...order])).toBeGreaterThan(0.95);
    expect(audit(target.harness.parts)).toEqual([]);
  });
  test('a smaller node keeps the last written items of one second', () => {
    const source = newNode({});
    const order = keysOf('key-', ITEMS);
    for (const key of order) source.harness.send(set(key));
    const target = newNode({ memoryLimitBytes: 16 * MIB }, source.clock);
    restoreStore(target.harness.store, dumpStore(source.harness.store));
    expect(shareOfBest(target.harness, order)).toBeGreaterThan(0.95);
  });
  test('a smaller node keeps the items of the last accesses of several nodes', () => {
    const clock = new ManualClock();
    const sources = [newNode({}, clock), newNode({}, clock)];
    const order = keysOf('key-', ITEMS);
    for (const [nth, key] of order.entries()) {
      if (nth % (ITEMS / SECONDS) === 0) {
        clock.advanceSeconds(1);
        for (const { harness } of sources) harness.parts.clock.tick(harness.parts.clock.now() + 1);
      }
      sources[nth % 2]!.harness.send(set(key));
    }
    const target = newNode({ memoryLimitBytes: 16 * MIB }, clock);
    const dumps = sources.map(({ harness }) => dumpStore(harness.store));
    restoreStore(target.harness.store, Buffer.concat(dumps));
    expect(shareOfBest(target.harness, order)).toBeGreaterThan(0.95);
  });
  test('the order inside a list is that before, also of large items', () => {
    const source = newNode({});
    const sizes = [100, 1000, 450_000, 700_000];
    for (let nth = 0; nth < 120; nth++) {
      const value = 'v'.repeat(sizes[nth % sizes.length]!);
      source.harness.send(set(`key-${(nth * 37) % 120}`, value));
      if (nth % 3 === 0) tick(source);
    }
    const target = newNode({}, source.clock);
    restoreStore(target.harness.store, dumpStore(source.harness.store));
    const classes = source.harness.parts.arena.sizeClasses.chunkBytes.length;
    let compared = 0;
    for (let sizeClass = 1; sizeClass < classes; sizeClass++) {
      const before = listOf(source.harness.parts, sizeClass, SEGMENT.hot);
      expect(listOf(target.harness.parts, sizeClass, SEGMENT.hot)).toEqual(before);
      compared += before.length;
    }
    expect(compared).toBe(120);
  });
  test('what a full node has is evicted after what was used before it', () => {
    const source = newNode({});
    const order = keysOf('old-', 10_000);
    for (const key of order) source.harness.send(set(key));
    tick(source);
    const target = newNode({ memoryLimitBytes: 8 * MIB }, source.clock);
    const live = keysOf('live-', 10_000).slice(-5000);
    for (const key of keysOf('live-', 10_000)) target.harness.send(set(key));
    restoreStore(target.harness.store, dumpStore(source.harness.store));
    const kept = live.filter((key) => has(target.harness, key)).length;
    expect(kept).toBe(live.length);
  });
  test('a restored item shows its last access, also one before the start of the node', () => {
    const source = newNode({});
    source.harness.send(set('a'));
    for (let nth = 0; nth < 1000; nth++) tick(source);
    const snapshot = dumpStore(source.harness.store);
    const target = newNode({}, source.clock);
    restoreStore(target.harness.store, snapshot);
    expect(target.harness.send('mg a t l h\r\n')).toBe('HD t-1 l1000 h0\r\n');
  });
  test('an item that comes again in the chunk that it had is on its list once', () => {
    const source = newNode({});
    source.harness.send(set('a'));
    const snapshot = dumpStore(source.harness.store);
    const { harness } = newNode({}, source.clock);
    const remove = (): void => void harness.send('delete a\r\n');
    restoreStore(harness.store, Buffer.concat([snapshot, snapshot]), false, remove);
    expect(audit(harness.parts)).toEqual([]);
  });
  test(`a store stays sound if it changes during a restore, seed ${seed}`, () => {
    const random = new Random(seed);
    const options = { slabGrowthFactor: 2, slabChunkMaxBytes: 8 << 10 };
    const source = newNode(options);
    for (const key of keysOf('key-', 3000)) {
      source.harness.send(set(key, 'v'.repeat(random.int(0, 3000))));
      if (random.oneIn(10)) source.harness.send(`get key-${random.int(0, 2999)}\r\n`);
      if (random.oneIn(50)) tick(source);
    }
    const snapshot = dumpStore(source.harness.store);
    const { harness } = newNode({ ...options, memoryLimitBytes: 2 * MIB }, source.clock);
    const changes = new ConcurrentChanges(harness.parts, random.fork(1));
    const change = (): void => {
      const key = `key-${random.int(0, 2999)}`;
      const kind = random.int(0, 3);
      if (kind === 0) harness.send(`delete ${key}\r\n`);
      else if (kind === 1) harness.send(set(key, 'v'.repeat(random.int(0, 3000))));
      else harness.send(`get ${key}\r\n`);
      if (random.oneIn(20)) changes.step();
    };
    for (let round = 0; round < 4; round++) {
      const { restored } = restoreStore(harness.store, snapshot, round % 2 === 1, change);
      expect(restored).toBeGreaterThan(0);
      expect(audit(harness.parts)).toEqual([]);
    }
    expect(harness.parts.sums.thread('slabs_moved')).toBeGreaterThan(0);
  });
});
