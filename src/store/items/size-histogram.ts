import type { Arena } from '../memory/arena.ts';
import type { ItemId } from '../memory/item-layout.ts';
import { CONTROL, SIZE_STEP_BYTES } from '../memory/layout.ts';
import { TUNABLE_SLOT, type Tunables } from '../memory/tunables.ts';
import type { Items } from './items.ts';
import type { StoreClock } from './store-clock.ts';

interface SizeHistogramParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly clock: StoreClock;
  readonly tunables: Tunables;
}

/**
 * Counts items by size, rounded up to 32 bytes (`stats sizes`), only while it is enabled. Items
 * stored before do not count: their sequence numbers are smaller.
 */
export class SizeHistogram {
  readonly #steps: Int32Array;
  readonly #control: Int32Array;
  readonly #parts: SizeHistogramParts;

  constructor(parts: SizeHistogramParts) {
    this.#steps = parts.arena.sizeSteps;
    this.#control = parts.arena.control;
    this.#parts = parts;
  }

  isEnabled(): boolean {
    return this.#parts.tunables.at(TUNABLE_SLOT.trackSizes) === 1;
  }

  /** Starts to count from zero. */
  enable(): void {
    if (this.isEnabled()) return;
    this.#steps.fill(0);
    this.#parts.clock.drawSeq();
    this.#control[CONTROL.sizesSeqHigh] = this.#parts.clock.seqHigh;
    this.#control[CONTROL.sizesSeqLow] = this.#parts.clock.seqLow;
    this.#parts.tunables.set('trackSizes', 1);
  }

  disable(): void {
    this.#parts.tunables.set('trackSizes', 0);
  }

  /** Whether the histogram counts the item. */
  isCounted(id: ItemId): boolean {
    if (!this.isEnabled()) return false;
    const high = this.#control[CONTROL.sizesSeqHigh]!;
    const low = this.#control[CONTROL.sizesSeqLow]! >>> 0;
    const itemHigh = this.#parts.items.seqHigh(id);
    return itemHigh > high || (itemHigh === high && this.#parts.items.seqLow(id) >= low);
  }

  add(id: ItemId): void {
    if (this.isCounted(id)) Atomics.add(this.#steps, this.#stepOf(id), 1);
  }

  remove(id: ItemId): void {
    if (this.isCounted(id)) Atomics.sub(this.#steps, this.#stepOf(id), 1);
  }

  get steps(): number {
    return this.#steps.length;
  }

  /** Each size of the steps `first` … `end` - 1 with its count of items, if not 0. */
  *counts(first: number, end: number): Generator<readonly [bytes: number, items: number]> {
    for (let step = first; step < Math.min(end, this.#steps.length); step++) {
      const items = this.#steps[step]!;
      if (items > 0) yield [step * SIZE_STEP_BYTES, items];
    }
  }

  #stepOf(id: ItemId): number {
    const step = Math.ceil(this.#parts.items.bytes(id) / SIZE_STEP_BYTES);
    return Math.min(step, this.#steps.length - 1);
  }
}
