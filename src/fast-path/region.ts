/**
 * The region of a thread in the memory of the store, as the fast path uses it. Offsets are in bytes
 * from its start; after the first 128 KiB come the read buffer and the output buffers.
 *
 *   0         256     1 KiB          4 KiB              41.5 KiB       48 KiB         64 KiB
 *   ├ results ┼ setup ┼ class tables ┼ decoded requests ┼ reply ends ┼ staged input ┼ …
 *
 *   64 KiB    72 KiB            88 KiB                128 KiB
 *   ┼ changes ┼ keys of changes ┼ states after changes ┼ read buffer …
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
  /**
   * The changes of a run in a cluster: for each the hash of its key, and where its key and its
   * state end, 32 bits each. Between the runs, the keys whose marks are taken, and the states that
   * another node has sent, are there.
   */
  CHANGES_AT: 65_536,
  CHANGE_BYTES: 12,
  CHANGES_MAX: 680,
  CHANGED_KEYS_AT: 73_728,
  CHANGED_KEYS_BYTES: 16_384,
  CHANGED_STATES_AT: 90_112,
  CHANGED_STATES_BYTES: 40_960,
  /** A get with more keys has several turns: the JavaScript answers it. */
  KEYS_MAX: 500,
  /**
   * A thread that serves no clients walks over the store, and has there instead: the blocks of a
   * key that is hashed, the first arc for each 1024th of the ring, 16 bits each, the last point of
   * each arc, what becomes of its items, 8 bits each, for each set of receivers where its states
   * begin and end, where they have no room and how many they are, 32 bits each, and the states.
   */
  WALK_BLOCKS_AT: 4096,
  WALK_PARTS_AT: 4608,
  WALK_PARTS: 1024,
  WALK_LASTS_AT: 6656,
  WALK_ARCS_MAX: 6144,
  WALK_ACTIONS_AT: 31_232,
  WALK_SETS_AT: 37_376,
  WALK_SET_BYTES: 16,
  WALK_SETS_BYTES: 256,
  WALK_SAVED_AT: 37_632,
  /** The states of a set leave together: a receiver takes so many in a fraction of a ms. */
  WALK_STATES_MAX: 64,
  WALK_STATES_AT: 40_960,
  WALK_STATES_BYTES: 90_112,
} as const;
assert(
  REGION.ENTRIES_AT + REGION.ENTRIES_MAX * REGION.ENTRY_BYTES <= REGION.REPLY_ENDS_AT,
  'the decoded requests end before the ends of replies',
);
assert(
  REGION.REPLY_ENDS_AT + REGION.REPLIES_MAX * 4 <= REGION.STAGE_AT,
  'the ends of replies end before the staged input',
);
assert(
  REGION.CHANGES_AT + REGION.CHANGES_MAX * REGION.CHANGE_BYTES <= REGION.CHANGED_KEYS_AT,
  'the changes end before their keys',
);
assert(
  REGION.WALK_ACTIONS_AT === REGION.WALK_LASTS_AT + REGION.WALK_ARCS_MAX * 4 &&
    REGION.WALK_SETS_AT === REGION.WALK_ACTIONS_AT + REGION.WALK_ARCS_MAX,
  'the arcs end before the sets of receivers',
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
  /** The changes of the last runs, and the bytes of their keys and states. */
  CHANGES: 5,
  CHANGED_KEYS: 6,
  CHANGED_STATES: 7,
  /** How many states the last call has taken. */
  TAKEN: 8,
  /** Whether the last walk ended for want of room. */
  WALK_FULL: 9,
  WORDS: 10,
} as const;

/**
 * What becomes of an item, by the arc of its key: nothing; it is dropped; it gets FLAG.copy, or
 * loses it; its state is put among those for a set of receivers, `collect` being the first set.
 */
export const WALK_ACTION = { keep: 0, drop: 1, markCopy: 2, markOwn: 3, collect: 4 } as const;

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
  openChanges: 17,
  copySlots: 18,
} as const;
