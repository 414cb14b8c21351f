import { SEGMENT } from './layout.ts';

/** What is to be done with the item at a list's tail. */
export const VERDICT = {
  /** It gives way. */
  forget: 0,
  /** It stays, at the head of its list, with one hit less. */
  again: 1,
  /** It goes to the head of WARM, its hits forgotten. */
  promote: 2,
  /** It goes to the head of COLD. */
  demote: 3,
} as const;
export type Verdict = (typeof VERDICT)[keyof typeof VERDICT];

/** How many items each list of a class has. */
export interface SegmentCounts {
  hot: number;
  warm: number;
  cold: number;
  temp: number;
}

export const NO_SEGMENT = -1;

/** What S3-FIFO's small queue has of a class. */
const SMALL_SHARE = 0.1;

/**
 * Decides which list of a class gives up its tail next, and what becomes of that item. Pure: it
 * sees counts and hits, and moves nothing.
 */
export interface EvictionPolicy {
  /** The list to take from; NO_SEGMENT when all are empty. */
  next(counts: SegmentCounts): number;
  judge(segment: number, hits: number): Verdict;
  /** The list of a new item; `isGhost` when it was evicted not long ago. */
  entry(isGhost: boolean): number;
  /**
   * Whether an item that is written over counts as read and keeps its turn; else it goes to its
   * list's head.
   */
  readonly keepsTurn: boolean;
}

/**
 * S3-FIFO: newcomers pass through a small queue (HOT), and only what was asked for again while it
 * was there, or soon after, gets into the large one (WARM), where each hit is worth a round. "FIFO
 * queues are all you need for cache eviction", SOSP 2023.
 */
export const s3fifo: EvictionPolicy = {
  next({ hot, warm, cold, temp }) {
    if (cold > 0) return SEGMENT.cold;
    if (hot > 0 && (warm === 0 || hot > (hot + warm) * SMALL_SHARE)) return SEGMENT.hot;
    if (warm > 0) return SEGMENT.warm;
    return temp > 0 ? SEGMENT.temp : NO_SEGMENT;
  },
  judge(segment, hits) {
    if (segment === SEGMENT.warm) return hits > 0 ? VERDICT.again : VERDICT.forget;
    return hits > 0 && segment !== SEGMENT.temp ? VERDICT.promote : VERDICT.forget;
  },
  entry: (isGhost) => (isGhost ? SEGMENT.warm : SEGMENT.hot),
  keepsTurn: true,
};

/**
 * memcached's segmented LRU, as far as an eviction is concerned: COLD's tail gives way unless it
 * was read twice; the maintainer keeps COLD filled. Where it has not come round yet, HOT's or
 * WARM's tail gives way.
 */
export const segmented: EvictionPolicy = {
  next({ hot, warm, cold, temp }) {
    if (cold > 0) return SEGMENT.cold;
    if (hot > 0) return SEGMENT.hot;
    if (warm > 0) return SEGMENT.warm;
    return temp > 0 ? SEGMENT.temp : NO_SEGMENT;
  },
  judge(segment, hits) {
    return isActive(hits) && segment !== SEGMENT.temp ? VERDICT.promote : VERDICT.forget;
  },
  entry: () => SEGMENT.hot,
  keepsTurn: false,
};

/**
 * One list, as `lru mode flat` wants it: an item that was read since it was last looked at gets
 * another round.
 */
export const flat: EvictionPolicy = {
  next: segmented.next,
  judge: (_segment, hits) => (hits > 0 ? VERDICT.again : VERDICT.forget),
  entry: () => SEGMENT.cold,
  keepsTurn: false,
};

/** memcached's ACTIVE: read again after its first hit, or after it was last moved for one. */
export const isActive = (hits: number): boolean => hits >= 2;
