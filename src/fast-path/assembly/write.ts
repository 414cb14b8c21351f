/**
 * Stores and removes items. Each function returns false, and changes no item of a key, at what the
 * JavaScript must do. An eviction that gives up may have given second chances.
 */
import { copy } from './bytes';
import { changeFlag, hasChangeRoom, noteChange, notesChanges } from './changes';
import {
  CLASS_COUNT_CMD_SET,
  CLASS_COUNT_TOTAL_ITEMS,
  CLASS_LOCK,
  CLASS_SOONEST_EXPIRY,
  CONTROL_EPOCH,
  CONTROL_FIRST_PAGES_OVER_LIMIT,
  CONTROL_MEMORY_PAGES,
  CONTROL_PAGES_USED,
  CONTROL_SEQ_HIGH_EVEN,
  CONTROL_SEQ_HIGH_ODD,
  CONTROL_SEQ_LOW,
  FLAG_CHUNKED,
  FLAG_CLIENT_FLAGS,
  FLAG_COPY,
  FLAG_LINKED,
  HITS_MAX,
  IN_THE_PAST,
  ITEM_ACCESS,
  ITEM_ACCESS_MASK,
  ITEM_BUCKET_NEXT,
  ITEM_EXPIRY,
  ITEM_HEADER_BYTES,
  ITEM_HITS_SHIFT,
  ITEM_KEY_SHIFT,
  ITEM_LRU_NEXT,
  ITEM_LRU_PREV,
  ITEM_META,
  ITEM_SEQ_HIGH_MASK,
  ITEM_SEQ_HIGH_SHIFT,
  ITEM_SEQ_LOW,
  ITEM_SIZE,
  ITEM_SIZE_MASK,
  OLD_VALUE_FLAGS,
  PLACE_FLAGS,
  RELATIVE_SECONDS_MAX,
  TOTAL_MEM_REQUESTED,
  TUNABLE_EVICTS_TO_FREE,
  TUNABLE_TRACK_SIZES,
} from './constants';
import {
  evict,
  overwriteCountsAsHit,
  segmentAfterOverwrite,
  segmentForNew,
  takePolicy,
} from './evict';
import { addItem, freeChunk, moveToHead, removeItem, takeChunk } from './lists';
import { bucketHasRoom, find, growIndex, insert, remove, replace, stopsAtMiss } from './lookup';
import {
  clientFlags,
  exptime,
  keyBytes,
  keyHash,
  keyOf,
  sizeClass,
  valueAt,
  valueBytes,
} from './requests';
import {
  addToTotal,
  classAt,
  classOf,
  control,
  countInClass,
  isDead,
  itemAt,
  keyAt,
  metaOf,
  now,
  segmentOf,
  setSegment,
  showsCas,
  stripeOf,
  tunable,
  valueBytesOf,
} from './store';
import { spinLock, tryLock, unlock } from './try-locks';

/** The sequence number that was drawn last, and the item that has it. */
let seq: u64 = 0;
let stored: usize = 0;

/** The second at which an item with that exptime expires; 0 is never. */
export function expiryOf(exptime: u32): u32 {
  if (exptime === 0) return 0;
  if (exptime <= <u32>RELATIVE_SECONDS_MAX) return now() + exptime;
  return <u32>max<i64>(IN_THE_PAST, <i64>exptime - <i64>load<i32>(control, CONTROL_EPOCH));
}

/** Lowers the earliest expiry in the pages of a class. */
export function noteExpiry(sizeClass: u32, expiry: u32): void {
  if (expiry === 0) return;
  const at = classAt(sizeClass) + CLASS_SOONEST_EXPIRY;
  const soonest = load<u32>(at);
  if (soonest === 0 || expiry < soonest) store<u32>(at, expiry);
}

/** The CAS id that clients see of the last stored item. */
export function storedCas(): u64 {
  return showsCas === 0 ? 0 : seq;
}

/** Draws the next sequence number, as store/items/store-clock.ts explains. */
export function drawSeq(): u64 {
  const low = <u32>atomic.add<i32>(control, 1, CONTROL_SEQ_LOW) + 1;
  if (low === 0x8000_0000) atomic.add<i32>(control, 1, CONTROL_SEQ_HIGH_EVEN);
  if (low === 0) atomic.add<i32>(control, 1, CONTROL_SEQ_HIGH_ODD);
  const isOdd = low >= 0x8000_0000;
  const high = isOdd
    ? load<u32>(control, CONTROL_SEQ_HIGH_ODD)
    : load<u32>(control, CONTROL_SEQ_HIGH_EVEN);
  seq = ((<u64>high) << 32) | <u64>low;
  return seq;
}

/** Stores the value of an entry under its key. */
export function set(entry: usize): bool {
  if (tunable(TUNABLE_TRACK_SIZES) !== 0) return false;
  const expiry = expiryOf(exptime(entry));
  if (expiry !== 0 && expiry <= now()) return false;
  if (notesChanges && !hasChangeRoom(entry)) return false;
  const hash = keyHash(entry);
  const stripe = stripeOf(hash);
  if (!tryLock(stripe)) return false;
  takePolicy();
  const id = find(hash, keyOf(entry), keyBytes(entry));
  const isStored = storeOpened(entry, id, stripe, expiry);
  if (isStored && notesChanges) noteChange(entry, stored, seq);
  unlock(stripe);
  if (!isStored) return false;
  if (id === 0) growIndex();
  countInClass(sizeClass(entry), CLASS_COUNT_CMD_SET);
  return true;
}

/** `old` is the item of the key, or 0. */
function storeOpened(entry: usize, old: u32, stripe: usize, expiry: u32): bool {
  if (old === 0) return !stopsAtMiss && bucketHasRoom() && storeNew(entry, 0, stripe, expiry);
  const item = itemAt(old);
  const meta = metaOf(item);
  if ((meta & (FLAG_CHUNKED | FLAG_COPY)) !== 0 || isDead(item, meta)) return false;
  if (classOf(old) !== sizeClass(entry)) return replaceInClass(entry, old, stripe, expiry);
  const placeFlags: u32 = clientFlags(entry) === 0 ? 0 : FLAG_CLIENT_FLAGS;
  return (meta & PLACE_FLAGS) === placeFlags && overwrite(entry, old, expiry);
}

/** Overwrites a value in its chunk. */
export function overwrite(entry: usize, id: u32, expiry: u32): bool {
  const item = itemAt(id);
  const meta = metaOf(item);
  const itemClass = sizeClass(entry);
  const ttl: i32 = expiry === 0 ? 0 : <i32>(expiry - now());
  const segment = segmentOf(item);
  const next = segmentAfterOverwrite(segment, ttl);
  const keepsPlace = overwriteCountsAsHit && next === segment;
  if (keepsPlace && valueBytesOf(item) === valueBytes(entry)) {
    overwriteHeader(entry, item, meta, expiry);
  } else {
    const lock = classAt(itemClass) + CLASS_LOCK;
    if (!spinLock(lock)) return false;
    resize(entry, item, itemClass);
    overwriteHeader(entry, item, meta, expiry);
    if (!keepsPlace) moveToHead(itemClass, id, item, next);
    unlock(lock);
  }
  copy(keyAt(item, meta) + keyBytes(entry), valueAt(entry), valueBytes(entry));
  countInClass(itemClass, CLASS_COUNT_TOTAL_ITEMS);
  noteExpiry(itemClass, expiry);
  return true;
}

/** Replaces an item of another class. The thread only tries the second class lock. */
function replaceInClass(entry: usize, old: u32, stripe: usize, expiry: u32): bool {
  const oldClass = classOf(old);
  const lock = classAt(oldClass) + CLASS_LOCK;
  if (!spinLock(lock)) return false;
  const isStored = storeNew(entry, old, stripe, expiry);
  if (isStored) {
    const item = itemAt(old);
    store<u32>(item, metaOf(item) & ~FLAG_LINKED, ITEM_META);
    removeItem(oldClass, item);
    freeChunk(oldClass, old);
  }
  unlock(lock);
  return isStored;
}

/** The word also has the segment, which belongs to the holder of the class lock. */
function resize(entry: usize, item: usize, itemClass: u32): void {
  const bytes = valueBytes(entry);
  addToTotal(itemClass, TOTAL_MEM_REQUESTED, <f64>bytes - <f64>valueBytesOf(item));
  store<u32>(item, (load<u32>(item, ITEM_SIZE) & ~ITEM_SIZE_MASK) | bytes, ITEM_SIZE);
}

function overwriteHeader(entry: usize, item: usize, meta: u32, expiry: u32): void {
  store<u32>(item, expiry, ITEM_EXPIRY);
  const flags = clientFlags(entry);
  if (flags !== 0) store<u32>(item, flags, ITEM_HEADER_BYTES);
  assignSeq(item, meta & ~OLD_VALUE_FLAGS);
  const hits = load<u32>(item, ITEM_ACCESS) >> ITEM_HITS_SHIFT;
  const noted = overwriteCountsAsHit ? min<u32>(HITS_MAX, hits + 1) : hits;
  store<u32>(item, now() | (noted << ITEM_HITS_SHIFT), ITEM_ACCESS);
}

/** Writes the META of an item with the next sequence number. */
function assignSeq(item: usize, meta: u32): void {
  drawSeq();
  const high = (<u32>(seq >> 32)) << ITEM_SEQ_HIGH_SHIFT;
  store<u32>(item, <u32>seq, ITEM_SEQ_LOW);
  store<u32>(item, (meta & ~SEQ_HIGH_BITS) | high | changeFlag, ITEM_META);
  stored = item;
}

const SEQ_HIGH_BITS: u32 = ITEM_SEQ_HIGH_MASK << ITEM_SEQ_HIGH_SHIFT;

/**
 * Stores a new item in a free chunk, or in that of an evicted item. `old` is the item of the key in
 * another class, which it replaces in the index, or 0.
 */
function storeNew(entry: usize, old: u32, stripe: usize, expiry: u32): bool {
  const itemClass = sizeClass(entry);
  const lock = classAt(itemClass) + CLASS_LOCK;
  if (!spinLock(lock)) return false;
  const id = allocate(itemClass, stripe);
  if (id !== 0) link(entry, old, id, expiry);
  unlock(lock);
  return id !== 0;
}

/** Makes a chunk the item of the key. */
function link(entry: usize, old: u32, id: u32, expiry: u32): void {
  const hash = keyHash(entry);
  const itemClass = sizeClass(entry);
  const item = itemAt(id);
  format(entry, item, expiry);
  if (old === 0) {
    insert(hash, id);
  } else {
    const hits = load<u32>(itemAt(old), ITEM_ACCESS) & ~ITEM_ACCESS_MASK;
    store<u32>(item, now() | hits, ITEM_ACCESS);
    replace(hash, old, id);
  }
  const ttl: i32 = expiry === 0 ? 0 : <i32>(expiry - now());
  setSegment(item, segmentForNew(itemClass, hash, ttl));
  addItem(itemClass, id, item);
  noteExpiry(itemClass, expiry);
}

/** A chunk, unless the class may take a page of the pool. */
function allocate(itemClass: u32, stripe: usize): u32 {
  const chunk = takeChunk(itemClass);
  if (chunk !== 0) return chunk;
  const pagesMax =
    load<i32>(control, CONTROL_MEMORY_PAGES) + load<i32>(control, CONTROL_FIRST_PAGES_OVER_LIMIT);
  if (load<i32>(control, CONTROL_PAGES_USED) < pagesMax) return 0;
  return tunable(TUNABLE_EVICTS_TO_FREE) === 0 ? 0 : evict(itemClass, stripe);
}

/** Writes the header, the key and the value of a new item. */
function format(entry: usize, item: usize, expiry: u32): void {
  const flags = clientFlags(entry);
  const bytes = keyBytes(entry);
  store<u32>(item, 0, ITEM_BUCKET_NEXT);
  store<u32>(item, 0, ITEM_LRU_PREV);
  store<u32>(item, 0, ITEM_LRU_NEXT);
  store<u32>(item, expiry, ITEM_EXPIRY);
  store<u32>(item, now(), ITEM_ACCESS);
  store<u32>(item, valueBytes(entry), ITEM_SIZE);
  if (flags !== 0) store<u32>(item, flags, ITEM_HEADER_BYTES);
  const placeFlags: u32 = flags === 0 ? 0 : FLAG_CLIENT_FLAGS;
  const meta = (bytes << ITEM_KEY_SHIFT) | placeFlags | FLAG_LINKED;
  const key = keyAt(item, meta);
  copy(key, keyOf(entry), bytes);
  copy(key + bytes, valueAt(entry), valueBytes(entry));
  assignSeq(item, meta);
}

/** Removes a live item that is not chained. The caller holds its stripe. */
export function removeLive(hash: u32, id: u32, item: usize): bool {
  if (tunable(TUNABLE_TRACK_SIZES) !== 0) return false;
  const itemClass = classOf(id);
  const lock = classAt(itemClass) + CLASS_LOCK;
  if (!spinLock(lock)) return false;
  remove(hash, id);
  store<u32>(item, metaOf(item) & ~FLAG_LINKED, ITEM_META);
  removeItem(itemClass, item);
  freeChunk(itemClass, id);
  unlock(lock);
  return true;
}
