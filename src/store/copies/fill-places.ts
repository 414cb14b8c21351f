import type { StoreParts } from '../assemble.ts';
import { classOfPlacement, isChainedPlacement, type Placement } from '../items/new-item.ts';
import { type ItemId, NO_ITEM, SEGMENT } from '../memory/item-layout.ts';
import { RestoreOrder } from '../restore-order.ts';

/**
 * The places of items that a fill brings, in any order: among the others by their last use, so that
 * the store evicts those first that were used the longest time ago.
 */
export class FillPlaces {
  readonly #parts: StoreParts;
  #order: RestoreOrder | undefined;

  constructor(parts: StoreParts) {
    this.#parts = parts;
  }

  /** Before the states of a fill; the caller holds no lock. */
  begin(): this {
    if (this.#order === undefined) {
      const { high, low } = this.#parts.clock.lastSeq();
      this.#order = new RestoreOrder(this.#parts);
      this.#order.begin(high, low);
    }
    return this;
  }

  /** Frees what the order needs. */
  end(): void {
    this.#order = undefined;
  }

  /** After each state; the caller holds no lock. */
  makeRoom(): void {
    this.#order?.makeRoom();
  }

  /**
   * Whether an item whose last access was at that second may have a chunk: it evicts none that was
   * used after it. Another thread may take the free chunk in the meantime; then the item evicts one
   * as any other item does.
   */
  mayAllocate(placement: Placement, access: number): boolean {
    const { arena, classLocks, slabs, pagePool, evictor, items } = this.#parts;
    const isChained = isChainedPlacement(placement);
    const sizeClass = isChained ? arena.sizeClasses.largest : classOfPlacement(placement);
    classLocks.lock(sizeClass);
    const hasRoom = slabs.freeChunkCount(sizeClass) > 0 || pagePool.usedCount() < pagePool.limit();
    const victim = hasRoom ? NO_ITEM : evictor.nextVictim(sizeClass);
    const mayEvict = victim === NO_ITEM || items.access(victim) < access;
    classLocks.unlock(sizeClass);
    return mayEvict;
  }

  /** Moves a linked item to its place. The caller holds its stripe. */
  place(id: ItemId, isKept: boolean): void {
    const { items, classLocks, evictor } = this.#parts;
    const segment = items.segment(id);
    if (segment === SEGMENT.temp) return;
    const sizeClass = items.lruClassOf(id);
    const isWarm = isKept || segment === SEGMENT.warm;
    classLocks.lock(sizeClass);
    this.#order?.place(sizeClass, id, evictor.segmentForRestored(isWarm));
    classLocks.unlock(sizeClass);
  }
}
