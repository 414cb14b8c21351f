import type { Arena } from './arena.ts';
import { TOTAL } from './layout.ts';

/**
 * The totals of each size class, by slot of TOTAL. Only the holder of the class lock writes them.
 */
export class ClassTotals {
  readonly #totals: Float64Array;

  constructor(arena: Arena) {
    this.#totals = arena.totals;
  }

  get(sizeClass: number, slot: number): number {
    return this.#totals[sizeClass * TOTAL.slots + slot]!;
  }

  add(sizeClass: number, slot: number, by = 1): void {
    this.#totals[sizeClass * TOTAL.slots + slot]! += by;
  }

  set(sizeClass: number, slot: number, value: number): void {
    this.#totals[sizeClass * TOTAL.slots + slot] = value;
  }

  /** Clears the totals that `stats reset` clears: all but the bytes in use. */
  reset(sizeClass: number): void {
    const at = sizeClass * TOTAL.slots;
    this.#totals.fill(0, at + TOTAL.evicted, at + TOTAL.slots);
  }
}
