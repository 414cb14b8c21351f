/** The parts of the store in memory, as the JavaScript of the store lays them out. */
import {
  CLASS_BYTES,
  CLASS_COUNTERS_BYTES,
  CLIENT_FLAGS_BYTES,
  CONTROL_CLOCK,
  CONTROL_FLUSH_SEQ_HIGH,
  CONTROL_FLUSH_SEQ_LOW,
  EXTRAS_MASK,
  FLAG_CLIENT_FLAGS,
  FLAG_OWN_CAS,
  ID_UNIT_BYTES,
  ITEM_EXPIRY,
  ITEM_HEADER_BYTES,
  ITEM_KEY_MASK,
  ITEM_KEY_SHIFT,
  ITEM_META,
  ITEM_SEGMENT_SHIFT,
  ITEM_SEQ_HIGH_MASK,
  ITEM_SEQ_HIGH_SHIFT,
  ITEM_SEQ_LOW,
  ITEM_SIZE,
  ITEM_SIZE_MASK,
  OWN_CAS_BYTES,
  PAGE_BYTES,
  SETUP_AT,
  SETUP_BUCKETS,
  SETUP_BUCKETS_MAX,
  SETUP_CLASSES,
  SETUP_CONTROL,
  SETUP_COPY_SLOTS,
  SETUP_COUNTERS,
  SETUP_END,
  SETUP_GHOST_MASK,
  SETUP_GHOSTS,
  SETUP_ITEM_BYTES_MAX,
  SETUP_KEY_HIGH,
  SETUP_KEY_LOW,
  SETUP_OPEN_CHANGES,
  SETUP_PAGE_CLASS,
  SETUP_SHOWS_CAS,
  SETUP_SLABS,
  SETUP_STRIPES,
  SETUP_TOTALS,
  SETUP_TUNABLES,
  STRIPE_MASK,
  THREAD_COUNTERS_BYTES,
  TOTALS_BYTES,
} from './constants';

/** The region of this thread: its buffers and the scratch space of the fast path. */
export let region: usize = 0;
export let control: usize = 0;
let stripes: usize = 0;
let classes: usize = 0;
let totals: usize = 0;
let counters: usize = 0;
let tunables: usize = 0;
let pageClass: usize = 0;
export let ghosts: usize = 0;
export let ghostMask: u32 = 0;
/** The counts of changes that other nodes may lack, by slot of keys. */
export let openChanges: usize = 0;
/** The highest read numbers of states that this node has taken, by slot of keys. */
export let copySlots: usize = 0;
export let buckets: usize = 0;
export let bucketsMax: u32 = 0;
let slabs: usize = 0;
/** The last address from which `touchLines` may read. */
let lastTouch: usize = 0;
export let keyLow: u32 = 0;
export let keyHigh: u32 = 0;
export let itemBytesMax: i32 = 0;
/** 0 if the store shows no CAS ids (`-C`). */
export let showsCas: i32 = 0;

/** An id counts units of some bytes; both sizes are powers of 2. */
export const ID_SHIFT: u32 = ctz<u32>(ID_UNIT_BYTES);
const CACHE_LINE: usize = 64;
/** Ids in a page, as a shift. */
export const PAGE_ID_SHIFT: u32 = ctz<u32>(PAGE_BYTES) - ID_SHIFT;

function setup(slot: i32): f64 {
  return load<f64>(region + SETUP_AT + <usize>slot);
}

/** Takes the addresses that the JavaScript of the thread has written into its region. */
export function configure(regionAt: f64): void {
  region = <usize>regionAt;
  control = <usize>setup(SETUP_CONTROL);
  stripes = <usize>setup(SETUP_STRIPES);
  classes = <usize>setup(SETUP_CLASSES);
  totals = <usize>setup(SETUP_TOTALS);
  counters = <usize>setup(SETUP_COUNTERS);
  tunables = <usize>setup(SETUP_TUNABLES);
  pageClass = <usize>setup(SETUP_PAGE_CLASS);
  ghosts = <usize>setup(SETUP_GHOSTS);
  ghostMask = <u32>setup(SETUP_GHOST_MASK);
  openChanges = <usize>setup(SETUP_OPEN_CHANGES);
  copySlots = <usize>setup(SETUP_COPY_SLOTS);
  buckets = <usize>setup(SETUP_BUCKETS);
  bucketsMax = <u32>setup(SETUP_BUCKETS_MAX);
  slabs = <usize>setup(SETUP_SLABS);
  lastTouch = <usize>setup(SETUP_END) - 3 * CACHE_LINE;
  keyLow = <u32>setup(SETUP_KEY_LOW);
  keyHigh = <u32>setup(SETUP_KEY_HIGH);
  itemBytesMax = <i32>setup(SETUP_ITEM_BYTES_MAX);
  showsCas = <i32>setup(SETUP_SHOWS_CAS);
}

export function stripeOf(hash: u32): usize {
  return stripes + ((<usize>(hash & STRIPE_MASK)) << 2);
}

export function classAt(sizeClass: u32): usize {
  return classes + <usize>(sizeClass * CLASS_BYTES);
}

export function tunable(slot: i32): f64 {
  return load<f64>(tunables + <usize>slot);
}

/** Seconds on the store's clock. */
export function now(): u32 {
  return load<u32>(control, CONTROL_CLOCK);
}

export function itemAt(id: u32): usize {
  return slabs + ((<usize>id - 1) << ID_SHIFT);
}

/**
 * Where a look-ahead reads an item. It holds no lock: the item may have been freed since, and what
 * was the id of the next one may be a part of a value now. So any id leads into the memory.
 */
export function touchPlace(id: u32): usize {
  return min<usize>(itemAt(id), lastTouch);
}

/** Reads the first lines of an item, only to have them in the cache. */
export function touchLines(item: usize): u32 {
  return load<u8>(item) + load<u8>(item, CACHE_LINE) + load<u8>(item, 2 * CACHE_LINE);
}

/** The class of the item's chunk. */
export function classOf(id: u32): u32 {
  return load<u8>(pageClass + <usize>((id - 1) >> PAGE_ID_SHIFT));
}

/** Bytes between the header and the key of an item. */
function extraBytes(meta: u32): u32 {
  if ((meta & EXTRAS_MASK) === 0) return 0;
  return (
    ((meta & FLAG_CLIENT_FLAGS) === 0 ? 0 : CLIENT_FLAGS_BYTES) +
    ((meta & FLAG_OWN_CAS) === 0 ? 0 : OWN_CAS_BYTES)
  );
}

export function metaOf(item: usize): u32 {
  return load<u32>(item, ITEM_META);
}

export function keyBytesOf(meta: u32): u32 {
  return (meta >> ITEM_KEY_SHIFT) & ITEM_KEY_MASK;
}

export function keyAt(item: usize, meta: u32): usize {
  return item + ITEM_HEADER_BYTES + extraBytes(meta);
}

export function valueBytesOf(item: usize): u32 {
  return load<u32>(item, ITEM_SIZE) & ITEM_SIZE_MASK;
}

export function segmentOf(item: usize): u32 {
  return load<u32>(item, ITEM_SIZE) >> ITEM_SEGMENT_SHIFT;
}

export function setSegment(item: usize, segment: u32): void {
  const size = load<u32>(item, ITEM_SIZE) & ITEM_SIZE_MASK;
  store<u32>(item, size | (segment << ITEM_SEGMENT_SHIFT), ITEM_SIZE);
}

/** Bytes of header, key and value together. */
export function bytesOf(item: usize): u32 {
  const meta = metaOf(item);
  return ITEM_HEADER_BYTES + extraBytes(meta) + keyBytesOf(meta) + valueBytesOf(item);
}

function seqHighOf(meta: u32): u32 {
  return (meta >> ITEM_SEQ_HIGH_SHIFT) & ITEM_SEQ_HIGH_MASK;
}

/** The CAS id that clients see. */
export function casOf(item: usize, meta: u32): u64 {
  if (showsCas === 0) return 0;
  if ((meta & FLAG_OWN_CAS) !== 0) return ownCasOf(item, meta);
  return ((<u64>seqHighOf(meta)) << 32) | <u64>load<u32>(item, ITEM_SEQ_LOW);
}

/** The CAS id that a client chose, if there is one. */
export function ownCasOf(item: usize, meta: u32): u64 {
  const flagsBytes: u32 = (meta & FLAG_CLIENT_FLAGS) === 0 ? 0 : CLIENT_FLAGS_BYTES;
  return load<u64>(item + ITEM_HEADER_BYTES + flagsBytes);
}

export function clientFlagsOf(item: usize, meta: u32): u32 {
  return (meta & FLAG_CLIENT_FLAGS) === 0 ? 0 : load<u32>(item, ITEM_HEADER_BYTES);
}

/** Whether the item has expired, or a flush hides it. */
export function isDead(item: usize, meta: u32): bool {
  const expiry = load<u32>(item, ITEM_EXPIRY);
  if (expiry !== 0 && expiry <= now()) return true;
  const high = load<u32>(control, CONTROL_FLUSH_SEQ_HIGH);
  const low = load<u32>(control, CONTROL_FLUSH_SEQ_LOW);
  if ((high | low) === 0) return false;
  const itemHigh = seqHighOf(meta);
  return itemHigh < high || (itemHigh === high && load<u32>(item, ITEM_SEQ_LOW) < low);
}

/** Adds to a counter of this thread. */
export function count(slot: i32): void {
  const at = counters + <usize>slot;
  store<f64>(at, load<f64>(at) + 1);
}

/** Adds to a counter that this thread has for a size class. */
export function countInClass(sizeClass: u32, slot: i32): void {
  count(THREAD_COUNTERS_BYTES + <i32>sizeClass * CLASS_COUNTERS_BYTES + slot);
}

export function addToTotal(sizeClass: u32, slot: i32, by: f64): void {
  const at = totals + <usize>(<i32>sizeClass * TOTALS_BYTES + slot);
  store<f64>(at, load<f64>(at) + by);
}

export function setTotal(sizeClass: u32, slot: i32, value: f64): void {
  store<f64>(totals + <usize>(<i32>sizeClass * TOTALS_BYTES + slot), value);
}
