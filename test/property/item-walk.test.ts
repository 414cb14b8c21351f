import { describe, expect, test } from 'vitest';
import type { ItemId, ItemWalk } from '../../src/store/index.ts';
import { Random, testSeed } from '../support/random.ts';
import { SessionHarness, testShare } from '../support/session-harness.ts';
import { ConcurrentChanges } from './concurrent-changes.ts';

const KEYS = 3000;
const WALKS = Number(process.env['WALKS'] ?? 5);
/** Steps of the walk between two changes of the store; a walk has 2^16 steps or more. */
const STEPS_PER_CHANGE = 16;
const ROOM = 1000;
const seed = testSeed();

const set = (command: string, key: string, length: number): string =>
  `${command} ${key} 0 0 ${length}\r\n${'v'.repeat(length)}\r\n`;

/** Counts the visits of a walk by key. */
class Visits {
  readonly counts = new Map<string, number>();
  readonly #harness: SessionHarness;

  constructor(harness: SessionHarness) {
    this.#harness = harness;
  }

  readonly visit = (id: ItemId): void => {
    const { items, bytes } = this.#harness.store.items;
    const at = items.keyAt(id);
    const key = bytes.bytes.toString('latin1', at, at + items.keyBytes(id));
    this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
  };
}

/** Keys that have an item now. */
function presentKeys(harness: SessionHarness): Set<string> {
  const keys = Array.from({ length: KEYS }, (_, i) => `key-${i}`);
  return new Set(keys.filter((key) => harness.send(`mg ${key} u\r\n`) === 'HD\r\n'));
}

/**
 * Changes keys at random. `steady` keeps the keys that had an item all the time: `replace` tells
 * whether the key still has one.
 */
function changeKey(harness: SessionHarness, random: Random, steady: Set<string>): void {
  const key = `key-${random.int(0, KEYS - 1)}`;
  const kind = random.int(0, 9);
  const length = random.int(0, 1500);
  if (kind < 6) {
    if (harness.send(set('replace', key, length)) !== 'STORED\r\n') steady.delete(key);
  } else if (kind < 8) {
    if (harness.send(set('add', key, length)) === 'STORED\r\n') steady.delete(key);
  } else {
    harness.send(`delete ${key}\r\n`);
    steady.delete(key);
  }
}

function walkToEnd(walk: ItemWalk, visits: Visits, change: () => void): void {
  for (let step = 0; !walk.isDone; step++) {
    if (step % STEPS_PER_CHANGE === 0) change();
    expect(walk.step(ROOM, visits.visit)).toBe(0);
  }
}

describe('a walk over all items', () => {
  test(`a walk visits each key that stays exactly once during changes, seed ${seed}`, () => {
    const random = new Random(seed);
    const options = { memoryLimitBytes: 2 << 20, slabGrowthFactor: 2, slabChunkMaxBytes: 8 << 10 };
    const harness = new SessionHarness(testShare(options));
    const changes = new ConcurrentChanges(harness.parts, random.fork(1));
    let steadyKeys = 0;
    for (let nth = 0; nth < WALKS; nth++) {
      for (let i = 0; i < KEYS; i++) harness.send(set('set', `key-${i}`, random.int(0, 300)));
      const steady = presentKeys(harness);
      const visits = new Visits(harness);
      walkToEnd(harness.store.walk(), visits, () => {
        changeKey(harness, random, steady);
        if (random.oneIn(20)) changes.step();
      });
      const end = presentKeys(harness);
      for (const key of steady) {
        if (end.has(key)) expect(visits.counts.get(key), `walk ${nth}: ${key}`).toBe(1);
      }
      for (const [key, count] of visits.counts) expect(count, `walk ${nth}: ${key}`).toBe(1);
      steadyKeys += [...steady].filter((key) => end.has(key)).length;
    }
    expect(steadyKeys).toBeGreaterThan(100);
    expect(harness.parts.sums.thread('slabs_moved')).toBeGreaterThan(0);
    expect(harness.parts.sums.thread('slab_reassign_rescues')).toBeGreaterThan(0);
  });
  test('a walk visits each key exactly once while the index grows to more than its double', () => {
    const harness = new SessionHarness(testShare({ memoryLimitBytes: 64 << 20 }));
    const { index } = harness.parts;
    const before = index.bucketCount();
    let added = 0;
    const add = (count: number): void => {
      for (const end = added + count; added < end; added++)
        harness.send(set('set', `k${added}`, 0));
    };
    add(90_000);
    const visits = new Visits(harness);
    const walk = harness.store.walk();
    walkToEnd(walk, visits, () => add(60));
    expect(index.bucketCount()).toBeGreaterThan(2 * before);
    for (let i = 0; i < 90_000; i++) {
      if (visits.counts.get(`k${i}`) !== 1) expect(visits.counts.get(`k${i}`), `k${i}`).toBe(1);
    }
    for (const count of visits.counts.values()) if (count !== 1) expect(count).toBe(1);
  });
  test('a walk skips expired and flushed items', () => {
    const harness = new SessionHarness(testShare());
    harness.send('set flushed 0 0 1\r\nx\r\nflush_all\r\n');
    harness.send('set soon 0 5 1\r\nx\r\nset later 0 50 1\r\nx\r\n');
    harness.parts.clock.tick(harness.parts.clock.now() + 5);
    const visits = new Visits(harness);
    walkToEnd(harness.store.walk(), visits, () => {});
    expect([...visits.counts.keys()]).toEqual(['later']);
  });
  test('a walk visits no part of a group that does not fit, and tells its size', () => {
    const harness = new SessionHarness(testShare());
    for (let i = 0; i < 90_000; i++) harness.send(set('set', `k${i}`, 0));
    const visits = new Visits(harness);
    const walk = harness.store.walk();
    let refused = 0;
    while (!walk.isDone) {
      const before = visits.counts.size;
      const items = walk.step(1, visits.visit);
      if (items === 0) continue;
      refused++;
      expect(items).toBeGreaterThan(1);
      expect(visits.counts.size).toBe(before);
      expect(walk.step(items, visits.visit)).toBe(0);
      expect(visits.counts.size).toBe(before + items);
    }
    expect(refused).toBeGreaterThan(1000);
    expect(visits.counts.size).toBe(90_000);
  });
});
