/** The index. The caller holds the stripe, except for `firstOfBucket` and `growIndex`. */
import { equal } from './bytes';
import {
  BUCKET_ITEMS_MAX,
  CONTROL_BUCKETS,
  CONTROL_GROW_LOCK,
  CONTROL_ITEM_COUNT,
  FLAG_FETCHED,
  HITS_MAX,
  INDEX_LOAD_MAX,
  ITEM_ACCESS,
  ITEM_BUCKET_NEXT,
  ITEM_HITS_SHIFT,
  ITEM_META,
} from './constants';
import { hashOf } from './hash';
import { buckets, bucketsMax, control, itemAt, keyAt, keyBytesOf, metaOf, stripeOf } from './store';
import { tryLock, unlock } from './try-locks';

/** The items that the last `find` walked over. */
let walked: i32 = 0;

/** Whether the JavaScript answers all requests for keys without an item: in most clusters. */
export let stopsAtMiss: bool = false;

export function setStopsAtMiss(stops: bool): void {
  stopsAtMiss = stops;
}

/** A plain read of the count suffices: a split that moves this hash holds its stripe. */
function bucketAt(hash: u32): usize {
  const bucketCount = load<u32>(control, CONTROL_BUCKETS);
  const half: u32 = (<u32>1) << (31 - clz(bucketCount));
  let bucket = hash & (half * 2 - 1);
  if (bucket >= bucketCount) bucket &= half - 1;
  return buckets + ((<usize>bucket) << 2);
}

/** The first item of the bucket of a hash, for a look ahead. */
export function firstOfBucket(hash: u32): u32 {
  return load<u32>(bucketAt(hash));
}

/** The item of a key, or 0. */
export function find(hash: u32, key: usize, length: u32): u32 {
  let id = load<u32>(bucketAt(hash));
  walked = 0;
  while (id !== 0) {
    const item = itemAt(id);
    const meta = metaOf(item);
    if (keyBytesOf(meta) === length && equal(keyAt(item, meta), key, length)) return id;
    id = load<u32>(item, ITEM_BUCKET_NEXT);
    walked++;
  }
  return 0;
}

/** Whether the bucket that the last `find` missed in has room. */
export function bucketHasRoom(): bool {
  return walked < BUCKET_ITEMS_MAX;
}

export function insert(hash: u32, id: u32): void {
  const bucket = bucketAt(hash);
  store<u32>(itemAt(id), load<u32>(bucket), ITEM_BUCKET_NEXT);
  store<u32>(bucket, id);
  atomic.add<i32>(control, 1, CONTROL_ITEM_COUNT);
}

/** Replaces `old` by `fresh`, an item of the same key. */
export function replace(hash: u32, old: u32, fresh: u32): void {
  store<u32>(itemAt(fresh), load<u32>(itemAt(old), ITEM_BUCKET_NEXT), ITEM_BUCKET_NEXT);
  store<u32>(linkTo(hash, old), fresh);
}

/** The word that points to an item. */
function linkTo(hash: u32, id: u32): usize {
  let link = bucketAt(hash);
  while (load<u32>(link) !== id) link = itemAt(load<u32>(link)) + ITEM_BUCKET_NEXT;
  return link;
}

export function remove(hash: u32, id: u32): void {
  const next = load<u32>(itemAt(id), ITEM_BUCKET_NEXT);
  store<u32>(linkTo(hash, id), next);
  atomic.sub<i32>(control, 1, CONTROL_ITEM_COUNT);
}

/** The hash of the key of an item. */
export function hashOfItem(item: usize): u32 {
  const meta = metaOf(item);
  return hashOf(keyAt(item, meta), keyBytesOf(meta));
}

/** Marks an item as read. For one that is read all the time it writes nothing. */
export function noteHit(item: usize, meta: u32, now: u32): void {
  if ((meta & FLAG_FETCHED) === 0) store<u32>(item, meta | FLAG_FETCHED, ITEM_META);
  const access = load<u32>(item, ITEM_ACCESS);
  const hits = access >> ITEM_HITS_SHIFT;
  const noted = (min<u32>(hits + 1, HITS_MAX) << ITEM_HITS_SHIFT) | now;
  if (access !== noted) store<u32>(item, noted, ITEM_ACCESS);
}

/**
 * Splits one bucket when the index is full, unless a lock is busy. The caller holds no lock.
 */
export function growIndex(): void {
  const bucketCount = load<u32>(control, CONTROL_BUCKETS);
  const items = load<u32>(control, CONTROL_ITEM_COUNT);
  if (<f64>items <= <f64>bucketCount * INDEX_LOAD_MAX || bucketCount === bucketsMax) return;
  if (!tryLock(control + CONTROL_GROW_LOCK)) return;
  splitNext();
  unlock(control + CONTROL_GROW_LOCK);
}

function splitNext(): void {
  const bucketCount = load<u32>(control, CONTROL_BUCKETS);
  if (bucketCount === bucketsMax) return;
  const half: u32 = (<u32>1) << (31 - clz(bucketCount));
  const lower = bucketCount - half;
  const stripe = stripeOf(lower);
  if (!tryLock(stripe)) return;
  const from = buckets + ((<usize>lower) << 2);
  let stay: u32 = 0;
  let move: u32 = 0;
  let id = load<u32>(from);
  while (id !== 0) {
    const item = itemAt(id);
    const next = load<u32>(item, ITEM_BUCKET_NEXT);
    const moves = (hashOfItem(item) & half) !== 0;
    store<u32>(item, moves ? move : stay, ITEM_BUCKET_NEXT);
    if (moves) move = id;
    else stay = id;
    id = next;
  }
  store<u32>(from, stay);
  store<u32>(buckets + ((<usize>bucketCount) << 2), move);
  atomic.store<u32>(control, bucketCount + 1, CONTROL_BUCKETS);
  unlock(stripe);
}
