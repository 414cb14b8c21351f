import type { Arena } from './arena.ts';
import type { Chains } from './chains.ts';
import type { Evictor } from './evictor.ts';
import type { IndexTable } from './index-table.ts';
import { type Items, pageOf, wordOf } from './items.ts';
import { CLASS, FLAG, type ItemId, NO_ITEM, STRIPES } from './layout.ts';
import { lock, tryLock, unlock } from './locks.ts';
import type { LruLists } from './lru.ts';
import type { Releaser } from './releaser.ts';
import type { Slabs } from './slabs.ts';

const NO_STRIPE = -1;
/** How many victims may lie in the leaving page itself before the whole chain gives way. */
const VICTIMS_MAX = 8;

/** What became of a part of a chain that was in the way. */
export const CLEARED = { movedHead: 0, movedChunk: 1, evicted: 2, busy: 3 } as const;
export type Cleared = (typeof CLEARED)[keyof typeof CLEARED];

export interface ChainMoverParts {
  readonly items: Items;
  readonly chains: Chains;
  readonly lru: LruLists;
  readonly index: IndexTable;
  readonly slabs: Slabs;
  readonly evictor: Evictor;
  readonly releaser: Releaser;
}

/**
 * Takes the parts of chains out of a page that leaves its class, for the page mover, whose lock is held;
 * and dead chains out of the store, for the crawler. Both go by pages, and come upon chunks.
 *
 * A part says whose it is: a value chunk names its head. That head cannot be given back while the class
 * of the part is locked, so what is seen under that lock and the stripe of the head's key is so.
 */
export class ChainMover {
  readonly #arena: Arena;
  readonly #parts: ChainMoverParts;

  constructor(arena: Arena, parts: ChainMoverParts) {
    this.#arena = arena;
    this.#parts = parts;
  }

  /** Takes a head or a value chunk out of the leaving page of the class `from`. No class is held. */
  clear(from: number, part: ItemId, heldStripe: number): Cleared {
    const head = this.#hold(from, part, heldStripe);
    if (head === NO_ITEM) return CLEARED.busy;
    const hash = this.#parts.index.hashOfItem(head);
    const pinned = this.#parts.items.isPinned(head);
    const cleared = pinned ? CLEARED.busy : this.#clearHeld(from, part, head, hash);
    this.#release(hash);
    return cleared;
  }

  /**
   * Frees a chained item that the crawler has met in a page of the class `from`, if it has expired or
   * was flushed and nobody is at it. No class is held.
   */
  reclaimIfDead(from: number, part: ItemId): boolean {
    const head = this.#hold(from, part, NO_STRIPE);
    if (head === NO_ITEM) return false;
    const hash = this.#parts.index.hashOfItem(head);
    const sizeClass = this.#parts.items.lruClassOf(head);
    this.#lock(sizeClass);
    const dead = this.#parts.evictor.reclaimHeld(sizeClass, hash, head);
    this.#unlock(sizeClass);
    this.#release(hash);
    return dead;
  }

  /**
   * The head of the chain that a chunk in a page of the class is part of, its stripe locked; NO_ITEM,
   * and nothing is locked, when there is none in the index or somebody is at it.
   */
  #hold(sizeClass: number, part: ItemId, heldStripe: number): ItemId {
    const { items, index } = this.#parts;
    this.#lock(sizeClass);
    const head = this.#headOf(sizeClass, part);
    const hash = head === NO_ITEM ? 0 : index.hashOfItem(head);
    this.#unlock(sizeClass);
    const stripe = hash & (STRIPES - 1);
    if (head === NO_ITEM || stripe === heldStripe) return NO_ITEM;
    if (!tryLock(this.#arena.stripes, stripe)) return NO_ITEM;
    this.#lock(sizeClass);
    const same = this.#headOf(sizeClass, part) === head && items.has(head, FLAG.linked);
    const held = same && index.hashOfItem(head) === hash;
    this.#unlock(sizeClass);
    if (!held) this.#release(hash);
    return held ? head : NO_ITEM;
  }

  #release(hash: number): void {
    unlock(this.#arena.stripes, hash & (STRIPES - 1));
  }

  /** The head of the chain that a chunk is part of; NO_ITEM when it is none, or nobody's yet. */
  #headOf(sizeClass: number, part: ItemId): ItemId {
    const { items, chains } = this.#parts;
    if (items.classOf(part) !== sizeClass) return NO_ITEM;
    if (items.isChained(part)) return part;
    return chains.isValueChunk(part) ? chains.headOf(part) : NO_ITEM;
  }

  /** The stripe is held: the chain stands still. */
  #clearHeld(from: number, part: ItemId, head: ItemId, hash: number): Cleared {
    const { items, evictor } = this.#parts;
    const fresh = this.#chunkFor(from, head, hash & (STRIPES - 1));
    if (fresh === NO_ITEM) {
      const sizeClass = items.lruClassOf(head);
      this.#lock(sizeClass);
      evictor.forgetHeld(sizeClass, hash, head);
      this.#unlock(sizeClass);
      return CLEARED.evicted;
    }
    if (part === head) {
      this.#moveHead(hash, head, fresh);
      return CLEARED.movedHead;
    }
    this.#moveValueChunk(from, head, part, fresh);
    return CLEARED.movedChunk;
  }

  /** A chunk of the class outside the leaving page, free or of another item; or NO_ITEM. */
  #chunkFor(from: number, head: ItemId, stripe: number): ItemId {
    const { slabs, chains, releaser } = this.#parts;
    this.#lock(from);
    const page = slabs.leaving(from);
    let chunk = slabs.takeFree(from);
    if (chunk !== NO_ITEM) chains.claim(chunk);
    for (let victims = 0; chunk === NO_ITEM && victims < VICTIMS_MAX; victims++) {
      chunk = this.#evict(from, head, stripe);
      if (chunk === NO_ITEM) break;
      if (pageOf(chunk) !== page) continue;
      releaser.give(chunk, from);
      chunk = NO_ITEM;
    }
    this.#unlock(from);
    return chunk;
  }

  #evict(from: number, keep: ItemId, stripe: number): ItemId {
    const { evictor, items, releaser } = this.#parts;
    const victim = evictor.evict(from, stripe, keep);
    if (victim === NO_ITEM || !items.isChained(victim)) return victim;
    return releaser.dismantle(victim, from);
  }

  #moveValueChunk(from: number, head: ItemId, old: ItemId, fresh: ItemId): void {
    const { chains, slabs, releaser } = this.#parts;
    const [source, target] = [wordOf(old), wordOf(fresh)];
    this.#arena.words.copyWithin(target, source, source + slabs.chunkWords(from));
    chains.join(head, chains.ordinalOf(old), fresh);
    releaser.give(old);
  }

  /** The LRU's side changes its links and hits without the stripe: so it moves under its class. */
  #moveHead(hash: number, old: ItemId, fresh: ItemId): void {
    const { items, chains, index, lru, releaser } = this.#parts;
    const sizeClass = items.lruClassOf(old);
    const [source, target] = [wordOf(old), wordOf(fresh)];
    this.#lock(sizeClass);
    this.#arena.words.copyWithin(target, source, chains.endOf(old));
    lru.replace(sizeClass, old, fresh);
    this.#unlock(sizeClass);
    index.replace(hash, old, fresh);
    for (let ordinal = chains.chunksOf(fresh) - 1; ordinal >= 0; ordinal--) {
      chains.join(fresh, ordinal, chains.chunk(fresh, ordinal));
    }
    releaser.give(old);
  }

  #lock(sizeClass: number): void {
    lock(this.#arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }

  #unlock(sizeClass: number): void {
    unlock(this.#arena.classes, sizeClass * CLASS.words + CLASS.lock);
  }
}
