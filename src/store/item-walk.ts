import type { StoreParts } from './assemble.ts';
import { type ItemPast, readPast } from './item-past.ts';
import { type ItemId, NO_ITEM } from './memory/item-layout.ts';

/**
 * A walk over all live items in bounded steps, while other threads change the store. The walker may
 * pause between two steps for any time; the walk holds no lock and no memory in between.
 *
 * A step visits one group of buckets: those whose numbers end in the same bits. A bucket that
 * splits during the walk stays in its group, a key always belongs to the same group, and all
 * buckets of a group share one stripe, which the step holds. So the walk visits a key that has an
 * item during the whole walk exactly once, also if the item is replaced or moved or the index
 * grows. It visits a key whose item comes or goes during the walk at most once.
 */
export class ItemWalk {
  readonly #parts: StoreParts;
  readonly #groups: number;
  #group = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.#groups = parts.index.groupCount();
  }

  /** Whether the walk has visited every group. */
  get isDone(): boolean {
    return this.#group === this.#groups;
  }

  /**
   * Visits the items of the next group, if they are at most `itemsMax`. `visit` runs under the
   * stripe: it may read and copy, but it neither throws nor allocates.
   * @returns 0, or without a visit how many items the group has: the caller then makes room for
   *     them and calls again.
   */
  step(itemsMax: number, visit: (id: ItemId) => void): number {
    const { stripes, index } = this.#parts;
    stripes.lock(this.#group);
    const items = index.groupItemCount(this.#group, this.#groups);
    const fits = items <= itemsMax;
    if (fits && items > 0) this.#visitGroup(visit);
    stripes.unlock(this.#group);
    if (!fits) return items;
    this.#group++;
    return 0;
  }

  /** Reads the past of an item: of a visited one, or of an opened one. */
  readPast(id: ItemId, into: ItemPast): void {
    readPast(this.#parts, id, into);
  }

  #visitGroup(visit: (id: ItemId) => void): void {
    const { index, clock } = this.#parts;
    for (let bucket = this.#group; bucket < index.bucketCount(); bucket += this.#groups) {
      for (let id = index.first(bucket); id !== NO_ITEM; id = index.next(id)) {
        if (!clock.isExpired(id) && !clock.isFlushed(id)) visit(id);
      }
    }
  }
}
