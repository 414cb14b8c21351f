import type { Arena } from './arena.ts';
import type { Items } from './items.ts';
import { CONTROL, type ItemId, SIZE_STEP_BYTES } from './layout.ts';
import type { Lifetimes } from './lifetimes.ts';
import type { Tunables } from './tunables.ts';

/**
 * How many items there are of each size, rounded up to 32 bytes (`stats sizes`). It is kept only while somebody wants
 * it; items stored before do not count, which their sequence numbers tell.
 */
export class SizeHistogram {
  readonly #steps: Int32Array;
  readonly #control: Int32Array;
  readonly #items: Items;
  readonly #lifetimes: Lifetimes;
  readonly #tunables: Tunables;

  constructor(
    arena: Arena,
    parts: { readonly items: Items; readonly lifetimes: Lifetimes; readonly tunables: Tunables },
  ) {
    this.#steps = arena.sizeSteps;
    this.#control = arena.control;
    this.#items = parts.items;
    this.#lifetimes = parts.lifetimes;
    this.#tunables = parts.tunables;
  }

  isKept(): boolean {
    return this.#tunables.get('trackSizes') === 1;
  }

  /** Counts from nothing, from now on. */
  enable(): void {
    if (this.isKept()) return;
    this.#steps.fill(0);
    this.#lifetimes.drawSeq();
    this.#control[CONTROL.sizesSeqHigh] = this.#lifetimes.seqHigh;
    this.#control[CONTROL.sizesSeqLow] = this.#lifetimes.seqLow;
    this.#tunables.set('trackSizes', 1);
  }

  disable(): void {
    this.#tunables.set('trackSizes', 0);
  }

  /** Whether the item counts. */
  has(id: ItemId): boolean {
    if (!this.isKept()) return false;
    const high = this.#control[CONTROL.sizesSeqHigh]!;
    const low = this.#control[CONTROL.sizesSeqLow]! >>> 0;
    const itemHigh = this.#items.seqHigh(id);
    return itemHigh > high || (itemHigh === high && this.#items.seqLow(id) >= low);
  }

  enter(id: ItemId): void {
    if (this.has(id)) Atomics.add(this.#steps, this.#stepOf(id), 1);
  }

  leave(id: ItemId): void {
    if (this.has(id)) Atomics.sub(this.#steps, this.#stepOf(id), 1);
  }

  /** Each size that any item has, in bytes, and how many have it. */
  *counts(): Generator<readonly [bytes: number, items: number]> {
    for (let step = 0; step < this.#steps.length; step++) {
      const items = this.#steps[step]!;
      if (items > 0) yield [step * SIZE_STEP_BYTES, items];
    }
  }

  #stepOf(id: ItemId): number {
    const step = Math.ceil(this.#items.bytes(id) / SIZE_STEP_BYTES);
    return Math.min(step, this.#steps.length - 1);
  }
}
