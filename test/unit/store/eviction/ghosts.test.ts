import { expect, test } from 'vitest';
import { assemble } from '../../../../src/store/assemble.ts';
import { Ghosts, NO_GHOST } from '../../../../src/store/eviction/ghosts.ts';
import { createStore, PAGE_BYTES } from '../../../../src/store/index.ts';
import { testShare } from '../../../support/session-harness.ts';

/** A class with chunks so large that each eviction is a tick. */
const CLASS = 30;
const HASH = 0xabcd_1234 | 0;

function testGhosts(memoryLimitBytes = 1 << 20): {
  ghosts: Ghosts;
  perTick: number;
  slots: number;
} {
  const parts = assemble(testShare({ memoryLimitBytes }), 0);
  const perTick = Math.max(
    1,
    Math.floor(PAGE_BYTES / parts.arena.sizeClasses.chunkBytes[CLASS]! / 16),
  );
  const slots = parts.arena.layout.ghostSlots;
  return { ghosts: new Ghosts(parts.arena, parts.arena.sizeClasses.chunkBytes), perTick, slots };
}

test('a ghost tells once how many evictions ago its key was evicted', () => {
  const { ghosts, perTick } = testGhosts();
  expect(ghosts.recall(CLASS, HASH)).toBe(NO_GHOST);
  ghosts.record(CLASS, HASH);
  for (let other = 1; other <= 100; other++) ghosts.record(CLASS, HASH + other);
  const distance = ghosts.recall(CLASS, HASH);
  expect(distance).toBeGreaterThan(100 - perTick);
  expect(distance).toBeLessThan(100 + perTick);
  expect(ghosts.recall(CLASS, HASH)).toBe(NO_GHOST);
});

test('a ghost has the fingerprint of its key, and a later ghost replaces it', () => {
  const { ghosts, slots } = testGhosts();
  const sameSlot = HASH ^ 0x4000_0000;
  expect((HASH ^ sameSlot) & (slots - 1)).toBe(0);
  ghosts.record(CLASS, HASH);
  expect(ghosts.recall(CLASS, sameSlot)).toBe(NO_GHOST);
  ghosts.record(CLASS, sameSlot);
  expect(ghosts.recall(CLASS, HASH)).toBe(NO_GHOST);
  expect(ghosts.recall(CLASS, sameSlot)).toBe(0);
});

test('a ghost survives the overflow of the class clock', () => {
  const parts = assemble(testShare(), 0);
  const ghosts = new Ghosts(parts.arena, parts.arena.sizeClasses.chunkBytes);
  const clock = CLASS * 32 + 21;
  for (const start of [0x7fff_fff0, -8]) {
    parts.arena.classes[clock] = start;
    ghosts.record(CLASS, HASH);
    for (let other = 1; other <= 30; other++) ghosts.record(CLASS, HASH + other);
    expect(ghosts.recall(CLASS, HASH)).toBeLessThan(100);
  }
});

test('the ghost table has one slot for every 256 bytes of memory', () => {
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
