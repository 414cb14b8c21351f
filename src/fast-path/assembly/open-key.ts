/** The key of a request while it is answered. */
import { copy } from './bytes';
import {
  CLASS_COUNT_HITS_TO_HOT,
  CLASS_COUNT_TOUCH_HITS,
  COUNT_GET_CMDS,
  COUNT_GET_MISSES,
  COUNT_TOUCH_CMDS,
  FLAG_CHUNKED,
  FLAG_COPY,
  ITEM_EXPIRY,
} from './constants';
import { find, stopsAtMiss } from './lookup';
import { out, setOut } from './output';
import { keyBytes, keyHash, keyOf } from './requests';
import {
  classOf,
  count,
  countInClass,
  isDead,
  itemAt,
  keyAt,
  keyBytesOf,
  metaOf,
  segmentOf,
  stripeOf,
  valueBytesOf,
} from './store';
import { tryLock, unlock } from './try-locks';
import { noteExpiry } from './write';

const COUNTER_SHIFT = 3;

/** Of the last `open`. */
export let isMiss: bool = false;
export let item: usize = 0;
export let meta: u32 = 0;
export let id: u32 = 0;

/**
 * Opens the key of an entry and locks its stripe: `item` is a live item of one chunk of which this
 * node is the primary, or `isMiss`. Returns false, with no stripe locked, at anything else.
 */
export function open(entry: usize): bool {
  const stripe = stripeOf(keyHash(entry));
  if (!tryLock(stripe)) return false;
  id = find(keyHash(entry), keyOf(entry), keyBytes(entry));
  isMiss = id === 0;
  if (!isMiss) {
    item = itemAt(id);
    meta = metaOf(item);
    if ((meta & (FLAG_CHUNKED | FLAG_COPY)) === 0 && !isDead(item, meta)) return true;
  } else if (!stopsAtMiss) {
    return true;
  }
  unlock(stripe);
  return false;
}

export function close(entry: usize): void {
  unlock(stripeOf(keyHash(entry)));
}

export function countGetHit(): void {
  count(COUNT_GET_CMDS);
  const slot = CLASS_COUNT_HITS_TO_HOT + ((<i32>segmentOf(item)) << COUNTER_SHIFT);
  countInClass(classOf(id), slot);
}

export function countGetMiss(): void {
  count(COUNT_GET_CMDS);
  count(COUNT_GET_MISSES);
}

export function countTouchHit(): void {
  count(COUNT_TOUCH_CMDS);
  countInClass(classOf(id), CLASS_COUNT_TOUCH_HITS);
}

export function touch(expiry: u32): void {
  store<u32>(item, expiry, ITEM_EXPIRY);
  noteExpiry(classOf(id), expiry);
}

export function putValue(): void {
  const bytes = valueBytesOf(item);
  copy(out, keyAt(item, meta) + keyBytesOf(meta), bytes);
  setOut(out + bytes);
}
