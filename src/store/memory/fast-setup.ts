import { evictionsPerTick } from '../eviction/ghosts.ts';
import type { StoreShare } from './arena.ts';
import { COUNTER_SLOTS } from './layout.ts';
import { SizeClasses } from './size-classes.ts';

const COUNTER_BYTES = 8;

/**
 * Where the parts of a store are, and its constants, for the fast path of one thread: what differs
 * between two stores with the same layout of items.
 */
export function fastSetup(share: StoreShare, thread: number) {
  const { layout, hashKey } = share;
  const sizeClasses = new SizeClasses(share.chunkBytes);
  return {
    numbers: {
      control: 0,
      stripes: layout.stripesByte,
      classes: layout.classesByte,
      totals: layout.totalsByte,
      counters: layout.countersByte + thread * COUNTER_SLOTS * COUNTER_BYTES,
      tunables: layout.tunablesByte,
      pageClass: layout.pageClassByte,
      ghosts: layout.ghostByte,
      openChanges: layout.openChangesByte,
      copySlots: layout.copySlotsByte,
      ghostMask: layout.ghostSlots - 1,
      buckets: layout.indexByte,
      bucketsMax: layout.bucketsMax,
      slabs: layout.slabsByte,
      end: layout.bytes,
      keyLow: hashKey.low >>> 0,
      keyHigh: hashKey.high >>> 0,
      itemBytesMax: share.itemBytesMax,
      showsCas: share.hidesCas ? 0 : 1,
    },
    /** By class id. */
    chunkBytes: share.chunkBytes,
    evictionsPerTick: share.chunkBytes.map(evictionsPerTick),
    /** The class of an item of at most 4096 bytes, by its size in units of 8 bytes, rounded up. */
    classBySize: sizeClasses.table,
  };
}
