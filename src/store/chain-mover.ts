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
 * Takes the parts of chains out of a page that leaves its class, for the page mover, whose lock is held.
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
    const { items, index } = this.#parts;
    this.#lock(from);
    const head = this.#headOf(part);
    const hash = head === NO_ITEM ? 0 : index.hashOfItem(head);
    this.#unlock(from);
    const stripe = hash & (STRIPES - 1);
    if (head === NO_ITEM || stripe === heldStripe) return CLEARED.busy;
    if (!tryLock(this.#arena.stripes, stripe)) return CLEARED.busy;
    this.#lock(from);
    const same = this.#headOf(part) === head && items.has(head, FLAG.linked);
    const mayMove = same && index.hashOfItem(head) === hash && !items.isPinned(head);
    this.#unlock(from);
    const cleared = mayMove ? this.#clearHeld(from, part, head, hash) : CLEARED.busy;
    unlock(this.#arena.stripes, stripe);
    return cleared;
  }

  /** The head of the chain that a chunk is part of; NO_ITEM when it is none, or nobody's yet. */
  #headOf(part: ItemId): ItemId {
    const { items, chains } = this.#parts;
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
