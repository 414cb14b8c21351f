/** Decides what kind of memory holds the store, and how much of it; it allocates nothing. */
import type { StoreLayout } from './layout.ts';

/** Memory that WebAssembly can use: its addresses have 32 or 64 bits. */
export type WasmMemoryKind = 'memory32' | 'memory64';
/** `plain` is a SharedArrayBuffer, which only JavaScript can use. */
export type MemoryKind = WasmMemoryKind | 'plain';

interface MemoryPlan {
  readonly kind: MemoryKind;
  /** `cache_memlimit` can raise the memory limit to this multiple of the initial `-m`. */
  readonly growth: number;
}

const MEMORY_GROWTH_MAX = 4;
/** The most that V8 gives a memory of each kind. */
const BYTES_MAX: Readonly<Record<WasmMemoryKind, number>> = {
  memory32: 4 * 2 ** 30,
  memory64: 16 * 2 ** 30,
};

/**
 * The plans to try, best first: a system that limits the address space may refuse the first.
 * Addresses of 64 bits cost WebAssembly about 6 % of its time, so those of 32 bits come first.
 */
export function planMemory(
  kinds: readonly WasmMemoryKind[],
  layOutFor: (growth: number) => Pick<StoreLayout, 'bytes' | 'memoryPages'>,
): readonly MemoryPlan[] {
  const fits = (kind: WasmMemoryKind, growth: number): boolean =>
    kinds.includes(kind) && layOutFor(growth).bytes <= BYTES_MAX[kind];
  const plain: readonly MemoryPlan[] = [MEMORY_GROWTH_MAX, 1].map((growth) => ({
    kind: 'plain',
    growth,
  }));
  if (fits('memory32', MEMORY_GROWTH_MAX)) {
    return [{ kind: 'memory32', growth: MEMORY_GROWTH_MAX }, ...plain];
  }
  if (!fits('memory64', 1)) return plain;
  const growth = largestGrowth((candidate) => fits('memory64', candidate), layOutFor(1));
  return [{ kind: 'memory64', growth }, ...plain];
}

/** The largest growth, in whole pages, that fits; 1 must fit. */
function largestGrowth(
  fits: (growth: number) => boolean,
  { memoryPages }: Pick<StoreLayout, 'memoryPages'>,
): number {
  let fitting = memoryPages;
  let tooMany = memoryPages * MEMORY_GROWTH_MAX + 1;
  while (tooMany - fitting > 1) {
    const middle = Math.floor((fitting + tooMany) / 2);
    if (fits(middle / memoryPages)) fitting = middle;
    else tooMany = middle;
  }
  return fitting / memoryPages;
}
