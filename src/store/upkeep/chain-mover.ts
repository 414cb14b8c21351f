import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { Chains } from '../items/chains.ts';
import type { IndexTable } from '../items/index-table.ts';
import type { Items } from '../items/items.ts';
import type { Releaser } from '../items/releaser.ts';
import type { Arena } from '../memory/arena.ts';
import type { ClassLocks } from '../memory/class-locks.ts';
import { FLAG, type ItemId, NO_ITEM, pageOf, wordOf } from '../memory/item-layout.ts';
import type { Slabs } from '../memory/slabs.ts';
import { NO_STRIPE, type StripeLocks, stripeOf } from '../memory/stripe-locks.ts';

/** How many victims may lie in the leaving page itself before the mover evicts the chained item. */
const VICTIMS_MAX = 8;

/** The result for one part of a chained item in a leaving page. */
export const CLEAR_RESULT = { movedHead: 0, movedChunk: 1, evicted: 2, busy: 3 } as const;
type ClearResult = (typeof CLEAR_RESULT)[keyof typeof CLEAR_RESULT];

interface ChainMoverParts {
  readonly arena: Arena;
  readonly stripes: StripeLocks;
  readonly classLocks: ClassLocks;
  readonly items: Items;
  readonly chains: Chains;
  readonly lru: LruLists;
  readonly index: IndexTable;
  readonly slabs: Slabs;
  readonly evictor: Evictor;
  readonly releaser: Releaser;
}

/**
 * Moves the parts of chained items (heads and value chunks) out of a page that leaves its class,
 * for the page mover, which holds its own lock; and frees expired chained items, for the crawler.
 * Both walk pages, so they meet parts, not items.
 *
 * A value chunk names its head. No thread can free that head while the class of the value chunk is
 * locked, so what this thread reads under that lock and the stripe of the head's key stays true.
 */
export class ChainMover {
  readonly #parts: ChainMoverParts;

  constructor(parts: ChainMoverParts) {
    this.#parts = parts;
  }

  /**
   * Moves a head or a value chunk out of the leaving page of the class `from`. The caller holds no
   * class lock.
   */
  clearPart(from: number, part: ItemId, heldStripe: number): ClearResult {
    const head = this.#lockHead(from, part, heldStripe);
    if (head === NO_ITEM) return CLEAR_RESULT.busy;
    const hash = this.#parts.index.hashOfItem(head);
    const pinned = this.#parts.items.isPinned(head);
    const cleared = pinned ? CLEAR_RESULT.busy : this.#clearLocked(from, part, head, hash);
    this.#parts.stripes.unlock(hash);
    return cleared;
  }

  /**
   * Frees the chained item of a part in a page of the class `from`, if the item has expired or was
   * flushed, and no thread holds its stripe. The caller holds no class lock.
   */
  reclaimIfExpired(from: number, part: ItemId): boolean {
    const head = this.#lockHead(from, part, NO_STRIPE);
    if (head === NO_ITEM) return false;
    const hash = this.#parts.index.hashOfItem(head);
    const sizeClass = this.#parts.items.lruClassOf(head);
    this.#parts.classLocks.lock(sizeClass);
    const reclaimed = this.#parts.evictor.reclaimLocked(sizeClass, hash, head);
    this.#parts.classLocks.unlock(sizeClass);
    this.#parts.stripes.unlock(hash);
    return reclaimed;
  }

  /**
   * Finds the head that a part in a page of the class belongs to, and locks the stripe of its key.
   * Returns NO_ITEM, with no lock held, when the head is not linked or its stripe is busy.
   */
  #lockHead(sizeClass: number, part: ItemId, heldStripe: number): ItemId {
    const { items, index } = this.#parts;
    this.#parts.classLocks.lock(sizeClass);
    const head = this.#headOf(sizeClass, part);
    const hash = head === NO_ITEM ? 0 : index.hashOfItem(head);
    this.#parts.classLocks.unlock(sizeClass);
    if (head === NO_ITEM || stripeOf(hash) === heldStripe) return NO_ITEM;
    if (!this.#parts.stripes.tryLock(hash)) return NO_ITEM;
    this.#parts.classLocks.lock(sizeClass);
    const same = this.#headOf(sizeClass, part) === head && items.hasFlag(head, FLAG.linked);
    const held = same && index.hashOfItem(head) === hash;
    this.#parts.classLocks.unlock(sizeClass);
    if (!held) this.#parts.stripes.unlock(hash);
    return held ? head : NO_ITEM;
  }

  /** The head that a part belongs to; NO_ITEM if the chunk is no part or has no head yet. */
  #headOf(sizeClass: number, part: ItemId): ItemId {
    const { items, chains } = this.#parts;
    if (items.classOf(part) !== sizeClass) return NO_ITEM;
    if (items.isChained(part)) return part;
    return chains.isValueChunk(part) ? chains.headOf(part) : NO_ITEM;
  }

  /** The caller holds the stripe, so no other thread changes the chained item. */
  #clearLocked(from: number, part: ItemId, head: ItemId, hash: number): ClearResult {
    const { items, evictor } = this.#parts;
    const fresh = this.#chunkFor(from, head, stripeOf(hash));
    if (fresh === NO_ITEM) {
      const sizeClass = items.lruClassOf(head);
      this.#parts.classLocks.lock(sizeClass);
      evictor.evictLocked(sizeClass, hash, head);
      this.#parts.classLocks.unlock(sizeClass);
      return CLEAR_RESULT.evicted;
    }
    if (part === head) {
      this.#moveHead(hash, head, fresh);
      return CLEAR_RESULT.movedHead;
    }
    this.#moveValueChunk(from, head, part, fresh);
    return CLEAR_RESULT.movedChunk;
  }

  /** A chunk of the class outside the leaving page, free or by eviction; or NO_ITEM. */
  #chunkFor(from: number, head: ItemId, stripe: number): ItemId {
    const { slabs, chains, releaser } = this.#parts;
    this.#parts.classLocks.lock(from);
    const page = slabs.leavingPage(from);
    let chunk = slabs.allocWithoutNewPage(from);
    if (chunk !== NO_ITEM) chains.claim(chunk);
    for (let victims = 0; chunk === NO_ITEM && victims < VICTIMS_MAX; victims++) {
      chunk = this.#evict(from, head, stripe);
      if (chunk === NO_ITEM) break;
      if (pageOf(chunk) !== page) continue;
      releaser.freeChunk(chunk, from);
      chunk = NO_ITEM;
    }
    this.#parts.classLocks.unlock(from);
    return chunk;
  }

  #evict(from: number, pinned: ItemId, stripe: number): ItemId {
    const { evictor, items, releaser } = this.#parts;
    const victim = evictor.evict(from, stripe, pinned);
    if (victim === NO_ITEM || !items.isChained(victim)) return victim;
    return releaser.dismantle(victim, from);
  }

  #moveValueChunk(from: number, head: ItemId, old: ItemId, fresh: ItemId): void {
    const { chains, slabs, releaser } = this.#parts;
    const [source, target] = [wordOf(old), wordOf(fresh)];
    this.#parts.arena.words.copyWithin(target, source, source + slabs.chunkWords(from));
    chains.attach(head, chains.ordinalOf(old), fresh);
    releaser.freeChunk(old);
  }

  /** Copies under the class lock, because LRU code changes links and hits without the stripe. */
  #moveHead(hash: number, old: ItemId, fresh: ItemId): void {
    const { items, chains, index, lru, releaser } = this.#parts;
    const sizeClass = items.lruClassOf(old);
    const [source, target] = [wordOf(old), wordOf(fresh)];
    this.#parts.classLocks.lock(sizeClass);
    this.#parts.arena.words.copyWithin(target, source, chains.endWord(old));
    lru.replace(sizeClass, old, fresh);
    this.#parts.classLocks.unlock(sizeClass);
    index.replace(hash, old, fresh);
    for (let ordinal = chains.chunkCount(fresh) - 1; ordinal >= 0; ordinal--) {
      chains.attach(fresh, ordinal, chains.chunk(fresh, ordinal));
    }
    releaser.freeChunk(old);
  }
}
