import type { StoreParts } from './assemble.ts';
import { FLAG, type ItemId, SEGMENT } from './memory/item-layout.ts';

/** How an item was used, and its CAS id: what a restored item keeps besides its value. */
export interface ItemPast {
  /** Second of the last access on the store's clock. */
  access: number;
  /** Recent hits, 0 … 3. */
  hits: number;
  /** Whether the eviction policy has taken it for an item that clients request again. */
  isKept: boolean;
  isFetched: boolean;
  isStale: boolean;
  isLeased: boolean;
  /** Whether a client chose the CAS id. */
  ownCas: boolean;
  /** The CAS id; 0 for none. */
  casHigh: number;
  casLow: number;
}

export function newItemPast(): ItemPast {
  return {
    access: 0,
    hits: 0,
    isKept: false,
    isFetched: false,
    isStale: false,
    isLeased: false,
    ownCas: false,
    casHigh: 0,
    casLow: 0,
  };
}

/** Reads the past of an opened item. It allocates nothing. */
export function readPast({ items }: StoreParts, id: ItemId, into: ItemPast): void {
  into.access = items.access(id);
  into.hits = items.hits(id);
  into.isKept = items.segment(id) === SEGMENT.warm;
  into.isFetched = items.isFetched(id);
  into.isStale = items.isStale(id);
  into.isLeased = items.isLeased(id);
  into.ownCas = items.hasFlag(id, FLAG.ownCas);
  into.casHigh = items.casHigh(id);
  into.casLow = items.casLow(id);
}
