/**
 * What sets change in a cluster: the key of each, and its state as the other holders get it. The
 * JavaScript takes them after the run.
 */
import { copy } from './bytes';
import {
  CHANGE_BYTES,
  CHANGED_KEYS_AT,
  CHANGED_KEYS_BYTES,
  CHANGED_STATES_AT,
  CHANGED_STATES_BYTES,
  CHANGES_AT,
  CHANGES_MAX,
  CONTROL_EPOCH,
  FLAG_COPY,
  FLAG_FETCHED,
  ITEM_ACCESS,
  ITEM_EXPIRY,
  ITEM_HITS_SHIFT,
  KEY_SLOT_MASK,
  RESULT_CHANGED_KEYS,
  RESULT_CHANGED_STATES,
  RESULT_CHANGES,
  SEGMENT_WARM,
  STATE_BIT_EXISTS,
  STATE_BIT_FETCHED,
  STATE_BIT_KEPT,
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
} from './constants';
import { keyBytes, keyHash, keyOf, valueAt, valueBytes } from './requests';
import { clientFlagsOf, control, metaOf, openChanges, region, segmentOf } from './store';

const NOTED = 1;
const HIDDEN = 2;

/** Whether other nodes must get each change. */
export let notesChanges: bool = false;
/** Whether nobody may read a change before they have it: then its item has this flag. */
export let changeFlag: u32 = 0;

/** Sets what becomes of changes: 0 nothing, NOTED, or NOTED and HIDDEN. */
export function setChanges(bits: i32): void {
  notesChanges = (bits & NOTED) !== 0;
  changeFlag = (bits & HIDDEN) !== 0 ? FLAG_COPY : 0;
}

/** Whether the change of an entry has room. */
export function hasChangeRoom(entry: usize): bool {
  const keysEnd = load<u32>(region, RESULT_CHANGED_KEYS) + keyBytes(entry);
  const statesEnd = load<u32>(region, RESULT_CHANGED_STATES) + stateBytes(entry);
  return (
    load<i32>(region, RESULT_CHANGES) < CHANGES_MAX &&
    keysEnd <= <u32>CHANGED_KEYS_BYTES &&
    statesEnd <= <u32>CHANGED_STATES_BYTES
  );
}

function stateBytes(entry: usize): u32 {
  return STATE_HEAD_BYTES + keyBytes(entry) + valueBytes(entry);
}

/**
 * Counts and notes that an entry was stored in an item with that sequence number. The caller holds
 * the stripe, so a thread that sees the change sees the count.
 */
export function noteChange(entry: usize, item: usize, seq: u64): void {
  const hash = keyHash(entry);
  if (changeFlag !== 0) {
    atomic.add<i32>(openChanges + ((<usize>(hash & KEY_SLOT_MASK)) << 2), 1);
  }
  const changes = load<i32>(region, RESULT_CHANGES);
  const keysEnd = putChangedKey(entry);
  const statesEnd = putState(entry, item, seq);
  const note = region + CHANGES_AT + <usize>(changes * CHANGE_BYTES);
  store<u32>(note, hash);
  store<u32>(note, keysEnd, 4);
  store<u32>(note, statesEnd, 8);
  store<i32>(region, changes + 1, RESULT_CHANGES);
  store<u32>(region, keysEnd, RESULT_CHANGED_KEYS);
  store<u32>(region, statesEnd, RESULT_CHANGED_STATES);
}

/** Returns where the keys end. */
function putChangedKey(entry: usize): u32 {
  const at = load<u32>(region, RESULT_CHANGED_KEYS);
  copy(region + CHANGED_KEYS_AT + at, keyOf(entry), keyBytes(entry));
  return at + keyBytes(entry);
}

/** Returns where the states end. The sequence number is also the read number of the state. */
function putState(entry: usize, item: usize, seq: u64): u32 {
  const start = load<u32>(region, RESULT_CHANGED_STATES);
  const at = region + CHANGED_STATES_AT + start;
  const meta = metaOf(item);
  const fetched = (meta & FLAG_FETCHED) === 0 ? 0 : STATE_BIT_FETCHED;
  const kept = segmentOf(item) === SEGMENT_WARM ? STATE_BIT_KEPT : 0;
  store<u8>(at, STATE_BIT_EXISTS | fetched | kept);
  store<u8>(at, keyBytes(entry), STATE_KEY_LENGTH);
  store<u8>(at, load<u32>(item, ITEM_ACCESS) >> ITEM_HITS_SHIFT, STATE_HITS);
  store<u8>(at, 0, STATE_ZERO);
  store<u32>(at, bswap<u32>(clientFlagsOf(item, meta)), STATE_CLIENT_FLAGS);
  store<u32>(at, bswap<u32>(unixTimeOf(load<u32>(item, ITEM_EXPIRY))), STATE_EXPIRY);
  store<u32>(at, 0, STATE_IDLE);
  store<u64>(at, bswap<u64>(seq), STATE_CAS);
  store<u64>(at, bswap<u64>(seq), STATE_READ);
  store<u64>(at, 0, STATE_OWN_CAS);
  store<u32>(at, bswap<u32>(valueBytes(entry)), STATE_VALUE_LENGTH);
  const key = at + STATE_HEAD_BYTES;
  copy(key, keyOf(entry), keyBytes(entry));
  copy(key + keyBytes(entry), valueAt(entry), valueBytes(entry));
  return start + stateBytes(entry);
}

function unixTimeOf(expiry: u32): u32 {
  return expiry === 0 ? 0 : expiry + load<u32>(control, CONTROL_EPOCH);
}
