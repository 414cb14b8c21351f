import type { Arena } from './arena.ts';
import { CLASS, PAGE_BYTES } from './layout.ts';

const PRINT_SHIFT = 16;
const PRINT_MASK = 0xffff;
/** How many ticks of a class's stamps pass while a page's worth of its items is evicted. */
const TICKS_PER_PAGE = 16;

/** What `Ghosts.recall` says of a key that was not evicted lately. */
export const NO_GHOST = -1;

/**
 * What was evicted of late, remembered by a few bits: no keys, no values.
 *
 *   31           16 15            0
 *   ├ fingerprint ──┼ stamp ──────┤   one slot for each hash of its low bits; the last one stays
 *
 * The stamp says when, in sixteenths of a page evicted from the class. Ghosts say which items deserve more room
 * than a newcomer (S3-FIFO: Yang, Zhang, Qiu, Yue, Rashmi, SOSP 2023), and which classes deserve
 * another page (Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI 2016). A slot is one word, so a race
 * costs a ghost and nothing else. The class's clock belongs to the holder of its lock.
 */
export class Ghosts {
  readonly #slots: Uint32Array;
  readonly #classes: Int32Array;
  readonly #mask: number;
  /** Evictions to a tick, by class. */
  readonly #tick: readonly number[];

  constructor(arena: Arena, chunkBytes: readonly number[]) {
    this.#slots = arena.ghosts;
    this.#classes = arena.classes;
    this.#mask = arena.layout.ghostSlots - 1;
    this.#tick = chunkBytes.map((bytes) =>
      Math.max(1, Math.floor(PAGE_BYTES / bytes / TICKS_PER_PAGE)),
    );
  }

  /** An item of this hash was evicted. */
  note(sizeClass: number, hash: number): void {
    this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]!++;
    this.#slots[hash & this.#mask] = (hash & ~PRINT_MASK) | (this.#now(sizeClass) & PRINT_MASK);
  }

  /** How many evictions ago the item of this hash was evicted; its ghost is laid to rest. */
  recall(sizeClass: number, hash: number): number {
    const slot = this.#slots[hash & this.#mask]!;
    if (slot === 0 || slot >>> PRINT_SHIFT !== hash >>> PRINT_SHIFT) return NO_GHOST;
    this.#slots[hash & this.#mask] = 0;
    return ((this.#now(sizeClass) - slot) & PRINT_MASK) * this.#tick[sizeClass]!;
  }

  /** Ticks of the class's clock. */
  #now(sizeClass: number): number {
    const evictions = this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]! >>> 0;
    return Math.floor(evictions / this.#tick[sizeClass]!);
  }
}
