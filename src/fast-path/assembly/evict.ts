/** Eviction in one size class, by the policy in force. The caller holds the class lock. */
import {
  ACTION_BITS,
  ACTION_EVICT,
  ACTION_PROMOTE,
  ACTION_REINSERT,
  CANDIDATES_MAX,
  CHUNK_BYTES_AT,
  CLASS_GHOST_CLOCK,
  EVICTION_SEGMENTED,
  EVICTIONS_PER_TICK_AT,
  FINGERPRINT_MASK,
  FINGERPRINT_SHIFT,
  FLAG_CHUNKED,
  FLAG_FETCHED,
  FLAG_LINKED,
  HITS_MAX,
  ITEM_ACCESS,
  ITEM_ACCESS_MASK,
  ITEM_EXPIRY,
  ITEM_HITS_SHIFT,
  ITEM_LRU_PREV,
  ITEM_META,
  PAGE_BYTES,
  POLICY_FLAT_ACTIONS,
  POLICY_FLAT_HITS_AFTER_PROMOTION,
  POLICY_FLAT_OVERWRITE_COUNTS_AS_HIT,
  POLICY_FLAT_SEGMENT_FOR_GHOST,
  POLICY_FLAT_SEGMENT_FOR_NEW,
  POLICY_FLAT_SMALL_QUEUE_SHARE,
  POLICY_S3FIFO_ACTIONS,
  POLICY_S3FIFO_HITS_AFTER_PROMOTION,
  POLICY_S3FIFO_OVERWRITE_COUNTS_AS_HIT,
  POLICY_S3FIFO_SEGMENT_FOR_GHOST,
  POLICY_S3FIFO_SEGMENT_FOR_NEW,
  POLICY_S3FIFO_SMALL_QUEUE_SHARE,
  POLICY_SEGMENTED_ACTIONS,
  POLICY_SEGMENTED_HITS_AFTER_PROMOTION,
  POLICY_SEGMENTED_OVERWRITE_COUNTS_AS_HIT,
  POLICY_SEGMENTED_SEGMENT_FOR_GHOST,
  POLICY_SEGMENTED_SEGMENT_FOR_NEW,
  POLICY_SEGMENTED_SMALL_QUEUE_SHARE,
  SECOND_CHANCES_MAX,
  SEGMENT_COLD,
  SEGMENT_HOT,
  SEGMENT_TEMP,
  SEGMENT_WARM,
  SEGMENTS,
  TOTAL_DIRECT_RECLAIMS,
  TOTAL_EVICTED,
  TOTAL_EVICTED_ACTIVE,
  TOTAL_EVICTED_NONZERO,
  TOTAL_EVICTED_TIME,
  TOTAL_EVICTED_UNFETCHED,
  TOTAL_EXPIRED_UNFETCHED,
  TOTAL_GHOST_HITS,
  TOTAL_LRUTAIL_REFLOCKED,
  TOTAL_MOVES_TO_WARM,
  TOTAL_MOVES_WITHIN_LRU,
  TOTAL_PAGE_HITS,
  TOTAL_RECLAIMED,
  TUNABLE_EVICTION,
  TUNABLE_SEGMENTED,
  TUNABLE_TEMP_LRU,
  TUNABLE_TEMP_TTL,
} from './constants';
import { countOf, moveToHead, removeItem, tailOf } from './lists';
import { hashOfItem, remove } from './lookup';
import {
  addToTotal,
  classAt,
  ghostMask,
  ghosts,
  isDead,
  itemAt,
  metaOf,
  now,
  region,
  segmentOf,
  setTotal,
  stripeOf,
  tunable,
} from './store';
import { tryLock, unlock } from './try-locks';

const NO_SEGMENT: u32 = SEGMENTS;
const NO_GHOST: u32 = 0xffff_ffff;

/** The policy in force. */
let actions: u32 = 0;
let smallQueueShare: f64 = 0;
let segmentForNewItem: u32 = 0;
let segmentForGhost: u32 = 0;
let hitsAfterPromotion: u32 = 0;
export let overwriteCountsAsHit: bool = false;

/** Takes the policy that the tunables name, before a request that may write. */
export function takePolicy(): void {
  if (tunable(TUNABLE_SEGMENTED) === 0) {
    actions = POLICY_FLAT_ACTIONS;
    smallQueueShare = <f64>POLICY_FLAT_SMALL_QUEUE_SHARE;
    segmentForNewItem = POLICY_FLAT_SEGMENT_FOR_NEW;
    segmentForGhost = POLICY_FLAT_SEGMENT_FOR_GHOST;
    hitsAfterPromotion = POLICY_FLAT_HITS_AFTER_PROMOTION;
    overwriteCountsAsHit = POLICY_FLAT_OVERWRITE_COUNTS_AS_HIT === 1;
  } else if (tunable(TUNABLE_EVICTION) === <f64>EVICTION_SEGMENTED) {
    actions = POLICY_SEGMENTED_ACTIONS;
    smallQueueShare = <f64>POLICY_SEGMENTED_SMALL_QUEUE_SHARE;
    segmentForNewItem = POLICY_SEGMENTED_SEGMENT_FOR_NEW;
    segmentForGhost = POLICY_SEGMENTED_SEGMENT_FOR_GHOST;
    hitsAfterPromotion = POLICY_SEGMENTED_HITS_AFTER_PROMOTION;
    overwriteCountsAsHit = POLICY_SEGMENTED_OVERWRITE_COUNTS_AS_HIT === 1;
  } else {
    actions = POLICY_S3FIFO_ACTIONS;
    smallQueueShare = <f64>POLICY_S3FIFO_SMALL_QUEUE_SHARE;
    segmentForNewItem = POLICY_S3FIFO_SEGMENT_FOR_NEW;
    segmentForGhost = POLICY_S3FIFO_SEGMENT_FOR_GHOST;
    hitsAfterPromotion = POLICY_S3FIFO_HITS_AFTER_PROMOTION;
    overwriteCountsAsHit = POLICY_S3FIFO_OVERWRITE_COUNTS_AS_HIT === 1;
  }
}

function isTemporary(ttl: i32): bool {
  return ttl > 0 && <f64>ttl <= tunable(TUNABLE_TEMP_TTL) && tunable(TUNABLE_TEMP_LRU) === 1;
}

/** The segment of an overwritten item; its new ttl decides whether that is TEMP. */
export function segmentAfterOverwrite(segment: u32, ttl: i32): u32 {
  if (isTemporary(ttl)) return SEGMENT_TEMP;
  return segment === SEGMENT_TEMP ? segmentForNewItem : segment;
}

/** The segment that a new item enters. */
export function segmentForNew(sizeClass: u32, hash: u32, ttl: i32): u32 {
  const distance = recallGhost(sizeClass, hash);
  const isGhost = distance !== NO_GHOST && distance <= itemCount(sizeClass);
  if (isGhost) {
    addToTotal(sizeClass, TOTAL_GHOST_HITS, 1);
    if (distance <= <u32>PAGE_BYTES / chunkBytes(sizeClass))
      addToTotal(sizeClass, TOTAL_PAGE_HITS, 1);
  }
  if (isTemporary(ttl)) return SEGMENT_TEMP;
  return isGhost ? segmentForGhost : segmentForNewItem;
}

function chunkBytes(sizeClass: u32): u32 {
  return load<u32>(region + CHUNK_BYTES_AT + ((<usize>sizeClass) << 2));
}

function itemCount(sizeClass: u32): u32 {
  let items: u32 = 0;
  for (let segment: u32 = 0; segment < NO_SEGMENT; segment++) items += countOf(sizeClass, segment);
  return items;
}

function evictionsPerTick(sizeClass: u32): u32 {
  return load<u32>(region + EVICTIONS_PER_TICK_AT + ((<usize>sizeClass) << 2));
}

/** The clock of a class's ghosts, in ticks. */
function ghostTime(sizeClass: u32): u32 {
  return load<u32>(classAt(sizeClass), CLASS_GHOST_CLOCK) / evictionsPerTick(sizeClass);
}

function ghostAt(hash: u32): usize {
  return ghosts + ((<usize>(hash & ghostMask)) << 2);
}

function recordGhost(sizeClass: u32, hash: u32): void {
  const clock = classAt(sizeClass) + CLASS_GHOST_CLOCK;
  store<u32>(clock, load<u32>(clock) + 1);
  const ghost = (hash & ~FINGERPRINT_MASK) | (ghostTime(sizeClass) & FINGERPRINT_MASK);
  store<u32>(ghostAt(hash), ghost);
}

/** How many evictions ago the class evicted an item with this hash; removes the ghost. */
function recallGhost(sizeClass: u32, hash: u32): u32 {
  const ghost = load<u32>(ghostAt(hash));
  if (ghost === 0 || ghost >> FINGERPRINT_SHIFT !== hash >> FINGERPRINT_SHIFT) return NO_GHOST;
  store<u32>(ghostAt(hash), 0);
  return ((ghostTime(sizeClass) - ghost) & FINGERPRINT_MASK) * evictionsPerTick(sizeClass);
}

/** The segment that loses the next item, as if the exhausted segments had none. */
function nextSegment(sizeClass: u32, exhausted: u32): u32 {
  const hot = countUnless(sizeClass, SEGMENT_HOT, exhausted);
  const warm = countUnless(sizeClass, SEGMENT_WARM, exhausted);
  if (countUnless(sizeClass, SEGMENT_COLD, exhausted) > 0) return SEGMENT_COLD;
  const hotMax: f64 = warm === 0 ? 0 : <f64>(hot + warm) * smallQueueShare;
  if (<f64>hot > hotMax) return SEGMENT_HOT;
  if (warm > 0) return SEGMENT_WARM;
  return countUnless(sizeClass, SEGMENT_TEMP, exhausted) > 0 ? SEGMENT_TEMP : NO_SEGMENT;
}

function countUnless(sizeClass: u32, segment: u32, exhausted: u32): u32 {
  return (exhausted & (1 << segment)) !== 0 ? 0 : countOf(sizeClass, segment);
}

function candidateOf(sizeClass: u32, segment: u32): u32 {
  return segment === NO_SEGMENT ? 0 : tailOf(sizeClass, segment);
}

/**
 * The chunk of an evicted item, or 0 if no candidate is simple. It only tries the stripe of a
 * candidate. `held` is the stripe that the caller holds.
 */
export function evict(sizeClass: u32, held: usize): u32 {
  let secondChances = SECOND_CHANCES_MAX;
  let exhausted: u32 = 0;
  let segment = nextSegment(sizeClass, exhausted);
  let id = candidateOf(sizeClass, segment);
  for (let checked = 0; checked < CANDIDATES_MAX && id !== 0; checked++) {
    const candidate = id;
    const item = itemAt(candidate);
    // Only the JavaScript takes a chained item apart.
    if ((metaOf(item) & FLAG_CHUNKED) !== 0) return 0;
    id = load<u32>(item, ITEM_LRU_PREV);
    const action: u32 = secondChances > 0 ? actionFor(segment, item) : ACTION_EVICT;
    if (action === ACTION_EVICT) {
      if (evictIfIdle(sizeClass, candidate, item, held)) return candidate;
      addToTotal(sizeClass, TOTAL_LRUTAIL_REFLOCKED, 1);
    } else {
      secondChances--;
      apply(sizeClass, candidate, item, action);
      exhausted = 0;
      segment = nextSegment(sizeClass, exhausted);
      id = candidateOf(sizeClass, segment);
    }
    if (id === 0) {
      exhausted |= 1 << segment;
      segment = nextSegment(sizeClass, exhausted);
      id = candidateOf(sizeClass, segment);
    }
  }
  return 0;
}

function actionFor(segment: u32, item: usize): u32 {
  if (isDead(item, metaOf(item))) return ACTION_EVICT;
  const hits = load<u32>(item, ITEM_ACCESS) >> ITEM_HITS_SHIFT;
  return (actions >> (ACTION_BITS * ((HITS_MAX + 1) * segment + hits))) & 3;
}

function setHits(item: usize, hits: u32): void {
  const access = load<u32>(item, ITEM_ACCESS) & ITEM_ACCESS_MASK;
  store<u32>(item, access | (hits << ITEM_HITS_SHIFT), ITEM_ACCESS);
}

function apply(sizeClass: u32, id: u32, item: usize, action: u32): void {
  const segment = segmentOf(item);
  if (action === ACTION_REINSERT) {
    setHits(item, (load<u32>(item, ITEM_ACCESS) >> ITEM_HITS_SHIFT) - 1);
    moveToHead(sizeClass, id, item, segment);
    addToTotal(sizeClass, TOTAL_MOVES_WITHIN_LRU, 1);
  } else if (action === ACTION_PROMOTE) {
    setHits(item, hitsAfterPromotion);
    moveToHead(sizeClass, id, item, SEGMENT_WARM);
    const slot = segment === SEGMENT_WARM ? TOTAL_MOVES_WITHIN_LRU : TOTAL_MOVES_TO_WARM;
    addToTotal(sizeClass, slot, 1);
  }
}

function evictIfIdle(sizeClass: u32, id: u32, item: usize, held: usize): bool {
  const hash = hashOfItem(item);
  const stripe = stripeOf(hash);
  if (stripe !== held && !tryLock(stripe)) return false;
  const meta = metaOf(item);
  if (isDead(item, meta)) {
    addToTotal(sizeClass, TOTAL_RECLAIMED, 1);
    if ((meta & FLAG_FETCHED) === 0) addToTotal(sizeClass, TOTAL_EXPIRED_UNFETCHED, 1);
  } else {
    countEvicted(sizeClass, item, meta);
    recordGhost(sizeClass, hash);
  }
  remove(hash, id);
  store<u32>(item, metaOf(item) & ~FLAG_LINKED, ITEM_META);
  removeItem(sizeClass, item);
  if (stripe !== held) unlock(stripe);
  addToTotal(sizeClass, TOTAL_DIRECT_RECLAIMS, 1);
  return true;
}

function countEvicted(sizeClass: u32, item: usize, meta: u32): void {
  const access = load<u32>(item, ITEM_ACCESS);
  addToTotal(sizeClass, TOTAL_EVICTED, 1);
  if (load<u32>(item, ITEM_EXPIRY) !== 0) addToTotal(sizeClass, TOTAL_EVICTED_NONZERO, 1);
  if ((meta & FLAG_FETCHED) === 0) addToTotal(sizeClass, TOTAL_EVICTED_UNFETCHED, 1);
  if (access >> ITEM_HITS_SHIFT > 1) addToTotal(sizeClass, TOTAL_EVICTED_ACTIVE, 1);
  const idleSeconds = <i32>now() - <i32>(access & ITEM_ACCESS_MASK);
  setTotal(sizeClass, TOTAL_EVICTED_TIME, <f64>idleSeconds);
}
