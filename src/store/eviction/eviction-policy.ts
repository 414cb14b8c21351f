import { SEGMENT } from '../memory/item-layout.ts';
import { EVICTION } from '../memory/tunables.ts';

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

/** An item has 0 to 3 hits: the second index of `tailActions`. */
type ActionsByHits = readonly [TailAction, TailAction, TailAction, TailAction];

/**
 * Decides which list of a class provides the next eviction candidate (its tail), and what happens
 * to that item. A policy is only numbers, so that the fast path can have the same ones.
 */
export interface EvictionPolicy {
  /** HOT provides the next candidate if it has a larger share of the items of HOT and WARM. */
  readonly smallQueueShare: number;
  /** What happens to a tail, by its segment and by its hits. */
  readonly tailActions: readonly [ActionsByHits, ActionsByHits, ActionsByHits, ActionsByHits];
  /** The list that a new item enters; the second if the store evicted its key a short time ago. */
  readonly segmentForNew: readonly [number, number];
  /** The list that a restored item enters; the second if it was in WARM. */
  readonly segmentForRestored: readonly [number, number];
  /** The hits of an item after its promotion. */
  readonly hitsAfterPromotion: number;
  /**
   * Whether an overwrite counts as a hit and the item keeps its position in the list. Otherwise an
   * overwritten item goes to the head of its list.
   */
  readonly overwriteCountsAsHit: boolean;
}

const { evict, reinsert, promote } = TAIL_ACTION;
const ALWAYS_EVICT: ActionsByHits = [evict, evict, evict, evict];
const PROMOTE_READ: ActionsByHits = [evict, promote, promote, promote];
const PROMOTE_ACTIVE: ActionsByHits = [evict, evict, promote, promote];
const REINSERT_READ: ActionsByHits = [evict, reinsert, reinsert, reinsert];

/**
 * S3-FIFO: new items enter a small queue (HOT). An item moves to the main queue (WARM) only if a
 * client requests it again while it is in HOT, or soon after its eviction. In WARM each hit saves
 * the item once from eviction. "FIFO queues are all you need for cache eviction", SOSP 2023.
 */
export const s3fifo: EvictionPolicy = {
  smallQueueShare: 0.1,
  tailActions: [PROMOTE_READ, REINSERT_READ, PROMOTE_READ, ALWAYS_EVICT],
  segmentForNew: [SEGMENT.hot, SEGMENT.warm],
  segmentForRestored: [SEGMENT.hot, SEGMENT.warm],
  hitsAfterPromotion: 0,
  overwriteCountsAsHit: true,
};

/**
 * The eviction part of memcached's segmented LRU: the store evicts the tail of COLD unless it was
 * read twice; the maintainer keeps COLD filled. While COLD is still empty, the store evicts the
 * tail of HOT or WARM.
 */
export const segmented: EvictionPolicy = {
  smallQueueShare: 0,
  tailActions: [PROMOTE_ACTIVE, PROMOTE_ACTIVE, PROMOTE_ACTIVE, ALWAYS_EVICT],
  segmentForNew: [SEGMENT.hot, SEGMENT.hot],
  // The maintainer would move them there in the order in which they come.
  segmentForRestored: [SEGMENT.cold, SEGMENT.cold],
  // The next hit makes the item active again.
  hitsAfterPromotion: 1,
  overwriteCountsAsHit: false,
};

/** One list with second chances, for `lru mode flat`: each hit saves an item once from eviction. */
export const flat: EvictionPolicy = {
  smallQueueShare: 0,
  tailActions: [REINSERT_READ, REINSERT_READ, REINSERT_READ, REINSERT_READ],
  segmentForNew: [SEGMENT.cold, SEGMENT.cold],
  segmentForRestored: [SEGMENT.cold, SEGMENT.cold],
  hitsAfterPromotion: 0,
  overwriteCountsAsHit: false,
};

/** All policies; POLICY has the index of each. */
export const POLICIES = [s3fifo, segmented, flat] as const;
export const POLICY = { s3fifo: 0, segmented: 1, flat: 2 } as const;
type PolicyIndex = (typeof POLICY)[keyof typeof POLICY];

/** The index of the policy in force, by the tunables `segmented` and `eviction`. */
export function policyInForce(segmentedLists: number, eviction: number): PolicyIndex {
  if (segmentedLists === 0) return POLICY.flat;
  return eviction === EVICTION.segmented ? POLICY.segmented : POLICY.s3fifo;
}

/**
 * The list whose tail is the next candidate; NO_SEGMENT when all lists are empty. A list that the
 * policy in force does not fill may have items from the policy before.
 */
export function nextSegment(counts: SegmentCounts, policy: EvictionPolicy): number {
  const { hot, warm, cold, temp } = counts;
  if (cold > 0) return SEGMENT.cold;
  const hotMax = warm === 0 ? 0 : (hot + warm) * policy.smallQueueShare;
  if (hot > hotMax) return SEGMENT.hot;
  if (warm > 0) return SEGMENT.warm;
  return temp > 0 ? SEGMENT.temp : NO_SEGMENT;
}

/** memcached's ACTIVE: an item with two hits. */
export const isActive = (hits: number): boolean => hits >= 2;
