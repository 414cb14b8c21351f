import type { Arena } from '../memory/arena.ts';
import { CONTROL, type ItemId, SIZE_STEP_BYTES } from '../memory/layout.ts';
import type { Tunables } from '../memory/tunables.ts';
import type { Items } from './items.ts';
import type { StoreClock } from './store-clock.ts';

/**
 * Counts items by size, rounded up to 32 bytes (`stats sizes`), only while it is enabled. Items
 * stored before do not count: their sequence numbers are smaller.
 */
export class SizeHistogram {
  readonly #steps: Int32Array;
  readonly #control: Int32Array;
  readonly #items: Items;
  readonly #clock: StoreClock;
  readonly #tunables: Tunables;

  constructor(
    arena: Arena,
    parts: { readonly items: Items; readonly clock: StoreClock; readonly tunables: Tunables },
  ) {
    this.#steps = arena.sizeSteps;
    this.#control = arena.control;
    this.#items = parts.items;
    this.#clock = parts.clock;
    this.#tunables = parts.tunables;
  }

  isEnabled(): boolean {
    return this.#tunables.get('trackSizes') === 1;
  }

  /** Starts to count from zero. */
  enable(): void {
    if (this.isEnabled()) return;
    this.#steps.fill(0);
    this.#clock.drawSeq();
    this.#control[CONTROL.sizesSeqHigh] = this.#clock.seqHigh;
    this.#control[CONTROL.sizesSeqLow] = this.#clock.seqLow;
    this.#tunables.set('trackSizes', 1);
  }

  disable(): void {
    this.#tunables.set('trackSizes', 0);
  }

  /** Whether the histogram counts the item. */
  isCounted(id: ItemId): boolean {
    if (!this.isEnabled()) return false;
    const high = this.#control[CONTROL.sizesSeqHigh]!;
    const low = this.#control[CONTROL.sizesSeqLow]! >>> 0;
    const itemHigh = this.#items.seqHigh(id);
    return itemHigh > high || (itemHigh === high && this.#items.seqLow(id) >= low);
  }

  add(id: ItemId): void {
    if (this.isCounted(id)) Atomics.add(this.#steps, this.#stepOf(id), 1);
  }

  remove(id: ItemId): void {
    if (this.isCounted(id)) Atomics.sub(this.#steps, this.#stepOf(id), 1);
  }

  /** Each size with its count of items, if not 0. */
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
