/**
 * The layout and the rules of the store as numbers by name, for the fast path, which works on the
 * same memory in another language. Offsets are in bytes. Every number comes from the declaration
 * that the JavaScript of the store uses.
 */
import { LOCK_WORD, type Numbers, named } from '../../base/index.ts';
import { POLICIES, POLICY, TAIL_ACTION } from '../eviction/eviction-policy.ts';
import { CANDIDATES_MAX, SECOND_CHANCES_MAX } from '../eviction/evictor.ts';
import { FINGERPRINT_MASK, FINGERPRINT_SHIFT } from '../eviction/ghosts.ts';
import { LIST } from '../eviction/lru.ts';
import { BUCKET_ITEMS_MAX } from '../items/index-table.ts';
import { HITS_MAX } from '../items/items.ts';
import { OLD_VALUE_FLAGS, PLACE_FLAGS } from '../items/overwriter.ts';
import { MEMCACHED_FLAGS_BYTES, MEMCACHED_OVERHEAD_BYTES } from '../items/placer.ts';
import { SEQ_SKIP_MAX } from '../items/store-clock.ts';
import { CLASS_COUNT, COUNT } from './counters.ts';
import {
  CLIENT_FLAGS_BYTES,
  EXTRAS_MASK,
  FLAG,
  ID_UNIT_BYTES,
  ITEM,
  ITEM_BITS,
  ITEM_HEADER_BYTES,
  OWN_CAS_BYTES,
  PAGE_BYTES,
  SEGMENT,
  VALUE_CHUNK,
} from './item-layout.ts';
import {
  CLASS,
  CLASS_COUNTER_SLOTS,
  CONTROL,
  INDEX_LOAD_MAX,
  KEY_SLOTS,
  SEGMENT_WORDS,
  STRIPES,
  THREAD_COUNTER_SLOTS,
  TOTAL,
} from './layout.ts';
import { TABLE_BYTES_MAX } from './size-classes.ts';
import { EVICTION, TUNABLE_SLOT } from './tunables.ts';

const WORD = 4;
const DOUBLE = 8;
const ACTION_BITS = 2;

/** The actions of a policy, two bits each, by `4 * segment + hits`. */
function actionBits(policy: (typeof POLICIES)[number]): number {
  const actions = policy.tailActions.flat();
  return actions.reduce<number>((bits, action, at) => bits | (action << (ACTION_BITS * at)), 0);
}

function policyConstants(name: keyof typeof POLICY): Numbers {
  const policy = POLICIES[POLICY[name]];
  return named(`POLICY_${name.toUpperCase()}`, {
    actions: actionBits(policy),
    smallQueueShare: policy.smallQueueShare,
    segmentForNew: policy.segmentForNew[0],
    segmentForGhost: policy.segmentForNew[1],
    hitsAfterPromotion: policy.hitsAfterPromotion,
    overwriteCountsAsHit: policy.overwriteCountsAsHit ? 1 : 0,
  });
}

const { bytes: _size, ...controlWords } = CONTROL;
const { words: classWords, ...classOffsets } = CLASS;
const { slots: totalSlots, ...totalOffsets } = TOTAL;

export const STORE_CONSTANTS: Numbers = {
  ...named('LOCK', LOCK_WORD),
  ...named('CONTROL', controlWords, WORD),
  ...named('CLASS', classOffsets, WORD),
  CLASS_BYTES: classWords * WORD,
  SEGMENT_BYTES: SEGMENT_WORDS * WORD,
  ...named('SEGMENT', SEGMENT),
  SEGMENTS: Object.keys(SEGMENT).length,
  ...named('LIST', LIST, WORD),
  ...named('TOTAL', totalOffsets, DOUBLE),
  TOTALS_BYTES: totalSlots * DOUBLE,
  ...named('COUNT', COUNT, DOUBLE),
  ...named('CLASS_COUNT', CLASS_COUNT, DOUBLE),
  THREAD_COUNTERS_BYTES: THREAD_COUNTER_SLOTS * DOUBLE,
  CLASS_COUNTERS_BYTES: CLASS_COUNTER_SLOTS * DOUBLE,
  ...named('TUNABLE', TUNABLE_SLOT, DOUBLE),
  ...named('EVICTION', EVICTION),
  ...named('ITEM', ITEM, WORD),
  ...named('ITEM', ITEM_BITS),
  ...named('VALUE_CHUNK', VALUE_CHUNK, WORD),
  ...named('FLAG', FLAG),
  ...named('ACTION', TAIL_ACTION),
  ...policyConstants('s3fifo'),
  ...policyConstants('segmented'),
  ...policyConstants('flat'),
  ACTION_BITS,
  PAGE_BYTES,
  ID_UNIT_BYTES,
  ITEM_HEADER_BYTES,
  CLIENT_FLAGS_BYTES,
  OWN_CAS_BYTES,
  EXTRAS_MASK,
  OLD_VALUE_FLAGS,
  PLACE_FLAGS,
  HITS_MAX,
  STRIPE_MASK: STRIPES - 1,
  KEY_SLOT_MASK: KEY_SLOTS - 1,
  SEQ_SKIP_MAX,
  INDEX_LOAD_MAX,
  BUCKET_ITEMS_MAX,
  CANDIDATES_MAX,
  SECOND_CHANCES_MAX,
  FINGERPRINT_MASK,
  FINGERPRINT_SHIFT,
  MEMCACHED_OVERHEAD_BYTES,
  MEMCACHED_FLAGS_BYTES,
  /** The largest item whose class the table knows. */
  FAST_ITEM_BYTES_MAX: TABLE_BYTES_MAX,
};
