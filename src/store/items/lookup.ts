import { COUNT, type ThreadCounters } from '../memory/counters.ts';
import { type ItemId, NO_ITEM } from '../memory/item-layout.ts';
import type { IndexTable } from './index-table.ts';
import type { Linker } from './linker.ts';
import type { StoreClock } from './store-clock.ts';

/** Why a key has no live item. */
export type MissReason = 'not_found' | 'expired' | 'flushed';

interface LookupParts {
  readonly index: IndexTable;
  readonly clock: StoreClock;
  readonly linker: Linker;
  readonly counters: ThreadCounters;
}

/** Finds live items by key. The caller holds the stripe. */
export class Lookup {
  readonly #parts: LookupParts;
  #missReason: MissReason = 'not_found';

  constructor(parts: LookupParts) {
    this.#parts = parts;
  }

  /** Why the last `findLive` of this thread found nothing. */
  get missReason(): MissReason {
    return this.#missReason;
  }

  /** The live item of a key, or NO_ITEM. It unlinks an expired or flushed item. */
  findLive(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    const { index, clock } = this.#parts;
    const id = index.find(hash, bytes, start, end - start);
    if (id === NO_ITEM) {
      this.#missReason = 'not_found';
      return NO_ITEM;
    }
    if (!clock.isFlushed(id) && !clock.isExpired(id)) return id;
    this.#unlinkDead(hash, id);
    return NO_ITEM;
  }

  #unlinkDead(hash: number, id: ItemId): void {
    const { clock, counters, linker } = this.#parts;
    const flushed = clock.isFlushed(id);
    this.#missReason = flushed ? 'flushed' : 'expired';
    counters.add(flushed ? COUNT.get_flushed : COUNT.get_expired);
    linker.unlink(hash, id);
  }
}
