/**
 * Where an item of a certain size goes: the size class of its chunk, or of the head of a chained
 * item (with the bit CHAINED). The sizes of an item are computed once, for its placement.
 */
export type Placement = number;
/** The item is beyond `-I`, or its head fits into no chunk. */
export const TOO_LARGE: Placement = 0;
export const CHAINED = 0x100;
const CLASS_MASK = CHAINED - 1;

export function classOfPlacement(placement: Placement): number {
  return placement & CLASS_MASK;
}

export function isChainedPlacement(placement: Placement): boolean {
  return (placement & CHAINED) !== 0;
}

/** The header of a new item. */
export interface NewItem {
  readonly placement: Placement;
  readonly keyBytes: number;
  readonly clientFlags: number;
  /** On the store's clock; 0 is never. */
  readonly expiry: number;
  readonly valueBytes: number;
  /** Whether the client chose its CAS id, which then takes room in the item. */
  readonly ownCas: boolean;
}
