import type { Arena } from './arena.ts';
import { CLASS } from './layout.ts';

const PRINT_SHIFT = 16;
const PRINT_MASK = 0xffff;
/** Evictions to one tick of a ghost's stamp: 16 bits of stamps then tell the last 524,288 apart. */
const TICK_SHIFT = 3;

/** What `Ghosts.recall` says of a key that was not evicted lately. */
export const NO_GHOST = -1;

/**
 * What was evicted of late, remembered by a few bits: no keys, no values.
 *
 *   31           16 15            0
 *   ├ fingerprint ──┼ stamp ──────┤   one slot for each hash of its low bits; the last one stays
 *
 * The stamp is the class's count of evictions at the time. Ghosts say which items deserve more room
 * than a newcomer (S3-FIFO: Yang, Zhang, Qiu, Yue, Rashmi, SOSP 2023), and which classes deserve
 * another page (Cliffhanger: Cidon, Eisenman, Alizadeh, Katti, NSDI 2016). A slot is one word, so a race
 * costs a ghost and nothing else. The class's clock belongs to the holder of its lock.
 */
export class Ghosts {
  readonly #slots: Uint32Array;
  readonly #classes: Int32Array;
  readonly #mask: number;

  constructor(arena: Arena) {
    this.#slots = arena.ghosts;
    this.#classes = arena.classes;
    this.#mask = arena.layout.ghostSlots - 1;
  }

  /** An item of this hash was evicted. */
  note(sizeClass: number, hash: number): void {
    const clock = ++this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]!;
    this.#slots[hash & this.#mask] = (hash & ~PRINT_MASK) | ((clock >>> TICK_SHIFT) & PRINT_MASK);
  }

  /** How many evictions ago the item of this hash was evicted; its ghost is laid to rest. */
  recall(sizeClass: number, hash: number): number {
    const slot = this.#slots[hash & this.#mask]!;
    if (slot === 0 || slot >>> PRINT_SHIFT !== hash >>> PRINT_SHIFT) return NO_GHOST;
    this.#slots[hash & this.#mask] = 0;
    const clock = this.#classes[sizeClass * CLASS.words + CLASS.ghostClock]! >>> TICK_SHIFT;
    return ((clock - slot) & PRINT_MASK) << TICK_SHIFT;
  }
}
