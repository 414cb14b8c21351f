import type { Arena } from '../memory/arena.ts';
import { PAGE_BYTES } from '../memory/item-layout.ts';
import { CLASS } from '../memory/layout.ts';

export const FINGERPRINT_SHIFT = 16;
export const FINGERPRINT_MASK = 0xffff;
/** How many ticks the clock of a class advances while it evicts one page of items. */
const TICKS_PER_PAGE = 16;

/** How many evictions one tick of the clock lasts in a class with these chunks. */
export function evictionsPerTick(chunkBytes: number): number {
  return Math.max(1, Math.floor(PAGE_BYTES / chunkBytes / TICKS_PER_PAGE));
}

/** The result of `Ghosts.recall` for a key without a ghost. */
export const NO_GHOST = -1;

/**
 * Remembers recently evicted keys by a few bits each, without keys and values.
 *
 *   31           16 15            0
 *   ├ fingerprint ──┼ stamp ──────┤   one slot for each value of the hash's low bits
 *
 * A new ghost replaces the old one of its slot.
 *
 * The stamp is the time of the eviction, in sixteenths of a page evicted from the class. Ghosts
 * show which new items go to the main queue at once (S3-FIFO: Yang, Zhang, Qiu, Yue, Rashmi, SOSP
 * 2023) and which class needs another page (Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI
 * 2016). A slot is one word, so a race costs one ghost and no more. The clock of a class belongs to
 * the holder of its class lock.
 */
export class Ghosts {
  readonly #slots: Uint32Array;
  readonly #classes: Int32Array;
  readonly #mask: number;
  /** How many evictions one tick of the clock lasts, by class. */
  readonly #evictionsPerTick: readonly number[];

  constructor(arena: Arena, chunkBytes: readonly number[]) {
    this.#slots = arena.ghosts;
    this.#classes = arena.classes;
    this.#mask = arena.layout.ghostSlots - 1;
    this.#evictionsPerTick = chunkBytes.map(evictionsPerTick);
  }

  /** Records the eviction of an item with this hash. */
  record(sizeClass: number, hash: number): void {
    this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]!++;
    this.#slots[hash & this.#mask] =
      (hash & ~FINGERPRINT_MASK) | (this.#now(sizeClass) & FINGERPRINT_MASK);
  }

  /**
   * How many evictions ago the class evicted an item with this hash, or NO_GHOST. Removes the
   * ghost.
   */
  recall(sizeClass: number, hash: number): number {
    const slot = this.#slots[hash & this.#mask]!;
    if (slot === 0 || slot >>> FINGERPRINT_SHIFT !== hash >>> FINGERPRINT_SHIFT) return NO_GHOST;
    this.#slots[hash & this.#mask] = 0;
    return ((this.#now(sizeClass) - slot) & FINGERPRINT_MASK) * this.#evictionsPerTick[sizeClass]!;
  }

  /** The clock of the class, in ticks. */
  #now(sizeClass: number): number {
    const evictions = this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]! >>> 0;
    return Math.floor(evictions / this.#evictionsPerTick[sizeClass]!);
  }
}
