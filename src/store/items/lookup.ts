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
  readonly #index: IndexTable;
  readonly #clock: StoreClock;
  readonly #linker: Linker;
  readonly #counters: ThreadCounters;
  #missReason: MissReason = 'not_found';

  constructor(parts: LookupParts) {
    this.#index = parts.index;
    this.#clock = parts.clock;
    this.#linker = parts.linker;
    this.#counters = parts.counters;
  }

  /** Why the last `findLive` of this thread found nothing. */
  get missReason(): MissReason {
    return this.#missReason;
  }

  /** The live item of a key, or NO_ITEM. It unlinks an expired or flushed item. */
  findLive(hash: number, bytes: Buffer, start: number, end: number): ItemId {
    const id = this.#index.find(hash, bytes, start, end - start);
    if (id === NO_ITEM) {
      this.#missReason = 'not_found';
      return NO_ITEM;
    }
    if (!this.#clock.isFlushed(id) && !this.#clock.isExpired(id)) return id;
    this.#unlinkDead(hash, id);
    return NO_ITEM;
  }

  #unlinkDead(hash: number, id: ItemId): void {
    const flushed = this.#clock.isFlushed(id);
    this.#missReason = flushed ? 'flushed' : 'expired';
    this.#counters.add(flushed ? COUNT.get_flushed : COUNT.get_expired);
    this.#linker.unlink(hash, id);
  }
}
