import { ITEM_BUCKET_NEXT, RESULT_TOUCHED } from './constants';
import { firstOfBucket } from './lookup';
import {
  BINARY_NOOP,
  entryAt,
  keyHash,
  kindOf,
  META_NOOP,
  nextItem,
  setNextItem,
} from './requests';
import { region, touchLines, touchPlace } from './store';

/**
 * Reads the buckets of the next keys, then the first items of these buckets, then the second ones.
 * The reads of one kind do not depend on each other, so the processor waits for all of them at the
 * same time.
 */
export function lookAhead(from: i32, to: i32): void {
  for (let nth = from; nth < to; nth++) {
    const entry = entryAt(nth);
    const hasKey = kindOf(entry) !== META_NOOP && kindOf(entry) !== BINARY_NOOP;
    setNextItem(entry, hasKey ? firstOfBucket(keyHash(entry)) : 0);
  }
  // Without a use a compiler would remove the reads.
  store<u32>(region, touchItems(from, to) + touchItems(from, to), RESULT_TOUCHED);
}

/** Reads an item of the bucket of each entry, and goes on to the next one. */
function touchItems(from: i32, to: i32): u32 {
  let touched: u32 = 0;
  for (let nth = from; nth < to; nth++) {
    const entry = entryAt(nth);
    const id = nextItem(entry);
    if (id === 0) continue;
    const item = touchPlace(id);
    touched += touchLines(item);
    setNextItem(entry, load<u32>(item, ITEM_BUCKET_NEXT));
  }
  return touched;
}
