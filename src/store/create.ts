import { randomInt } from 'node:crypto';
import { type Clock, machineClock } from '../base/index.ts';
import type { StoreShare } from './arena.ts';
import { CLOCK_START_SECONDS, CONTROL, layOut, PAGE_BYTES } from './layout.ts';
import { planSizeClasses } from './size-classes.ts';

export interface StoreOptions {
  /** `-m`: bytes for items; the index and the counters come on top. At least one page is used. */
  readonly memoryLimitBytes: number;
  /** How many threads will join, each with its own counters. */
  readonly threads: number;
  /** `-f`. */
  readonly slabGrowthFactor: number;
  /** `-n`. */
  readonly slabMinSizeBytes: number;
  /** `-I`. */
  readonly maxItemSizeBytes: number;
  /** Seed of the key hash; drawn at random unless a test wants to repeat a run. */
  readonly hashSeed?: number;
}

/** Lays out a new, empty store in shared memory; threads join it with `new Store(share, n)`. */
export function createStore(options: StoreOptions, clock: Clock = machineClock): StoreShare {
  const chunkBytes = planSizeClasses({
    growthFactor: options.slabGrowthFactor,
    sizeMinBytes: options.slabMinSizeBytes,
    pageBytes: PAGE_BYTES,
    itemBytesMax: options.maxItemSizeBytes,
  });
  const layout = layOut(
    options.memoryLimitBytes,
    options.threads,
    chunkBytes.length,
    chunkBytes[1]!,
  );
  const memory = new SharedArrayBuffer(layout.bytes);
  const control = new Int32Array(memory, 0, CONTROL.bytes / 4);
  control[CONTROL.epoch] = Math.floor(clock.nowMs() / 1000) - CLOCK_START_SECONDS;
  control[CONTROL.clock] = CLOCK_START_SECONDS;
  control[CONTROL.buckets] = layout.bucketsInitial;
  control[CONTROL.memoryPages] = layout.memoryPages;
  return {
    memory,
    layout,
    chunkBytes,
    itemBytesMax: options.maxItemSizeBytes,
    hashSeed: options.hashSeed ?? randomInt(2 ** 32),
  };
}
