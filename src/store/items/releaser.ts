import type { ClassLocks } from '../memory/class-locks.ts';
import { type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import { NO_CLASS } from '../memory/page-pool.ts';
import type { Slabs } from '../memory/slabs.ts';
import type { Chains } from './chains.ts';
import type { Items } from './items.ts';

interface ReleaserParts {
  readonly items: Items;
  readonly chains: Chains;
  readonly slabs: Slabs;
  readonly classLocks: ClassLocks;
}

/**
 * Frees the chunks of unlinked items. The caller holds no class lock, or that of the largest class,
 * or that of the chunk's class. So a thread that holds the largest class may lock one other class,
 * and never the other way round.
 */
export class Releaser {
  readonly #parts: ReleaserParts;

  constructor(parts: ReleaserParts) {
    this.#parts = parts;
  }

  /** Frees an item with all its value chunks. A pinned item stays; its last `unpin` frees it. */
  release(id: ItemId, heldClass = NO_CLASS): void {
    if (this.#parts.items.isChained(id)) {
      if (this.#parts.items.isPinned(id)) return;
      this.#freeValueChunks(id, 0, heldClass);
    }
    this.freeChunk(id, heldClass);
  }

  /**
   * Frees all chunks of a chained item except its first value chunk, which it returns to the
   * caller. The caller holds the lock of the largest class, which that chunk belongs to.
   */
  dismantle(head: ItemId, largestClass: number): ItemId {
    const first = this.#parts.chains.chunk(head, 0);
    this.#freeValueChunks(head, 1, largestClass);
    this.#parts.chains.claim(first);
    this.freeChunk(head, largestClass);
    return first;
  }

  freeChunk(chunk: ItemId, heldClass = NO_CLASS): void {
    const { items, slabs, classLocks } = this.#parts;
    const sizeClass = items.classOf(chunk);
    if (sizeClass !== heldClass) classLocks.lock(sizeClass);
    slabs.free(sizeClass, chunk);
    if (sizeClass !== heldClass) classLocks.unlock(sizeClass);
  }

  /**
   * The head is freed after its value chunks: while a value chunk names a head, the head exists.
   */
  #freeValueChunks(head: ItemId, from: number, heldClass: number): void {
    for (let ordinal = this.#parts.chains.chunkCount(head) - 1; ordinal >= from; ordinal--) {
      const chunk = this.#parts.chains.chunk(head, ordinal);
      if (chunk !== NO_ITEM) this.freeChunk(chunk, heldClass);
    }
  }
}
