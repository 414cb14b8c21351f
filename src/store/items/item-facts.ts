/** The facts of an item that a reply shows (`Items.read`). */
export interface ItemFacts {
  clientFlags: number;
  valueBytes: number;
  /** The LRU segment, for `ThreadCounters.addHit`. */
  segment: number;
  /** The class that counts the item. */
  sizeClass: number;
  casHigh: number;
  casLow: number;
  /** The byte in the slab pages where the value starts; meaningless for a chained item. */
  valueAt: number;
  isChained: boolean;
}
