/** Decodes plain lines of the classic protocol. Everything unusual is left to the JavaScript. */
import { isLineEnd, readDigits, wordEnd } from './bytes';
import {
  CLASS_TABLE_AT,
  CLIENT_FLAGS_BYTES,
  ENTRIES_MAX,
  FAST_ITEM_BYTES_MAX,
  ITEM_HEADER_BYTES,
  KEY_BYTES_MAX,
  KEYS_MAX,
  LEGACY_KEY_BYTES,
  LEGACY_KEY_FIRST,
  MEMCACHED_FLAGS_BYTES,
  MEMCACHED_OVERHEAD_BYTES,
  WORD_DELETE,
  WORD_DELETE_BYTES,
  WORD_DELETE_MASK,
  WORD_GET,
  WORD_GET_BYTES,
  WORD_GET_MASK,
  WORD_GETS,
  WORD_GETS_BYTES,
  WORD_GETS_MASK,
  WORD_NOREPLY,
  WORD_NOREPLY_BYTES,
  WORD_SET,
  WORD_SET_BYTES,
  WORD_SET_MASK,
  WORD_TOUCH,
  WORD_TOUCH_BYTES,
  WORD_TOUCH_MASK,
} from './constants';
import { hashOf } from './hash';
import {
  begin,
  clientFlags,
  DELETE,
  entryAt,
  GET,
  keyBytes,
  LAST_KEY,
  QUIET,
  SET,
  setBit,
  setClientFlags,
  setExptime,
  setKey,
  setKeyNumber,
  setNext,
  setSizeClass,
  setValue,
  TOUCH,
  valueBytes,
  WITH_CAS,
} from './requests';
import { itemBytesMax, region } from './store';

const CR = 0x0d;
const LF = 0x0a;
const BLANK = 0x20;
const I32_MAX: i64 = 0x7fff_ffff;
const U32_MAX: i64 = 0xffff_ffff;

/** Where a word ends; the one that `takeWord` took last. */
let word: usize = 0;
let wordStop: usize = 0;

/**
 * Decodes the line at `line` into entries from `nth` on. Returns how many, or 0 if the line is
 * incomplete or unusual.
 */
export function decodeClassic(line: usize, end: usize, nth: i32): i32 {
  // The shortest request is `get k` and its end; the region goes on after the input.
  if (end - line < 7) return 0;
  const start = load<u64>(line);
  if ((start & WORD_GET_MASK) === WORD_GET) {
    return decodeGet(line, line + WORD_GET_BYTES, end, nth, 0);
  }
  if ((start & WORD_SET_MASK) === WORD_SET) return decodeSet(line, end, nth);
  if ((start & WORD_GETS_MASK) === WORD_GETS) {
    return decodeGet(line, line + WORD_GETS_BYTES, end, nth, WITH_CAS);
  }
  if ((start & WORD_DELETE_MASK) === WORD_DELETE) return decodeDelete(line, end, nth);
  return (start & WORD_TOUCH_MASK) === WORD_TOUCH ? decodeTouch(line, end, nth) : 0;
}

/** Every key of a line is checked before the first is answered. */
function decodeGet(line: usize, first: usize, end: usize, nth: i32, bits: i32): i32 {
  let at = first;
  for (let keys = 1; keys <= KEYS_MAX && nth + keys <= ENTRIES_MAX; keys++) {
    const stop = wordEnd(at, end);
    if (stop >= end || !isKey(at, stop)) return 0;
    const entry = entryAt(nth + keys - 1);
    begin(entry, GET, line);
    if (bits !== 0) setBit(entry, bits);
    setKeyNumber(entry, keys);
    setKey(entry, at, <u32>(stop - at), hashOf(at, <u32>(stop - at)));
    const next = lineAfter(stop, end);
    if (next !== 0) {
      setBit(entry, LAST_KEY);
      setNext(entry, next);
      return keys;
    }
    if (load<u8>(stop) !== BLANK) return 0;
    at = stop + 1;
  }
  return 0;
}

function isKey(at: usize, stop: usize): bool {
  const bytes = <i32>(stop - at);
  if (bytes === 0 || bytes > KEY_BYTES_MAX) return false;
  // It may be the old name of the list of the cluster's nodes.
  return bytes !== LEGACY_KEY_BYTES || load<u8>(at) !== LEGACY_KEY_FIRST;
}

/** Where the next line starts, or 0 if the line does not end at `at`. */
export function lineAfter(at: usize, end: usize): usize {
  if (at >= end) return 0;
  const byte = load<u8>(at);
  if (byte === LF) return at + 1;
  return byte === CR && at + 1 < end && load<u8>(at, 1) === LF ? at + 2 : 0;
}

/** Takes the word at `at`, which a blank or the end of the line follows; false if it is empty. */
function takeWord(at: usize, end: usize): bool {
  word = at;
  wordStop = wordEnd(at, end);
  return wordStop > at && wordStop < end;
}

function takeNextWord(end: usize): bool {
  return load<u8>(wordStop) === BLANK && takeWord(wordStop + 1, end);
}

/** Begins an entry with the word at `at` as its key. */
export function beginKeyed(line: usize, at: usize, end: usize, nth: i32, kind: i32): usize {
  if (nth >= ENTRIES_MAX || !takeWord(at, end)) return 0;
  const bytes = <i32>(wordStop - word);
  if (bytes > KEY_BYTES_MAX) return 0;
  const entry = entryAt(nth);
  begin(entry, kind, line);
  setKey(entry, word, <u32>bytes, hashOf(word, <u32>bytes));
  return entry;
}

/** Where the key of the last `beginKeyed` ends. */
export function keyEnd(): usize {
  return wordStop;
}

function decodeSet(line: usize, end: usize, nth: i32): i32 {
  const entry = beginKeyed(line, line + WORD_SET_BYTES, end, nth, SET);
  if (entry === 0 || !takeNextWord(end)) return 0;
  const flags = readDigits(word, wordStop);
  if (flags < 0 || flags > U32_MAX || !takeExptime(entry, end) || !takeNextWord(end)) return 0;
  const bytes = readDigits(word, wordStop);
  const next = endWithNoreply(entry, end);
  setClientFlags(entry, <u32>flags);
  return next !== 0 && placeValue(entry, bytes, next, end) ? 1 : 0;
}

function takeExptime(entry: usize, end: usize): bool {
  if (!takeNextWord(end)) return false;
  const exptime = readDigits(word, wordStop);
  setExptime(entry, <u32>exptime);
  return exptime >= 0 && exptime <= I32_MAX;
}

/** Where the line after this one starts, which may end with `noreply`; 0 if it goes on. */
function endWithNoreply(entry: usize, end: usize): usize {
  const next = lineAfter(wordStop, end);
  if (next !== 0 || load<u8>(wordStop) !== BLANK) return next;
  if (load<u64>(wordStop) !== WORD_NOREPLY) return 0;
  setBit(entry, QUIET);
  return lineAfter(wordStop + WORD_NOREPLY_BYTES, end);
}

/**
 * Takes the value at `value`, if all of it has come and it fits a small chunk. `end` is where the
 * input ends.
 */
export function placeValue(entry: usize, bytes: i64, value: usize, end: usize): bool {
  if (bytes < 0 || bytes > FAST_ITEM_BYTES_MAX) return false;
  const after = value + <usize>bytes;
  if (after + 2 > end || !isLineEnd(after)) return false;
  setNext(entry, after + 2);
  setValue(entry, value, <u32>bytes);
  return place(entry);
}

/** Finds the class of the item; false if that is not simple. */
export function place(entry: usize): bool {
  const hasFlags = clientFlags(entry) !== 0;
  const bytes = <i32>(keyBytes(entry) + valueBytes(entry));
  const theirs = MEMCACHED_OVERHEAD_BYTES + (hasFlags ? MEMCACHED_FLAGS_BYTES : 0);
  if (bytes + theirs > itemBytesMax) return false;
  const ours = ITEM_HEADER_BYTES + (hasFlags ? CLIENT_FLAGS_BYTES : 0) + bytes;
  if (ours > FAST_ITEM_BYTES_MAX) return false;
  const id = load<u8>(region + CLASS_TABLE_AT + <usize>((ours + 7) >> 3));
  setSizeClass(entry, id);
  return id !== 0;
}

function decodeDelete(line: usize, end: usize, nth: i32): i32 {
  const entry = beginKeyed(line, line + WORD_DELETE_BYTES, end, nth, DELETE);
  if (entry === 0) return 0;
  const next = endWithNoreply(entry, end);
  setNext(entry, next);
  return next === 0 ? 0 : 1;
}

function decodeTouch(line: usize, end: usize, nth: i32): i32 {
  const entry = beginKeyed(line, line + WORD_TOUCH_BYTES, end, nth, TOUCH);
  if (entry === 0 || !takeExptime(entry, end)) return 0;
  const next = endWithNoreply(entry, end);
  setNext(entry, next);
  return next === 0 ? 0 : 1;
}
