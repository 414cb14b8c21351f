import { copyBytes, copyViewed } from '../../base/index.ts';
import type { Arena } from '../memory/arena.ts';
import { FLAG, type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import type { StripeLocks } from '../memory/stripe-locks.ts';
import type { Allocator } from './allocator.ts';
import { CaslessItems } from './casless-items.ts';
import type { Chains } from './chains.ts';
import type { IndexTable } from './index-table.ts';
import type { ItemCopier } from './item-copier.ts';
import type { Items } from './items.ts';
import type { Linker } from './linker.ts';
import type { Lookup } from './lookup.ts';
import { TOO_LARGE } from './new-item.ts';
import type { Overwriter } from './overwriter.ts';
import type { Releaser } from './releaser.ts';
import {
  MODE,
  OUTCOME,
  type Outcome,
  type PutOptions,
  type StoreCondition,
  type StoreResult,
  type WholeItem,
} from './store-condition.ts';

interface PutterParts {
  readonly arena: Arena;
  readonly stripes: StripeLocks;
  readonly items: Items;
  readonly chains: Chains;
  readonly index: IndexTable;
  readonly lookup: Lookup;
  readonly condition: StoreCondition;
  readonly linker: Linker;
  readonly overwriter: Overwriter;
  readonly allocator: Allocator;
  readonly copier: ItemCopier;
  readonly releaser: Releaser;
}

class Result implements StoreResult {
  outcome: Outcome = OUTCOME.notStored;
  casHigh = 0;
  casLow = 0;
  valueBytes = 0;
  expiry = 0;
  sizeClass = 0;
}

/** Executes storage commands on the store. The caller holds no lock. */
export class Putter {
  readonly #parts: PutterParts;
  readonly #result = new Result();
  readonly #showsCas: boolean;

  constructor(parts: PutterParts) {
    this.#showsCas = !(parts.items instanceof CaslessItems);
    this.#parts = parts;
  }

  /**
   * Links a complete item under its key, or frees it if the condition of its mode does not hold.
   */
  put(hash: number, id: ItemId, options: PutOptions): StoreResult {
    const { arena, stripes, items, lookup, condition, releaser, index } = this.#parts;
    const result = this.#result;
    result.valueBytes = items.valueBytes(id);
    stripes.lock(hash);
    const keyAt = items.keyAt(id);
    const old = lookup.findLive(hash, arena.bytes, keyAt, keyAt + items.keyBytes(id));
    let fresh: ItemId = NO_ITEM;
    result.outcome = condition.check(old, id, options);
    if (result.outcome === OUTCOME.stored) {
      fresh = this.#link(hash, old, id, options);
      if (fresh === NO_ITEM) result.outcome = OUTCOME.notStored;
    }
    stripes.unlock(hash);
    if (fresh !== id) releaser.release(id);
    index.growIfFull();
    return result;
  }

  /**
   * Stores a complete item under one hold of the stripe: in the chunk of the old value if that is
   * of the right class, else in a new chunk. For `set`, `add`, `replace` and `cas` without `ownCas`
   * and `allowStale`, and for items of one chunk.
   * @returns undefined when there is no memory for it; then nothing has changed.
   */
  putWhole(item: WholeItem): StoreResult | undefined {
    const { stripes, lookup, condition, index } = this.#parts;
    const { hash, keySource, keyStart } = item;
    const result = this.#result;
    result.valueBytes = item.valueBytes;
    stripes.lock(hash);
    const old = lookup.findLive(hash, keySource, keyStart, keyStart + item.keyBytes);
    result.outcome = condition.check(old, NO_ITEM, item);
    const done = result.outcome !== OUTCOME.stored || this.#storeWhole(old, item);
    if (!done) condition.uncount(old, item);
    stripes.unlock(hash);
    if (!done) return undefined;
    if (old === NO_ITEM) index.growIfFull();
    return result;
  }

  /** Links a new item under an opened key, in place of `old`. Returns the item, or NO_ITEM. */
  create(item: WholeItem, old: ItemId): ItemId {
    const { items, chains, allocator, linker } = this.#parts;
    if (item.placement === TOO_LARGE) return NO_ITEM;
    const id = allocator.allocateOpened(item.hash, old, item);
    if (id === NO_ITEM) return NO_ITEM;
    this.#writeKey(id, item);
    const { valueSource, valueStart, valueBytes } = item;
    chains.write(id, 0, valueSource.bytes, valueStart, valueStart + valueBytes);
    linker.link(item.hash, old, id);
    if (item.ownCas) items.setOwnCas(id, item.ownCasHigh, item.ownCasLow);
    return id;
  }

  /** Links the item, or its concatenation with the old one. Returns the linked item, or NO_ITEM. */
  #link(hash: number, old: ItemId, id: ItemId, options: PutOptions): ItemId {
    const { items, linker, copier } = this.#parts;
    const concatenates = options.mode === MODE.append || options.mode === MODE.prepend;
    const fresh = concatenates && old !== NO_ITEM ? copier.concatenate(hash, old, id, options) : id;
    if (fresh === NO_ITEM) return NO_ITEM;
    linker.link(hash, old, fresh);
    if (options.ownCas) items.setOwnCas(fresh, options.ownCasHigh, options.ownCasLow);
    this.#result.casHigh = items.casHigh(fresh);
    this.#result.casLow = items.casLow(fresh);
    this.#result.valueBytes = items.valueBytes(fresh);
    this.#result.expiry = items.expiry(fresh);
    this.#result.sizeClass = items.lruClassOf(fresh);
    return fresh;
  }

  /** Replaces `old` by the item; false when there is no memory for it. */
  #storeWhole(old: ItemId, item: WholeItem): boolean {
    const { arena, items, linker, overwriter, allocator } = this.#parts;
    const inPlace = old !== NO_ITEM && overwriter.canOverwrite(old, item);
    const id = inPlace ? old : allocator.allocate(item, allocator.contextFor(item.hash, old, true));
    if (id === NO_ITEM) return false;
    if (inPlace) {
      overwriter.overwriteHeader(id, item);
      if (item.keyBinary) items.setFlags(id, FLAG.keyBinary);
    } else {
      this.#writeKey(id, item);
    }
    const { valueSource, valueStart, valueBytes } = item;
    copyViewed(valueSource, valueStart, valueStart + valueBytes, arena, items.valueAt(id));
    if (!inPlace) linker.link(item.hash, old, id);
    if (this.#showsCas) {
      this.#result.casHigh = items.seqHigh(id);
      this.#result.casLow = items.seqLow(id);
    }
    return true;
  }

  #writeKey(id: ItemId, { keySource, keyStart, keyBytes, keyBinary }: WholeItem): void {
    const { arena, items } = this.#parts;
    copyBytes(keySource, keyStart, keyStart + keyBytes, arena.bytes, items.keyAt(id));
    if (keyBinary) items.setFlags(id, FLAG.keyBinary);
  }
}
