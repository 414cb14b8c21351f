import { SEGMENT } from '../memory/item-layout.ts';

/** What happens to the item at the tail of a list. */
export const TAIL_ACTION = {
  /** The store evicts it. */
  evict: 0,
  /** It goes to the head of its list, with one hit less. */
  reinsert: 1,
  /** It goes to the head of WARM, and its hits are reset. */
  promote: 2,
  /** It goes to the head of COLD. */
  demote: 3,
} as const;
export type TailAction = (typeof TAIL_ACTION)[keyof typeof TAIL_ACTION];

/** How many items each list of a class has. */
export interface SegmentCounts {
  hot: number;
  warm: number;
  cold: number;
  temp: number;
}

export const NO_SEGMENT = -1;

/** The share of a class's items that S3-FIFO's small queue may hold. */
const SMALL_QUEUE_SHARE = 0.1;

/**
 * Decides which list of a class provides the next eviction candidate (its tail), and what happens
 * to that item. Pure: a policy reads counts and hits, and moves nothing.
 */
export interface EvictionPolicy {
  /** The list whose tail is the next candidate; NO_SEGMENT when all lists are empty. */
  nextSegment(counts: SegmentCounts): number;
  actionFor(segment: number, hits: number): TailAction;
  /** The list that a new item enters; `isGhost` if the store evicted its key a short time ago. */
  segmentForNew(isGhost: boolean): number;
  /**
   * Whether an overwrite counts as a hit and the item keeps its position in the list. Otherwise an
   * overwritten item goes to the head of its list.
   */
  readonly overwriteCountsAsHit: boolean;
}

/**
 * S3-FIFO: new items enter a small queue (HOT). An item moves to the main queue (WARM) only if a
 * client requests it again while it is in HOT, or soon after its eviction. In WARM each hit saves
 * the item once from eviction. "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
export const s3fifo: EvictionPolicy = {
  nextSegment({ hot, warm, cold, temp }) {
    if (cold > 0) return SEGMENT.cold;
    if (hot > 0 && (warm === 0 || hot > (hot + warm) * SMALL_QUEUE_SHARE)) return SEGMENT.hot;
    if (warm > 0) return SEGMENT.warm;
    return temp > 0 ? SEGMENT.temp : NO_SEGMENT;
  },
  actionFor(segment, hits) {
    if (segment === SEGMENT.warm) return hits > 0 ? TAIL_ACTION.reinsert : TAIL_ACTION.evict;
    return hits > 0 && segment !== SEGMENT.temp ? TAIL_ACTION.promote : TAIL_ACTION.evict;
  },
  segmentForNew: (isGhost) => (isGhost ? SEGMENT.warm : SEGMENT.hot),
  overwriteCountsAsHit: true,
};

/**
 * The eviction part of memcached's segmented LRU: the store evicts the tail of COLD unless it was
 * read twice; the maintainer keeps COLD filled. While COLD is still empty, the store evicts the
 * tail of HOT or WARM.
 */
export const segmented: EvictionPolicy = {
  nextSegment({ hot, warm, cold, temp }) {
    if (cold > 0) return SEGMENT.cold;
    if (hot > 0) return SEGMENT.hot;
    if (warm > 0) return SEGMENT.warm;
    return temp > 0 ? SEGMENT.temp : NO_SEGMENT;
  },
  actionFor(segment, hits) {
    return isActive(hits) && segment !== SEGMENT.temp ? TAIL_ACTION.promote : TAIL_ACTION.evict;
  },
  segmentForNew: () => SEGMENT.hot,
  overwriteCountsAsHit: false,
};

/** One list with second chances, for `lru mode flat`: each hit saves an item once from eviction. */
export const flat: EvictionPolicy = {
  nextSegment: segmented.nextSegment,
  actionFor: (_segment, hits) => (hits > 0 ? TAIL_ACTION.reinsert : TAIL_ACTION.evict),
  segmentForNew: () => SEGMENT.cold,
  overwriteCountsAsHit: false,
};

/** memcached's ACTIVE: an item with two hits. A promotion resets an active item to one hit. */
export const isActive = (hits: number): boolean => hits >= 2;
