/**
 * The region of a thread in the memory of the store, as the fast path uses it. Offsets are in bytes
 * from its start; after the first 64 KiB come the read buffer and the output buffers.
 *
 *   0         256     1 KiB          4 KiB              41.5 KiB       48 KiB         64 KiB
 *   ├ results ┼ setup ┼ class tables ┼ decoded requests ┼ reply ends ┼ staged input ┼ read buffer …
 */
import { assert } from '../base/index.ts';

export const REGION = {
  SETUP_AT: 256,
  /** The chunk bytes of each size class, 32 bits each. */
  CHUNK_BYTES_AT: 1024,
  /** How many evictions one tick of a class's ghost clock lasts, 32 bits each. */
  EVICTIONS_PER_TICK_AT: 1280,
  /** The size class by 8 bytes of the item, 8 bits each. */
  CLASS_TABLE_AT: 1536,
  ENTRIES_AT: 4096,
  ENTRY_BYTES: 64,
  /** A batch of requests and the keys of one get after it. */
  ENTRIES_MAX: 600,
  /** Where the replies of a run end that notes them, 32 bits each. */
  REPLY_ENDS_AT: 42_496,
  REPLIES_MAX: 256,
  /** Input that comes in another buffer is copied here. */
  STAGE_AT: 49_152,
  STAGE_BYTES: 8192,
  /** A get with more keys has several turns: the JavaScript answers it. */
  KEYS_MAX: 500,
} as const;
assert(
  REGION.ENTRIES_AT + REGION.ENTRIES_MAX * REGION.ENTRY_BYTES <= REGION.REPLY_ENDS_AT,
  'the decoded requests end before the ends of replies',
);
assert(
  REGION.REPLY_ENDS_AT + REGION.REPLIES_MAX * 4 <= REGION.STAGE_AT,
  'the ends of replies end before the staged input',
);

/** Where a run leaves its results, in words of 32 bits. */
export const RESULT = {
  /** Where the next byte of output goes. */
  OUT: 0,
  /** What is left of the turn. */
  LEFT: 1,
  /** The number of the key at which a get stopped; 0 if none did. */
  KEY: 2,
  /** The sum of what the last look-ahead has read. */
  TOUCHED: 3,
  /** How many ends of replies the last run has noted. */
  REPLIES: 4,
  WORDS: 5,
} as const;

/** What `configure` reads, by slot; a slot is a 64-bit float. */
export const SETUP = {
  control: 0,
  stripes: 1,
  classes: 2,
  totals: 3,
  counters: 4,
  tunables: 5,
  pageClass: 6,
  ghosts: 7,
  ghostMask: 8,
  buckets: 9,
  bucketsMax: 10,
  slabs: 11,
  end: 12,
  keyLow: 13,
  keyHigh: 14,
  itemBytesMax: 15,
  showsCas: 16,
} as const;
