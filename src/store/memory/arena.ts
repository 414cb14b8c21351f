import type { HashKey, ViewedBytes, WasmMemory } from '../../base/index.ts';
import { CONTROL, KEY_SLOTS, type StoreLayout, TUNABLE_SLOTS } from './layout.ts';
import type { MemoryKind } from './memory-plan.ts';
import { SizeClasses } from './size-classes.ts';

/** What a thread needs to join a store: the shared memory and its layout. */
export interface StoreShare {
  readonly memory: SharedArrayBuffer;
  /** The same memory for WebAssembly; absent if it is `plain`. */
  readonly wasmMemory?: WasmMemory;
  readonly kind: MemoryKind;
  readonly layout: StoreLayout;
  /** Chunk bytes by class id; index 0 is unused. */
  readonly chunkBytes: readonly number[];
  readonly itemBytesMax: number;
  /** The secret of this start of the node: with it a client could build keys that collide. */
  readonly hashKey: HashKey;
  /** Whether the store shows every CAS id as 0 (`-C`). */
  readonly hidesCas: boolean;
}

/** The views that one thread has of the shared memory, and the constants of the store. */
export class Arena implements ViewedBytes {
  readonly layout: StoreLayout;
  readonly sizeClasses: SizeClasses;
  /** `-I`: the largest item by memcached's arithmetic, which includes its own header. */
  readonly itemBytesMax: number;
  readonly hashKey: HashKey;
  /** The control block, for Atomics. */
  readonly control: Int32Array;
  readonly stripes: Int32Array;
  /** Class blocks, CLASS.words each. */
  readonly classes: Int32Array;
  readonly totals: Float64Array;
  readonly counters: Float64Array;
  readonly tunables: Float64Array;
  readonly pageClass: Uint8Array;
  /** For each free page, the next free page plus one. */
  readonly pageNext: Uint32Array;
  readonly ghosts: Uint32Array;
  readonly sizeSteps: Int32Array;
  /** See OpenChanges. */
  readonly openChanges: Int32Array;
  /** See CopySlots. */
  readonly copySlots: Uint32Array;
  /** Bucket heads: item ids. */
  readonly buckets: Uint32Array;
  /** The slab pages, as words and as bytes. */
  readonly words: Uint32Array;
  readonly bytes: Buffer;
  readonly view: DataView;

  constructor(share: StoreShare) {
    const { memory, layout } = share;
    const slabBytes = layout.bytes - layout.slabsByte;
    this.layout = layout;
    this.sizeClasses = new SizeClasses(share.chunkBytes);
    this.itemBytesMax = share.itemBytesMax;
    this.hashKey = share.hashKey;
    this.control = new Int32Array(memory, 0, CONTROL.bytes / 4);
    this.stripes = new Int32Array(
      memory,
      layout.stripesByte,
      lengthOf(layout.stripesByte, layout.classesByte, 4),
    );
    this.classes = new Int32Array(
      memory,
      layout.classesByte,
      lengthOf(layout.classesByte, layout.totalsByte, 4),
    );
    this.totals = new Float64Array(
      memory,
      layout.totalsByte,
      lengthOf(layout.totalsByte, layout.countersByte, 8),
    );
    this.counters = new Float64Array(
      memory,
      layout.countersByte,
      lengthOf(layout.countersByte, layout.tunablesByte, 8),
    );
    this.tunables = new Float64Array(memory, layout.tunablesByte, TUNABLE_SLOTS);
    this.pageClass = new Uint8Array(memory, layout.pageClassByte, layout.pagesReserved);
    this.pageNext = new Uint32Array(memory, layout.pageNextByte, layout.pagesReserved);
    this.sizeSteps = new Int32Array(memory, layout.sizesByte, layout.sizeSteps);
    this.openChanges = new Int32Array(memory, layout.openChangesByte, KEY_SLOTS);
    this.copySlots = new Uint32Array(memory, layout.copySlotsByte, KEY_SLOTS * 2);
    this.ghosts = new Uint32Array(memory, layout.ghostByte, layout.ghostSlots);
    this.buckets = new Uint32Array(memory, layout.indexByte, layout.bucketsMax);
    this.words = new Uint32Array(memory, layout.slabsByte, slabBytes / 4);
    this.bytes = Buffer.from(memory, layout.slabsByte, slabBytes);
    this.view = new DataView(memory, layout.slabsByte, slabBytes);
  }
}

/** How many whole units fit between two offsets. */
function lengthOf(startByte: number, endByte: number, unitBytes: number): number {
  return Math.floor((endByte - startByte) / unitBytes);
}
