/** Decodes plain lines of the meta protocol, with the flags that clients often send. */
import { readDigits, wordEnd } from './bytes';
import {
  COMMAND_WORDS_MAX,
  ENTRIES_MAX,
  LETTER_CAS,
  LETTER_CLIENT_FLAGS,
  LETTER_HIT,
  LETTER_KEY,
  LETTER_LAST_ACCESS,
  LETTER_OPAQUE,
  LETTER_SIZE,
  LETTER_TOUCH,
  LETTER_TTL,
  OPAQUE_TOKEN_BYTES_MAX,
  WORD_META_DELETE,
  WORD_META_DELETE_MASK,
  WORD_META_GET,
  WORD_META_GET_BYTES,
  WORD_META_GET_MASK,
  WORD_META_NOOP,
  WORD_META_NOOP_BYTES,
  WORD_META_NOOP_MASK,
  WORD_META_SET,
  WORD_META_SET_BYTES,
  WORD_META_SET_MASK,
} from './constants';
import { beginKeyed, keyEnd, lineAfter, placeValue } from './decode-classic';
import {
  begin,
  entryAt,
  HAS_EXPTIME,
  HAS_FLAGS,
  META_DELETE,
  META_GET,
  META_NOOP,
  META_SET,
  QUIET,
  setBit,
  setClientFlags,
  setExptime,
  setNext,
  setWords,
  WITH_VALUE,
} from './requests';

const BLANK = 0x20;
const LETTER_A: u32 = 0x41;
const LETTER_F = 0x46;
const LETTER_M = 0x4d;
const LETTER_S = 0x53;
const LETTER_Q = 0x71;
const LETTER_V = 0x76;
const LETTER_Z: u32 = 0x7a;
const I32_MAX: i64 = 0x7fff_ffff;
const U32_MAX: i64 = 0xffff_ffff;
/** Decodes the line at `line` into entry `nth`; returns 1, or 0 as `decodeClassic`. */
export function decodeMeta(line: usize, end: usize, nth: i32): i32 {
  if (<i32>(end - line) < WORD_META_NOOP_BYTES || nth >= ENTRIES_MAX) return 0;
  const start = load<u64>(line);
  if ((start & WORD_META_GET_MASK) === WORD_META_GET) {
    return decodeKeyed(line, end, nth, META_GET);
  }
  if ((start & WORD_META_SET_MASK) === WORD_META_SET) return decodeSet(line, end, nth);
  if ((start & WORD_META_DELETE_MASK) === WORD_META_DELETE) {
    return decodeKeyed(line, end, nth, META_DELETE);
  }
  return (start & WORD_META_NOOP_MASK) === WORD_META_NOOP ? decodeNoop(line, nth) : 0;
}

function decodeNoop(line: usize, nth: i32): i32 {
  const entry = entryAt(nth);
  begin(entry, META_NOOP, line);
  setNext(entry, line + WORD_META_NOOP_BYTES);
  return 1;
}

function decodeKeyed(line: usize, end: usize, nth: i32, kind: i32): i32 {
  const entry = beginKeyed(line, line + WORD_META_GET_BYTES, end, nth, kind);
  if (entry === 0) return 0;
  const next = takeFlags(entry, keyEnd(), end, kind, COMMAND_WORDS_MAX - 2);
  setNext(entry, next);
  return next === 0 ? 0 : 1;
}

function decodeSet(line: usize, end: usize, nth: i32): i32 {
  const entry = beginKeyed(line, line + WORD_META_SET_BYTES, end, nth, META_SET);
  if (entry === 0 || load<u8>(keyEnd()) !== BLANK) return 0;
  const lengthAt = keyEnd() + 1;
  const lengthEnd = wordEnd(lengthAt, end);
  if (lengthEnd >= end) return 0;
  const bytes = readDigits(lengthAt, lengthEnd);
  setClientFlags(entry, 0);
  setExptime(entry, 0);
  const value = takeFlags(entry, lengthEnd, end, META_SET, COMMAND_WORDS_MAX - 3);
  return value !== 0 && placeValue(entry, bytes, value, end) ? 1 : 0;
}

/** Takes the flags from `at` on; returns where the next line starts, or 0. */
function takeFlags(entry: usize, from: usize, end: usize, kind: i32, wordsMax: i32): usize {
  let at = from;
  let seen: u64 = 0;
  for (let words = 0; words <= wordsMax; words++) {
    const next = lineAfter(at, end);
    if (next !== 0) {
      setWords(entry, from, at);
      return next;
    }
    if (at >= end || load<u8>(at) !== BLANK) return 0;
    const stop = wordEnd(at + 1, end);
    if (stop >= end || stop === at + 1) return 0;
    const letter = <u32>load<u8>(at, 1);
    if (letter < LETTER_A || letter > LETTER_Z) return 0;
    const bit: u64 = (<u64>1) << (letter - LETTER_A);
    if ((seen & bit) !== 0 || !takeFlag(entry, letter, at + 2, stop, kind)) return 0;
    seen |= bit;
    at = stop;
  }
  return 0;
}

/** Takes one flag, whose argument is between `at` and `stop`; false if it is not simple. */
function takeFlag(entry: usize, letter: u32, at: usize, stop: usize, kind: i32): bool {
  if (letter === LETTER_OPAQUE) {
    setBit(entry, HAS_FLAGS);
    return stop - at < <usize>OPAQUE_TOKEN_BYTES_MAX;
  }
  if (letter === LETTER_TOUCH) return kind !== META_DELETE && takeExptime(entry, at, stop);
  if (letter === LETTER_F) return kind === META_SET && takeClientFlags(entry, at, stop);
  if (letter === LETTER_M) {
    return kind === META_SET && stop - at === 1 && load<u8>(at) === LETTER_S;
  }
  if (stop !== at) return false;
  if (letter === LETTER_Q) {
    setBit(entry, QUIET);
    return true;
  }
  if (letter === LETTER_V) {
    setBit(entry, WITH_VALUE);
    return kind === META_GET;
  }
  setBit(entry, HAS_FLAGS);
  return letter === LETTER_KEY || (kind !== META_DELETE && isShown(letter, kind));
}

/** Whether the letter asks for something of the item that the reply shows. */
function isShown(letter: u32, kind: i32): bool {
  if (letter === LETTER_CAS || letter === LETTER_SIZE) return true;
  if (kind !== META_GET) return false;
  if (letter === LETTER_CLIENT_FLAGS || letter === LETTER_TTL) return true;
  return letter === LETTER_HIT || letter === LETTER_LAST_ACCESS;
}

function takeExptime(entry: usize, at: usize, stop: usize): bool {
  const exptime = readDigits(at, stop);
  setExptime(entry, <u32>exptime);
  setBit(entry, HAS_EXPTIME | HAS_FLAGS);
  return exptime >= 0 && exptime <= I32_MAX;
}

function takeClientFlags(entry: usize, at: usize, stop: usize): bool {
  const flags = readDigits(at, stop);
  setClientFlags(entry, <u32>flags);
  return flags >= 0 && flags <= U32_MAX;
}
