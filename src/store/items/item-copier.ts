import type { Arena } from '../memory/arena.ts';
import { FLAG, type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import type { Allocator } from './allocator.ts';
import type { Chains } from './chains.ts';
import type { Items } from './items.ts';
import type { Linker } from './linker.ts';
import { TOO_LARGE } from './new-item.ts';
import type { Placer } from './placer.ts';
import { MODE, type PutOptions } from './store-condition.ts';

/** Flags that a copy with a CAS id of its own keeps. */
const COPIED_FLAGS = FLAG.fetched | FLAG.stale | FLAG.tokenSent;
const BLANK = 0x20;

interface ItemCopierParts {
  readonly arena: Arena;
  readonly items: Items;
  readonly chains: Chains;
  readonly placer: Placer;
  readonly allocator: Allocator;
  readonly linker: Linker;
}

/** Replaces opened items by changed copies. The caller holds the stripe of the key. */
export class ItemCopier {
  readonly #parts: ItemCopierParts;
  /** Reused: a thread allocates nothing under a lock. */
  readonly #copy = {
    placement: TOO_LARGE,
    keyBytes: 0,
    clientFlags: 0,
    expiry: 0,
    valueBytes: 0,
    ownCas: false,
  };

  constructor(parts: ItemCopierParts) {
    this.#parts = parts;
  }

  /**
   * An unlinked item with both values, or NO_ITEM when it would be too large or memory is short.
   */
  concatenate(hash: number, old: ItemId, added: ItemId, options: PutOptions): ItemId {
    const { items, chains } = this.#parts;
    const valueBytes = items.valueBytes(old) + items.valueBytes(added);
    const fresh = this.#allocateLike(hash, old, valueBytes, options.ownCas);
    if (fresh === NO_ITEM) return NO_ITEM;
    const first = options.mode === MODE.append ? old : added;
    const second = options.mode === MODE.append ? added : old;
    chains.copy(first, fresh, 0);
    chains.copy(second, fresh, items.valueBytes(first));
    return fresh;
  }

  /** Links a copy with room for a CAS id of its own; NO_ITEM when there is no memory for it. */
  replaceWithOwnCas(hash: number, old: ItemId): ItemId {
    const { items, chains, linker } = this.#parts;
    const fresh = this.#allocateLike(hash, old, items.valueBytes(old), true);
    if (fresh === NO_ITEM) return NO_ITEM;
    chains.copy(old, fresh, 0);
    items.setFlags(fresh, items.flags(old) & COPIED_FLAGS);
    linker.link(hash, old, fresh);
    return fresh;
  }

  /**
   * Replaces the value by new digits: in its chunk, padded with blanks, when they fit; else in a
   * new item with the same flags and expiry. Returns the item that is now linked, or NO_ITEM when
   * there is no memory for it.
   */
  rewriteNumber(hash: number, id: ItemId, digits: Buffer, length: number): ItemId {
    const { arena, items, linker } = this.#parts;
    const valueBytes = items.valueBytes(id);
    if (length <= valueBytes) {
      const at = items.valueAt(id);
      for (let i = 0; i < length; i++) arena.bytes[at + i] = digits[i]!;
      for (let i = length; i < valueBytes; i++) arena.bytes[at + i] = BLANK;
      linker.reassignSeq(id);
      return id;
    }
    const fresh = this.#allocateLike(hash, id, length, false);
    if (fresh === NO_ITEM) return NO_ITEM;
    digits.copy(arena.bytes, items.valueAt(fresh), 0, length);
    linker.link(hash, id, fresh);
    return fresh;
  }

  /** A new item with the key, flags and expiry of `old`. */
  #allocateLike(hash: number, old: ItemId, valueBytes: number, ownCas: boolean): ItemId {
    const { arena, items, placer, allocator } = this.#parts;
    const copy = this.#copy;
    copy.keyBytes = items.keyBytes(old);
    copy.clientFlags = items.clientFlags(old);
    copy.expiry = items.expiry(old);
    copy.valueBytes = valueBytes;
    copy.ownCas = ownCas;
    copy.placement = placer.placementFor(copy.keyBytes, copy.clientFlags, valueBytes, ownCas);
    if (copy.placement === TOO_LARGE) return NO_ITEM;
    const fresh = allocator.allocateOpened(hash, old, copy);
    if (fresh === NO_ITEM) return NO_ITEM;
    const keyAt = items.keyAt(old);
    arena.bytes.copy(arena.bytes, items.keyAt(fresh), keyAt, keyAt + copy.keyBytes);
    items.setFlags(fresh, items.flags(old) & FLAG.keyBinary);
    return fresh;
  }
}
