/** Class ids are 1 … CLASSES_MAX - 1; 0 is no class, as in memcached. */
export const CLASSES_MAX = 64;

const CHUNK_ALIGN_SHIFT = 3;
const CHUNK_ALIGN_BYTES = 1 << CHUNK_ALIGN_SHIFT;
/** The size of memcached's item header; memcached's smallest chunk is this plus `-n`. */
const MEMCACHED_HEADER_BYTES = 48;
const CHUNK_BYTES_MIN = 64;
const CLASSES_BELOW_MAX = 8;

interface SizeClassOptions {
  /** `-f`: how much larger each class's chunks are. */
  readonly growthFactor: number;
  /** `-n`: bytes of key, value and flags that the smallest of memcached's classes holds. */
  readonly sizeMinBytes: number;
  /** `-o slab_chunk_max`: the largest chunk; larger items are chained. */
  readonly chunkBytesMax: number;
  /** `-I`: no chunk is larger than this. */
  readonly itemBytesMax: number;
}

/**
 * The chunk bytes of every size class; index 0 is unused.
 *
 * The series is memcached's (96 120 152 192 … by default), so that `stats slabs` shows what its
 * users expect and capacity plans carry over. Smaller classes by the same factor come first,
 * because the shorter header of slabring makes smaller items possible.
 */
export function planSizeClasses(options: SizeClassOptions): readonly number[] {
  const { growthFactor, itemBytesMax } = options;
  const first = align(MEMCACHED_HEADER_BYTES + options.sizeMinBytes);
  const chunkBytesMax = Math.min(options.chunkBytesMax, align(itemBytesMax));
  const below: number[] = [];
  for (let size = first; below.length < CLASSES_BELOW_MAX; ) {
    size = Math.min(size - CHUNK_ALIGN_BYTES, align(size / growthFactor));
    if (size < CHUNK_BYTES_MIN) break;
    below.unshift(size);
  }
  const sizes = [0, ...below.filter((size) => size < chunkBytesMax)];
  for (let size = first; size < chunkBytesMax / growthFactor; ) {
    if (sizes.length === CLASSES_MAX - 2) break;
    sizes.push(size);
    size = Math.max(size + CHUNK_ALIGN_BYTES, align(Math.floor(size * growthFactor)));
  }
  sizes.push(chunkBytesMax);
  return sizes;
}

/** The class of the smallest chunk that holds `bytes`; 0 when none does. */
export function classFor(sizes: readonly number[], bytes: number): number {
  let low = 1;
  let high = sizes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sizes[middle]! >= bytes) high = middle;
    else low = middle + 1;
  }
  return low < sizes.length ? low : 0;
}

/** Up to this size a table gives the class: one entry for each step of 8 bytes. */
export const TABLE_BYTES_MAX = 4096;

/** The size classes of one store. */
export class SizeClasses {
  /** The chunk bytes of every class; index 0 is unused. */
  readonly chunkBytes: readonly number[];
  /** The class with the largest chunks; it also lists the chained items. */
  readonly largest: number;
  readonly chunkBytesMax: number;
  /** The class of an item of at most 4096 bytes, by its size in units of 8 bytes, rounded up. */
  readonly table = new Uint8Array(TABLE_BYTES_MAX / CHUNK_ALIGN_BYTES + 1);

  constructor(chunkBytes: readonly number[]) {
    this.chunkBytes = chunkBytes;
    this.largest = chunkBytes.length - 1;
    this.chunkBytesMax = chunkBytes[this.largest]!;
    for (let step = 0; step < this.table.length; step++) {
      this.table[step] = classFor(chunkBytes, step * CHUNK_ALIGN_BYTES);
    }
  }

  /** The class of the smallest chunk that holds `bytes`; 0 when none does. */
  classFor(bytes: number): number {
    if (bytes > TABLE_BYTES_MAX) return classFor(this.chunkBytes, bytes);
    return this.table[(bytes + CHUNK_ALIGN_BYTES - 1) >>> CHUNK_ALIGN_SHIFT]!;
  }
}

function align(bytes: number): number {
  return Math.ceil(bytes / CHUNK_ALIGN_BYTES) * CHUNK_ALIGN_BYTES;
}
