/** Takes the marks from items, once the other holders have their changes. */
import {
  CHANGE_BYTES,
  CHANGED_KEYS_AT,
  CHANGES_AT,
  FLAG_COPY,
  ITEM_BUCKET_NEXT,
  ITEM_META,
  KEY_SLOT_MASK,
  RESULT_TOUCHED,
} from './constants';
import { hashOf } from './hash';
import { find, firstOfBucket } from './lookup';
import { itemAt, metaOf, openChanges, region, stripeOf, touchLines, touchPlace } from './store';
import { tryLock, unlock } from './try-locks';

/** Of a note: the hash of its key, where the key ends, and an item of its bucket. */
const HASH: usize = 0;
const KEY_END: usize = 4;
const ITEM: usize = 8;

function noteAt(nth: i32): usize {
  return region + CHANGES_AT + <usize>(nth * CHANGE_BYTES);
}

function keyStart(nth: i32): u32 {
  return nth === 0 ? 0 : load<u32>(noteAt(nth - 1), KEY_END);
}

function keyBytes(nth: i32): u32 {
  return load<u32>(noteAt(nth), KEY_END) - keyStart(nth);
}

/**
 * Takes the marks of the keys `first … count - 1` in the region, unless holders may lack a change
 * of their slot. Returns the first key whose lock is busy, or `count`.
 */
export function settle(first: i32, count: i32): i32 {
  for (let nth = first; nth < count; nth++) {
    const hash = hashOf(region + CHANGED_KEYS_AT + keyStart(nth), keyBytes(nth));
    store<u32>(noteAt(nth), hash, HASH);
    store<u32>(noteAt(nth), firstOfBucket(hash), ITEM);
  }
  store<u32>(region, touchItems(first, count) + touchItems(first, count), RESULT_TOUCHED);
  for (let nth = first; nth < count; nth++) {
    if (!settleKey(nth)) return nth;
  }
  return count;
}

/** As in `lookAhead`: reads an item of each bucket, and goes on to the next one. */
function touchItems(first: i32, count: i32): u32 {
  let touched: u32 = 0;
  for (let nth = first; nth < count; nth++) {
    const id = load<u32>(noteAt(nth), ITEM);
    if (id === 0) continue;
    const item = touchPlace(id);
    touched += touchLines(item);
    store<u32>(noteAt(nth), load<u32>(item, ITEM_BUCKET_NEXT), ITEM);
  }
  return touched;
}

function settleKey(nth: i32): bool {
  const hash = load<u32>(noteAt(nth), HASH);
  const stripe = stripeOf(hash);
  if (!tryLock(stripe)) return false;
  // A change that begins now is made after this, and marks the item again.
  if (atomic.load<i32>(openChanges + ((<usize>(hash & KEY_SLOT_MASK)) << 2)) === 0) {
    const id = find(hash, region + CHANGED_KEYS_AT + keyStart(nth), keyBytes(nth));
    if (id !== 0) store<u32>(itemAt(id), metaOf(itemAt(id)) & ~FLAG_COPY, ITEM_META);
  }
  unlock(stripe);
  return true;
}
