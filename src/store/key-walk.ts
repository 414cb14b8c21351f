import type { StoreParts } from './assemble.ts';
import { FLAG, type ItemId, NO_ITEM } from './memory/item-layout.ts';

/** What becomes of a visited key: as it is, without its item, or with another FLAG.copy. */
export const KEY_VERDICT = { keep: 0, drop: 1, markCopy: 2, markOwn: 3 } as const;
export type KeyVerdict = (typeof KEY_VERDICT)[keyof typeof KEY_VERDICT];

/**
 * Decides about the key `bytes[start, end)`; `access` is the second of the last access of its item
 * on the store's clock. It runs under the stripe of the key: it may read and copy, but it neither
 * throws nor allocates.
 */
export type KeyVisitor = (bytes: Buffer, start: number, end: number, access: number) => KeyVerdict;

/**
 * A walk over the keys of all live items in bounded steps, while other threads change the store. As
 * an ItemWalk, it visits a key that has an item during the whole walk exactly once, and any other
 * key at most once.
 */
export class KeyWalk {
  /** The groups of buckets that the whole walk visits. */
  readonly groups: number;
  readonly #parts: StoreParts;
  #group = 0;

  constructor(parts: StoreParts) {
    this.#parts = parts;
    this.groups = parts.index.groupCount();
  }

  /** The groups that the walk has visited. */
  get visitedGroups(): number {
    return this.#group;
  }

  /** Whether the walk has visited every group. */
  get isDone(): boolean {
    return this.#group === this.groups;
  }

  /**
   * Visits the keys of the next group, if it has at most `itemsMax` items.
   * @returns 0, or without a visit how many items the group has: the caller then makes room for
   *     them and calls again.
   */
  step(itemsMax: number, visit: KeyVisitor): number {
    const { stripes, index } = this.#parts;
    const group = this.#group;
    stripes.lock(group);
    const items = index.groupItemCount(group, this.groups);
    const fits = items <= itemsMax;
    if (fits && items > 0) this.#visitGroup(group, visit);
    stripes.unlock(group);
    if (!fits) return items;
    this.#group++;
    return 0;
  }

  /** Leaves out the groups before this one. */
  skipTo(group: number): void {
    this.#group = group;
  }

  #visitGroup(group: number, visit: KeyVisitor): void {
    const { index } = this.#parts;
    for (let bucket = group; bucket < index.bucketCount(); bucket += this.groups) {
      for (let id = index.first(bucket); id !== NO_ITEM; ) {
        const next = index.next(id);
        this.#visitItem(id, visit);
        id = next;
      }
    }
  }

  #visitItem(id: ItemId, visit: KeyVisitor): void {
    const { arena, items, index, clock, linker } = this.#parts;
    if (clock.isExpired(id) || clock.isFlushed(id)) return;
    const keyAt = items.keyAt(id);
    const verdict = visit(arena.bytes, keyAt, keyAt + items.keyBytes(id), items.access(id));
    if (verdict === KEY_VERDICT.drop) linker.unlink(index.hashOfItem(id), id);
    else if (verdict === KEY_VERDICT.markCopy) items.setFlags(id, FLAG.copy);
    else if (verdict === KEY_VERDICT.markOwn) items.clearFlags(id, FLAG.copy);
  }
}
