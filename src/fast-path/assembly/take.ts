/**
 * Takes states that the primary of their keys has sent, and stops in front of the first that is not
 * simple: the JavaScript takes that one. Simple is a value without an expiry that overwrites an
 * item in its place.
 */
import {
  CONTROL_SEQ_HIGH_EVEN,
  CONTROL_SEQ_HIGH_ODD,
  CONTROL_SEQ_LOW,
  FLAG_CLIENT_FLAGS,
  FLAG_COPY,
  FLAG_FETCHED,
  HITS_MAX,
  ITEM_ACCESS,
  ITEM_ACCESS_MASK,
  ITEM_HITS_SHIFT,
  ITEM_META,
  ITEM_SEQ_HIGH_MASK,
  ITEM_SEQ_HIGH_SHIFT,
  ITEM_SEQ_LOW,
  KEY_BYTES_MAX,
  KEY_SLOT_MASK,
  PLACE_FLAGS,
  RESULT_TAKEN,
  SEGMENT_WARM,
  SEQ_SKIP_MAX,
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
  STATE_READ,
  STATE_VALUE_LENGTH,
  STATE_ZERO,
  TUNABLE_TRACK_SIZES,
} from './constants';
import { place } from './decode-classic';
import { takePolicy } from './evict';
import { hashOf } from './hash';
import { lookAhead } from './load-items';
import { find } from './lookup';
import {
  begin,
  clientFlags,
  entryAt,
  keyBytes,
  keyHash,
  keyOf,
  lineOf,
  nextOf,
  SET,
  setClientFlags,
  setKey,
  setNext,
  setValue,
  sizeClass,
} from './requests';
import {
  classOf,
  control,
  copySlots,
  isDead,
  itemAt,
  metaOf,
  now,
  region,
  segmentOf,
  stripeOf,
  tunable,
} from './store';
import { tryLock, unlock } from './try-locks';
import { overwrite } from './write';

/** The states of one look-ahead. */
const BATCH = 32;
const SIMPLE_BITS = STATE_BIT_EXISTS | STATE_BIT_FETCHED | STATE_BIT_KEPT;
const SEQ_HIGH_BITS: u32 = ITEM_SEQ_HIGH_MASK << ITEM_SEQ_HIGH_SHIFT;

/** Takes states from `start` on; returns where the first one begins that it has not taken. */
export function takeStates(start: i32, end: i32): i32 {
  const last = region + <usize>end;
  let at = region + <usize>start;
  let taken = 0;
  store<i32>(region, 0, RESULT_TAKEN);
  if (tunable(TUNABLE_TRACK_SIZES) !== 0) return start;
  takePolicy();
  for (let entries = BATCH; entries === BATCH; ) {
    entries = decodeStates(at, last);
    if (entries > 1) lookAhead(0, entries);
    for (let nth = 0; nth < entries; nth++) {
      if (!take(entryAt(nth))) return <i32>(lineOf(entryAt(nth)) - region);
      at = nextOf(entryAt(nth));
      store<i32>(region, ++taken, RESULT_TAKEN);
    }
  }
  return <i32>(at - region);
}

/** Decodes the simple states that come next; returns how many. */
function decodeStates(from: usize, end: usize): i32 {
  let at = from;
  let entries = 0;
  while (entries < BATCH && decodeState(at, end, entryAt(entries))) {
    at = nextOf(entryAt(entries));
    entries++;
  }
  return entries;
}

function decodeState(at: usize, end: usize, entry: usize): bool {
  if (at + STATE_HEAD_BYTES > end) return false;
  const bits = <i32>load<u8>(at);
  if ((bits & ~SIMPLE_BITS) !== 0 || (bits & STATE_BIT_EXISTS) === 0) return false;
  const bytes = <u32>load<u8>(at, STATE_KEY_LENGTH);
  const valueBytes = bswap<u32>(load<u32>(at, STATE_VALUE_LENGTH));
  const isWhole = <u64>valueBytes + bytes <= <u64>(end - at - STATE_HEAD_BYTES);
  if (bytes === 0 || bytes > <u32>KEY_BYTES_MAX || !isWhole || !isValid(at)) return false;
  const key = at + STATE_HEAD_BYTES;
  begin(entry, SET, at);
  setKey(entry, key, bytes, hashOf(key, bytes));
  setValue(entry, key + bytes, valueBytes);
  setClientFlags(entry, bswap<u32>(load<u32>(at, STATE_CLIENT_FLAGS)));
  setNext(entry, key + bytes + valueBytes);
  return place(entry);
}

function isValid(at: usize): bool {
  const isHigh = (load64(at, STATE_CAS) | load64(at, STATE_READ)) >> 32 > <u64>ITEM_SEQ_HIGH_MASK;
  if (load<u32>(at, STATE_EXPIRY) !== 0) return false;
  const hits = <i32>load<u8>(at, STATE_HITS);
  return load<u8>(at, STATE_ZERO) === 0 && hits <= HITS_MAX && !isHigh;
}

function load64(at: usize, field: i32): u64 {
  return bswap<u64>(load<u64>(at + <usize>field));
}

function take(entry: usize): bool {
  const read = load64(lineOf(entry), STATE_READ);
  raiseSeq(read);
  const stripe = stripeOf(keyHash(entry));
  if (!tryLock(stripe)) return false;
  const isTaken = takeOpened(entry, read);
  unlock(stripe);
  return isTaken;
}

/** Takes a state whose stripe is locked, as store/copies/item-copies.ts does. */
function takeOpened(entry: usize, read: u64): bool {
  const hash = keyHash(entry);
  const slot = copySlots + ((<usize>(hash & KEY_SLOT_MASK)) << 3);
  if (read < load<u64>(slot)) return false;
  const id = find(hash, keyOf(entry), keyBytes(entry));
  if (id === 0 || !isInPlace(entry, id) || !overwrite(entry, id, 0)) return false;
  store<u64>(slot, read);
  applyState(lineOf(entry), itemAt(id));
  return true;
}

/** Whether the value takes the place of the item, and the item stays in its list. */
function isInPlace(entry: usize, id: u32): bool {
  const item = itemAt(id);
  const meta = metaOf(item);
  const placeFlags: u32 = clientFlags(entry) === 0 ? 0 : FLAG_CLIENT_FLAGS;
  if (isDead(item, meta) || classOf(id) !== sizeClass(entry)) return false;
  if ((meta & PLACE_FLAGS) !== placeFlags) return false;
  const isKept = (load<u8>(lineOf(entry)) & STATE_BIT_KEPT) !== 0;
  return !isKept || segmentOf(item) === SEGMENT_WARM;
}

/** Gives the item what else the state says. */
function applyState(state: usize, item: usize): void {
  const cas = load64(state, STATE_CAS);
  const isFetched = (load<u8>(state) & STATE_BIT_FETCHED) !== 0;
  const flags: u32 = FLAG_COPY | (isFetched ? FLAG_FETCHED : 0);
  const high = (<u32>(cas >> 32)) << ITEM_SEQ_HIGH_SHIFT;
  store<u32>(item, <u32>cas, ITEM_SEQ_LOW);
  store<u32>(item, (metaOf(item) & ~SEQ_HIGH_BITS) | high | flags, ITEM_META);
  const idle = bswap<u32>(load<u32>(state, STATE_IDLE));
  const access = idle < now() ? now() - idle : 0;
  const hits = (<u32>load<u8>(state, STATE_HITS)) << ITEM_HITS_SHIFT;
  store<u32>(item, (access & ITEM_ACCESS_MASK) | hits, ITEM_ACCESS);
}

function highWordOf(low: u32): usize {
  return control + (low >= 0x8000_0000 ? CONTROL_SEQ_HIGH_ODD : CONTROL_SEQ_HIGH_EVEN);
}

/** The number that was drawn last, as store/items/store-clock.ts explains. */
function lastSeq(): u64 {
  for (;;) {
    const low = atomic.load<u32>(control, CONTROL_SEQ_LOW);
    const high = atomic.load<u32>(highWordOf(low));
    if (highWordOf(atomic.load<u32>(control, CONTROL_SEQ_LOW)) !== highWordOf(low)) continue;
    return ((<u64>high) << 32) | <u64>low;
  }
}

/** Makes all numbers drawn from now on larger than this one. */
function raiseSeq(to: u64): void {
  for (;;) {
    const last = lastSeq();
    if (to <= last) return;
    const step = <u32>min<u64>(to - last, SEQ_SKIP_MAX);
    const before = atomic.add<u32>(control, step, CONTROL_SEQ_LOW);
    const after = before + step;
    if (highWordOf(before) === highWordOf(after)) continue;
    atomic.add<u32>(highWordOf(before), 1);
  }
}
