import { type Clock, type HashKey, machineClock, randomHashKey } from '../../base/index.ts';
import type { StoreShare } from './arena.ts';
import { CLOCK_START_SECONDS, CONTROL, layOut, TUNABLE_SLOTS } from './layout.ts';
import { planSizeClasses } from './size-classes.ts';
import { type TunableName, Tunables } from './tunables.ts';

interface StoreOptions {
  /** `-m`: bytes for items, at least one page; the index and the counters come on top. */
  readonly memoryLimitBytes: number;
  /** How many threads join the store; each has its own counters. */
  readonly threads: number;
  /** `-f`. */
  readonly slabGrowthFactor: number;
  /** `-n`. */
  readonly slabMinSizeBytes: number;
  /** `-o slab_chunk_max`. */
  readonly slabChunkMaxBytes: number;
  /** `-I`. */
  readonly maxItemSizeBytes: number;
  /** `-C`; default: false. */
  readonly disableCas?: boolean;
  /** The key of the index's hash; random by default, fixed by a test that repeats a run. */
  readonly hashKey?: HashKey;
  /** Tunables that start with another value than the default. */
  readonly tunables?: Partial<Record<TunableName, number>>;
}

/** `cache_memlimit` can raise the memory limit to this multiple of the initial `-m`. */
const MEMORY_GROWTH_MAX = 4;

/** Shared memory with address space for growth, or without it if the system has too little. */
function allocateShared(options: StoreOptions, chunkBytes: readonly number[]) {
  const { memoryLimitBytes, threads } = options;
  const layOutFor = (growth: number) =>
    layOut(
      memoryLimitBytes,
      growth,
      threads,
      chunkBytes.length,
      chunkBytes[1]!,
      options.maxItemSizeBytes,
    );
  try {
    const layout = layOutFor(MEMORY_GROWTH_MAX);
    return { layout, memory: new SharedArrayBuffer(layout.bytes) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const layout = layOutFor(1);
    return { layout, memory: new SharedArrayBuffer(layout.bytes) };
  }
}

/** Creates an empty store in shared memory; threads join it with `openStore(share, n)`. */
export function createStore(options: StoreOptions, clock: Clock = machineClock): StoreShare {
  const chunkBytes = planSizeClasses({
    growthFactor: options.slabGrowthFactor,
    sizeMinBytes: options.slabMinSizeBytes,
    chunkBytesMax: options.slabChunkMaxBytes,
    itemBytesMax: options.maxItemSizeBytes,
  });
  const { layout, memory } = allocateShared(options, chunkBytes);
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
    hashKey: options.hashKey ?? randomHashKey(),
    hidesCas: options.disableCas ?? false,
  };
}
