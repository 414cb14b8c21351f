import { expect, test } from 'vitest';
import { Ghosts, NO_GHOST } from '../../../src/store/ghosts.ts';
import { createStore, PAGE_BYTES, Store } from '../../../src/store/index.ts';
import { testShare } from '../../support/talker.ts';

/** A class of so large chunks that each eviction is a tick. */
const CLASS = 30;
const HASH = 0xabcd_1234 | 0;

function ghosts(memoryLimitBytes = 1 << 20): { ghosts: Ghosts; perTick: number; slots: number } {
  const store = new Store(testShare({ memoryLimitBytes }), 0);
  const perTick = Math.max(1, Math.floor(PAGE_BYTES / store.chunkBytes[CLASS]! / 16));
  const slots = store.arena.layout.ghostSlots;
  return { ghosts: new Ghosts(store.arena, store.chunkBytes), perTick, slots };
}

test('a ghost says how many evictions ago it was, once', () => {
  const { ghosts: all, perTick } = ghosts();
  expect(all.recall(CLASS, HASH)).toBe(NO_GHOST);
  all.note(CLASS, HASH);
  for (let other = 1; other <= 100; other++) all.note(CLASS, HASH + other);
  const distance = all.recall(CLASS, HASH);
  expect(distance).toBeGreaterThan(100 - perTick);
  expect(distance).toBeLessThan(100 + perTick);
  expect(all.recall(CLASS, HASH)).toBe(NO_GHOST);
});

test('a ghost is known by its fingerprint, and gives way to a later one', () => {
  const { ghosts: all, slots } = ghosts();
  const namesake = HASH ^ 0x4000_0000;
  expect((HASH ^ namesake) & (slots - 1)).toBe(0);
  all.note(CLASS, HASH);
  expect(all.recall(CLASS, namesake)).toBe(NO_GHOST);
  all.note(CLASS, namesake);
  expect(all.recall(CLASS, HASH)).toBe(NO_GHOST);
  expect(all.recall(CLASS, namesake)).toBe(0);
});

test('the clock of a class comes round without harm', () => {
  const store = new Store(testShare(), 0);
  const all = new Ghosts(store.arena, store.chunkBytes);
  const clock = CLASS * 32 + 21;
  for (const start of [0x7fff_fff0, -8]) {
    store.arena.classes[clock] = start;
    all.note(CLASS, HASH);
    for (let other = 1; other <= 30; other++) all.note(CLASS, HASH + other);
    expect(all.recall(CLASS, HASH)).toBeLessThan(100);
  }
});

test('there is a ghost for every 256 bytes of memory', () => {
  for (const megabytes of [1, 64]) {
    const share = createStore({
      memoryLimitBytes: megabytes << 20,
      threads: 1,
      slabGrowthFactor: 1.25,
      slabMinSizeBytes: 48,
      slabChunkMaxBytes: 512 << 10,
      maxItemSizeBytes: 1 << 20,
    });
    expect(share.layout.ghostSlots).toBe((megabytes << 20) / 256);
  }
});
