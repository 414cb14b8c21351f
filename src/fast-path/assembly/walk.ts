/**
 * Walks over the groups of buckets of the store, as store/key-walk.ts does: it drops items, marks
 * them, or puts their states into the region, each by the arc of the ring that its key is on. It
 * stops in front of a group that is not simple, and then has put none of its states.
 */
import { copy } from './bytes';
import {
  CONTROL_BUCKETS,
  CONTROL_EPOCH,
  FLAG_CHUNKED,
  FLAG_COPY,
  FLAG_FETCHED,
  FLAG_KEY_BINARY,
  FLAG_OWN_CAS,
  FLAG_STALE,
  FLAG_TOKEN_SENT,
  ITEM_ACCESS,
  ITEM_ACCESS_MASK,
  ITEM_BUCKET_NEXT,
  ITEM_EXPIRY,
  ITEM_HITS_SHIFT,
  ITEM_META,
  ITEM_SEQ_HIGH_MASK,
  ITEM_SEQ_HIGH_SHIFT,
  ITEM_SEQ_LOW,
  KEY_SLOT_MASK,
  RESULT_TOUCHED,
  RESULT_WALK_FULL,
  SEGMENT_WARM,
  STATE_BIT_BINARY,
  STATE_BIT_EXISTS,
  STATE_BIT_FETCHED,
  STATE_BIT_KEPT,
  STATE_BIT_LEASED,
  STATE_BIT_OWN_CAS,
  STATE_BIT_STALE,
  STATE_CAS,
  STATE_CLIENT_FLAGS,
  STATE_EXPIRY,
  STATE_HEAD_BYTES,
  STATE_HITS,
  STATE_IDLE,
  STATE_KEY_LENGTH,
  STATE_OWN_CAS,
  STATE_READ,
  STATE_VALUE_LENGTH,
  STATE_ZERO,
  WALK_ACTION_COLLECT,
  WALK_ACTION_DROP,
  WALK_ACTION_KEEP,
  WALK_ACTION_MARK_COPY,
  WALK_ACTIONS_AT,
  WALK_LASTS_AT,
  WALK_PARTS,
  WALK_PARTS_AT,
  WALK_SAVED_AT,
  WALK_SET_BYTES,
  WALK_SETS_AT,
  WALK_SETS_BYTES,
  WALK_STATES_MAX,
} from './constants';
import { hashOfItem } from './lookup';
import { pointOf } from './md5';
import {
  buckets,
  clientFlagsOf,
  control,
  isDead,
  itemAt,
  keyAt,
  keyBytesOf,
  metaOf,
  now,
  openChanges,
  ownCasOf,
  region,
  segmentOf,
  stripeOf,
  touchLines,
  touchPlace,
  valueBytesOf,
} from './store';
import { tryLock, unlock } from './try-locks';
import { drawSeq, removeLive } from './write';

/** The groups whose items are read into the cache of the processor together. */
const WINDOW = 32;
/** The lines of a table: which part of the ring a point is in. */
const PART_SHIFT: u32 = 32 - ctz<u32>(WALK_PARTS);
/** Of a set of receivers: where its states begin and end, where they have no room, their count. */
const SET_END: usize = 4;
const SET_LIMIT: usize = 8;
const SET_COUNT: usize = 12;

/** The seconds of the last access that an item has, to be looked at. */
let from: u32 = 0;
let before: u32 = 0;
let again: u32 = 0;
let isFull: i32 = 0;

/**
 * Walks over the groups `first … last - 1` of so many; of their items it leaves out those whose
 * last access was neither in `accessFrom … accessBefore - 1` nor at `accessAgain` or later.
 * @returns the group that it has stopped in front of, or `last`.
 */
export function walk(
  first: i32,
  last: i32,
  groups: i32,
  accessFrom: u32,
  accessBefore: u32,
  accessAgain: u32,
): i32 {
  from = accessFrom;
  before = accessBefore;
  again = accessAgain;
  isFull = 0;
  let group = first;
  for (; group < last; group++) {
    if ((group - first) % WINDOW === 0) touchGroups(group, min<i32>(group + WINDOW, last));
    if (!visitGroup(group, groups)) break;
  }
  store<i32>(region, isFull, RESULT_WALK_FULL);
  return group;
}

/** Reads the first two items of each group, without a lock, as `lookAhead` does. */
function touchGroups(first: i32, last: i32): void {
  let touched: u32 = 0;
  for (let group = first; group < last; group++) {
    const id = load<u32>(buckets + ((<usize>group) << 2));
    if (id !== 0) touched += touchLines(touchPlace(id));
  }
  for (let group = first; group < last; group++) {
    const id = load<u32>(buckets + ((<usize>group) << 2));
    const next = id === 0 ? 0 : load<u32>(touchPlace(id), ITEM_BUCKET_NEXT);
    if (next !== 0) touched += touchLines(touchPlace(next));
  }
  store<u32>(region, touched, RESULT_TOUCHED);
}

function visitGroup(group: i32, groups: i32): bool {
  const stripe = stripeOf(group);
  if (!tryLock(stripe)) return false;
  copy(region + WALK_SAVED_AT, region + WALK_SETS_AT, WALK_SETS_BYTES);
  const isVisited = visitOpened(group, groups);
  // JavaScript visits the whole group, or the next walk does: none of its states stays.
  if (!isVisited) copy(region + WALK_SETS_AT, region + WALK_SAVED_AT, WALK_SETS_BYTES);
  unlock(stripe);
  return isVisited;
}

function visitOpened(group: i32, groups: i32): bool {
  const bucketCount = load<u32>(control, CONTROL_BUCKETS);
  for (let bucket = <u32>group; bucket < bucketCount; bucket += <u32>groups) {
    let id = load<u32>(buckets + ((<usize>bucket) << 2));
    while (id !== 0) {
      const item = itemAt(id);
      const next = load<u32>(item, ITEM_BUCKET_NEXT);
      if (!visitItem(id, item)) return false;
      id = next;
    }
  }
  return true;
}

function visitItem(id: u32, item: usize): bool {
  const meta = metaOf(item);
  const access = load<u32>(item, ITEM_ACCESS) & ITEM_ACCESS_MASK;
  if (!((access >= from && access < before) || access >= again)) return true;
  if (isDead(item, meta)) return true;
  const action = actionAt(pointOf(keyAt(item, meta), keyBytesOf(meta)));
  if (action >= <u32>WALK_ACTION_COLLECT) return collect(item, meta, action - WALK_ACTION_COLLECT);
  if (action === WALK_ACTION_KEEP) return true;
  if (action === WALK_ACTION_DROP) return drop(id, item, meta);
  if (action === WALK_ACTION_MARK_COPY) markCopy(item, meta);
  else markOwn(item, meta);
  return true;
}

/** What becomes of the items at a point of the ring: its arc ends there or later. */
function actionAt(point: u32): u32 {
  let arc = <u32>load<u16>(region + WALK_PARTS_AT + ((<usize>(point >> PART_SHIFT)) << 1));
  while (load<u32>(region + WALK_LASTS_AT + ((<usize>arc) << 2)) < point) arc++;
  return load<u8>(region + WALK_ACTIONS_AT + <usize>arc);
}

function drop(id: u32, item: usize, meta: u32): bool {
  return (meta & FLAG_CHUNKED) === 0 && removeLive(hashOfItem(item), id, item);
}

function markCopy(item: usize, meta: u32): void {
  if ((meta & FLAG_COPY) === 0) store<u32>(item, meta | FLAG_COPY, ITEM_META);
}

/** An item with a change on its way keeps its mark. */
function markOwn(item: usize, meta: u32): void {
  if ((meta & FLAG_COPY) === 0) return;
  const slot = openChanges + ((<usize>(hashOfItem(item) & KEY_SLOT_MASK)) << 2);
  if (atomic.load<i32>(slot) === 0) store<u32>(item, meta & ~FLAG_COPY, ITEM_META);
}

function collect(item: usize, meta: u32, nth: u32): bool {
  const set = region + WALK_SETS_AT + <usize>(nth * WALK_SET_BYTES);
  const at = load<u32>(set, SET_END);
  const end = at + STATE_HEAD_BYTES + keyBytesOf(meta) + valueBytesOf(item);
  if ((meta & FLAG_CHUNKED) !== 0) return false;
  if (end > load<u32>(set, SET_LIMIT) || load<u32>(set, SET_COUNT) === WALK_STATES_MAX) {
    isFull = 1;
    return false;
  }
  putState(region + at, item, meta);
  store<u32>(set, end, SET_END);
  store<u32>(set, load<u32>(set, SET_COUNT) + 1, SET_COUNT);
  return true;
}

function bit(meta: u32, flag: u32, stateBit: u32): u32 {
  return (meta & flag) === 0 ? 0 : stateBit;
}

/** Puts the state of an item as store/copies/item-copies.ts reads it, with a new read number. */
function putState(at: usize, item: usize, meta: u32): void {
  const hasOwnCas = (meta & FLAG_OWN_CAS) !== 0;
  const access = load<u32>(item, ITEM_ACCESS);
  const used = access & ITEM_ACCESS_MASK;
  const expiry = load<u32>(item, ITEM_EXPIRY);
  const bits =
    bit(meta, FLAG_FETCHED, STATE_BIT_FETCHED) |
    bit(meta, FLAG_STALE, STATE_BIT_STALE) |
    bit(meta, FLAG_TOKEN_SENT, STATE_BIT_LEASED) |
    bit(meta, FLAG_KEY_BINARY, STATE_BIT_BINARY) |
    bit(meta, FLAG_OWN_CAS, STATE_BIT_OWN_CAS) |
    (segmentOf(item) === SEGMENT_WARM ? STATE_BIT_KEPT : 0);
  const cas =
    ((<u64>((meta >> ITEM_SEQ_HIGH_SHIFT) & ITEM_SEQ_HIGH_MASK)) << 32) |
    <u64>load<u32>(item, ITEM_SEQ_LOW);
  const bytes = keyBytesOf(meta);
  store<u8>(at, STATE_BIT_EXISTS | bits);
  store<u8>(at, bytes, STATE_KEY_LENGTH);
  store<u8>(at, access >> ITEM_HITS_SHIFT, STATE_HITS);
  store<u8>(at, 0, STATE_ZERO);
  store<u32>(at, bswap<u32>(clientFlagsOf(item, meta)), STATE_CLIENT_FLAGS);
  const expiryTime = expiry === 0 ? 0 : expiry + load<u32>(control, CONTROL_EPOCH);
  store<u32>(at, bswap<u32>(expiryTime), STATE_EXPIRY);
  store<u32>(at, bswap<u32>(now() > used ? now() - used : 0), STATE_IDLE);
  store<u64>(at, bswap<u64>(cas), STATE_CAS);
  store<u64>(at, bswap<u64>(drawSeq()), STATE_READ);
  store<u64>(at, bswap<u64>(hasOwnCas ? ownCasOf(item, meta) : 0), STATE_OWN_CAS);
  store<u32>(at, bswap<u32>(valueBytesOf(item)), STATE_VALUE_LENGTH);
  copy(at + STATE_HEAD_BYTES, keyAt(item, meta), bytes + valueBytesOf(item));
}
