import type { Arena } from './arena.ts';
import type { Chains } from './chains.ts';
import type { Items } from './items.ts';
import { CLASS, type ItemId, NO_ITEM } from './layout.ts';
import { lock, unlock } from './locks.ts';
import { NO_CLASS } from './pages.ts';
import type { Slabs } from './slabs.ts';

/**
 * Gives back the chunks of items that the index has let go. Who calls holds no class, or the
 * largest, or the one that the item's chunk belongs to: so whoever holds the largest may take one
 * other, and never the other way round.
 */
export class Releaser {
  readonly #classes: Int32Array;
  readonly #items: Items;
  readonly #chains: Chains;
  readonly #slabs: Slabs;

  constructor(
    arena: Arena,
    parts: { readonly items: Items; readonly chains: Chains; readonly slabs: Slabs },
  ) {
    this.#classes = arena.classes;
    this.#items = parts.items;
    this.#chains = parts.chains;
    this.#slabs = parts.slabs;
  }

  /** Gives back an item, with all its value chunks; but while a chained one is pinned, it stays. */
  release(id: ItemId, heldClass = NO_CLASS): void {
    if (this.#items.isChained(id)) {
      if (this.#items.isPinned(id)) return;
      this.#giveValueChunks(id, 0, heldClass);
    }
    this.give(id, heldClass);
  }

  /**
   * Gives back all of a chained item but its first value chunk, which is the caller's. The largest
   * class, to which that belongs, is held.
   */
  dismantle(head: ItemId, largestClass: number): ItemId {
    const first = this.#chains.chunk(head, 0);
    this.#giveValueChunks(head, 1, largestClass);
    this.#chains.claim(first);
    this.give(head, largestClass);
    return first;
  }

  give(chunk: ItemId, heldClass = NO_CLASS): void {
    const sizeClass = this.#items.classOf(chunk);
    const at = sizeClass * CLASS.words + CLASS.lock;
    if (sizeClass !== heldClass) lock(this.#classes, at);
    this.#slabs.give(sizeClass, chunk);
    if (sizeClass !== heldClass) unlock(this.#classes, at);
  }

  /** The head goes after them: while a value chunk names a head, that is there. */
  #giveValueChunks(head: ItemId, from: number, heldClass: number): void {
    for (let ordinal = this.#chains.chunksOf(head) - 1; ordinal >= from; ordinal--) {
      const chunk = this.#chains.chunk(head, ordinal);
      if (chunk !== NO_ITEM) this.give(chunk, heldClass);
    }
  }
}
