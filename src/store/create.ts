import { randomInt } from 'node:crypto';
import { type Clock, machineClock } from '../base/index.ts';
import type { StoreShare } from './arena.ts';
import { CLOCK_START_SECONDS, CONTROL, layOut, TUNABLE_SLOTS } from './layout.ts';
import { planSizeClasses } from './size-classes.ts';
import { type TunableName, Tunables } from './tunables.ts';

export interface StoreOptions {
  /** `-m`: bytes for items; the index and the counters come on top. At least one page is used. */
  readonly memoryLimitBytes: number;
  /** How many threads will join, each with its own counters. */
  readonly threads: number;
  /** `-f`. */
  readonly slabGrowthFactor: number;
  /** `-n`. */
  readonly slabMinSizeBytes: number;
  /** `-o slab_chunk_max`. */
  readonly slabChunkMaxBytes: number;
  /** `-I`. */
  readonly maxItemSizeBytes: number;
  /** Seed of the key hash; drawn at random unless a test wants to repeat a run. */
  readonly hashSeed?: number;
  /** What differs from the usual at the start. */
  readonly tunables?: Partial<Record<TunableName, number>>;
}

/** How many times the memory of the start `cache_memlimit` can make of it. */
const GROWTH = 4;

/** Memory with address space to grow into, or without where the system has not so much to give. */
function reserve(options: StoreOptions, chunkBytes: readonly number[]) {
  const { memoryLimitBytes, threads } = options;
  const lay = (growth: number) =>
    layOut(
      memoryLimitBytes,
      growth,
      threads,
      chunkBytes.length,
      chunkBytes[1]!,
      options.maxItemSizeBytes,
    );
  try {
    const layout = lay(GROWTH);
    return { layout, memory: new SharedArrayBuffer(layout.bytes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const layout = lay(1);
    return { layout, memory: new SharedArrayBuffer(layout.bytes) };
  }
}

/** Lays out a new, empty store in shared memory; threads join it with `new Store(share, n)`. */
export function createStore(options: StoreOptions, clock: Clock = machineClock): StoreShare {
  const chunkBytes = planSizeClasses({
    growthFactor: options.slabGrowthFactor,
    sizeMinBytes: options.slabMinSizeBytes,
    chunkBytesMax: options.slabChunkMaxBytes,
    itemBytesMax: options.maxItemSizeBytes,
  });
  const { layout, memory } = reserve(options, chunkBytes);
  const control = new Int32Array(memory, 0, CONTROL.bytes / 4);
  control[CONTROL.epoch] = Math.floor(clock.nowMs() / 1000) - CLOCK_START_SECONDS;
  control[CONTROL.clock] = CLOCK_START_SECONDS;
  control[CONTROL.buckets] = layout.bucketsInitial;
  control[CONTROL.memoryPages] = layout.memoryPages;
  const tunables = new Float64Array(memory, layout.tunablesByte, TUNABLE_SLOTS);
  new Tunables({ tunables }).setDefaults(options.tunables);
  return {
    memory,
    layout,
    chunkBytes,
    itemBytesMax: options.maxItemSizeBytes,
    hashSeed: options.hashSeed ?? randomInt(2 ** 32),
  };
}
