import { lock, unlock } from '../../base/index.ts';
import type { Evictor } from '../eviction/evictor.ts';
import type { LruLists } from '../eviction/lru.ts';
import type { Arena } from '../memory/arena.ts';
import { CLASS, FLAG, type ItemId, TOTAL } from '../memory/layout.ts';
import type { ExpiryHints } from '../upkeep/expiry-hints.ts';
import { HITS_MAX, type Items } from './items.ts';
import type { Linker } from './linker.ts';
import type { SizeHistogram } from './size-histogram.ts';
import type { StoreClock } from './store-clock.ts';

/** Flags that describe the old value only. */
const OLD_VALUE_FLAGS = FLAG.fetched | FLAG.stale | FLAG.tokenSent | FLAG.keyBinary;

interface OverwriterParts {
  readonly items: Items;
  readonly clock: StoreClock;
  readonly linker: Pick<Linker, 'assignSeq'>;
  readonly lru: LruLists;
  readonly evictor: Pick<Evictor, 'segmentAfterOverwrite' | 'overwriteCountsAsHit'>;
  readonly sizeHistogram: SizeHistogram;
  readonly expiryHints: ExpiryHints;
}

/**
 * Overwrites the value of a linked item in its chunk: it allocates, frees and relinks nothing. The
 * caller holds the stripe, so no other thread sees a half-written value.
 */
export class Overwriter {
  readonly #classes: Int32Array;
  readonly #totals: Float64Array;
  readonly #parts: OverwriterParts;

  constructor(arena: Arena, parts: OverwriterParts) {
    this.#classes = arena.classes;
    this.#totals = arena.totals;
    this.#parts = parts;
  }

  /**
   * Whether the item's chunk is of that class, and its key can stay at its offset with these flags.
   */
  canOverwrite(id: ItemId, sizeClass: number, clientFlags: number): boolean {
    const { items } = this.#parts;
    if (items.hasFlag(id, FLAG.chunked | FLAG.ownCas)) return false;
    return (
      items.hasFlag(id, FLAG.clientFlags) === (clientFlags !== 0) && items.classOf(id) === sizeClass
    );
  }

  /** Updates everything except the bytes of the value, which the caller writes. */
  overwriteHeader(
    id: ItemId,
    sizeClass: number,
    clientFlags: number,
    expiry: number,
    valueBytes: number,
  ): void {
    const { items, clock, sizeHistogram, expiryHints } = this.#parts;
    const block = sizeClass * CLASS.words;
    const totals = sizeClass * TOTAL.slots;
    lock(this.#classes, block + CLASS.lock);
    sizeHistogram.remove(id);
    this.#totals[totals + TOTAL.memRequested]! += valueBytes - items.valueBytes(id);
    this.#totals[totals + TOTAL.totalItems]! += 1;
    items.overwriteHeader(id, OLD_VALUE_FLAGS, clientFlags, expiry, valueBytes);
    this.#parts.linker.assignSeq(id);
    this.#updateLru(id, sizeClass, clock.now());
    if (expiry !== 0) expiryHints.note(sizeClass, expiry);
    sizeHistogram.add(id);
    unlock(this.#classes, block + CLASS.lock);
  }

  /**
   * Applies the eviction policy to the overwrite: the hit count, the position, and the list, which
   * the new ttl may change. The caller holds the class lock.
   */
  #updateLru(id: ItemId, sizeClass: number, now: number): void {
    const { items, lru, evictor } = this.#parts;
    const hits = items.hits(id);
    const countsAsHit = evictor.overwriteCountsAsHit();
    items.setAccess(id, now, countsAsHit ? Math.min(HITS_MAX, hits + 1) : hits);
    const expiry = items.expiry(id);
    const segment = items.segment(id);
    const next = evictor.segmentAfterOverwrite(segment, expiry === 0 ? 0 : expiry - now);
    if (!countsAsHit || next !== segment) lru.moveToHead(sizeClass, id, next);
  }
}
