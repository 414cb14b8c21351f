import {
  type Clock,
  type HashKey,
  machineClock,
  randomHashKey,
  WASM_PAGE_BYTES,
  type WasmMemoryLimits,
  webAssembly,
} from '../../base/index.ts';
import type { StoreShare } from './arena.ts';
import { CLOCK_START_SECONDS, CONTROL, layOut, TUNABLE_SLOTS } from './layout.ts';
import { type MemoryKind, planMemory, type WasmMemoryKind } from './memory-plan.ts';
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
  /**
   * The kinds of memory that the fast path can use. By default none, and the memory is `plain`.
   */
  readonly wasmKinds?: readonly WasmMemoryKind[];
  /** Bytes of the memory that belong to each thread, for buffers; default: 0. */
  readonly regionBytes?: number;
  /** `-C`; default: false. */
  readonly disableCas?: boolean;
  /** The key of the index's hash; random by default, fixed by a test that repeats a run. */
  readonly hashKey?: HashKey;
  /** Tunables that start with another value than the default. */
  readonly tunables?: Partial<Record<TunableName, number>>;
}

type SharedMemory = Pick<StoreShare, 'kind' | 'layout' | 'memory' | 'wasmMemory'>;

/** Shared memory by the first plan for which the system has the address space. */
function allocateShared(options: StoreOptions, chunkBytes: readonly number[]): SharedMemory {
  const layOutFor = (growth: number) =>
    layOut({
      memoryLimitBytes: options.memoryLimitBytes,
      growth,
      threads: options.threads,
      regionBytes: options.regionBytes ?? 0,
      classes: chunkBytes.length,
      chunkBytesMin: chunkBytes[1]!,
      itemBytesMax: options.maxItemSizeBytes,
    });
  let refusal: unknown;
  for (const { kind, growth } of planMemory(options.wasmKinds ?? [], layOutFor)) {
    const layout = layOutFor(growth);
    try {
      return { kind, layout, ...allocate(kind, layout.bytes) };
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      refusal = error;
    }
  }
  throw refusal;
}

function allocate(kind: MemoryKind, bytes: number): Pick<StoreShare, 'memory' | 'wasmMemory'> {
  if (kind === 'plain') return { memory: new SharedArrayBuffer(bytes) };
  const wasmMemory = new webAssembly!.Memory(limitsOf(kind, Math.ceil(bytes / WASM_PAGE_BYTES)));
  return { memory: wasmMemory.buffer, wasmMemory };
}

function limitsOf(kind: WasmMemoryKind, pages: number): WasmMemoryLimits {
  if (kind === 'memory32') return { initial: pages, maximum: pages, shared: true };
  return { address: 'i64', initial: BigInt(pages), maximum: BigInt(pages), shared: true };
}

/** Creates an empty store in shared memory; threads join it with `openStore(share, n)`. */
export function createStore(options: StoreOptions, clock: Clock = machineClock): StoreShare {
  const chunkBytes = planSizeClasses({
    growthFactor: options.slabGrowthFactor,
    sizeMinBytes: options.slabMinSizeBytes,
    chunkBytesMax: options.slabChunkMaxBytes,
    itemBytesMax: options.maxItemSizeBytes,
  });
  const shared = allocateShared(options, chunkBytes);
  const { layout, memory } = shared;
  const control = new Int32Array(memory, 0, CONTROL.bytes / 4);
  control[CONTROL.epoch] = Math.floor(clock.nowMs() / 1000) - CLOCK_START_SECONDS;
  control[CONTROL.clock] = CLOCK_START_SECONDS;
  control[CONTROL.buckets] = layout.bucketsInitial;
  control[CONTROL.memoryPages] = layout.memoryPages;
  const tunables = new Float64Array(memory, layout.tunablesByte, TUNABLE_SLOTS);
  new Tunables({ tunables }).setDefaults(options.tunables);
  return {
    ...shared,
    chunkBytes,
    itemBytesMax: options.maxItemSizeBytes,
    hashKey: options.hashKey ?? randomHashKey(),
    hidesCas: options.disableCas ?? false,
  };
}
