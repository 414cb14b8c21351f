/**
 * The fast path: answers the simple requests at the start of an input, and stops in front of the
 * first that is not simple. The JavaScript goes on from there.
 */
import { answer } from './answer';
import {
  REPLIES_MAX,
  REPLY_ENDS_AT,
  RESULT_KEY,
  RESULT_LEFT,
  RESULT_OUT,
  RESULT_REPLIES,
} from './constants';
import { decodeBinary } from './decode-binary';
import { decodeClassic } from './decode-classic';
import { decodeMeta } from './decode-meta';
import { lookAhead } from './load-items';
import { beginOutput, hasRoom, out } from './output';
import {
  BINARY_GET,
  BINARY_NOOP,
  BINARY_SET,
  entryAt,
  GET,
  HAS_EXPTIME,
  hasBit,
  keyNumber,
  kindOf,
  LAST_KEY,
  META_GET,
  META_NOOP,
  META_SET,
  nextOf,
  SET,
} from './requests';
import { region } from './store';

export { setChanges } from './changes';
export { setStopsAtMiss } from './lookup';
export { settle } from './settle';
export { configure } from './store';
export { takeStates } from './take';
export { walk } from './walk';

/** The entries that a batch has before its last request. */
const BATCH = 32;
/** The entries that a look-ahead reads before the first of them is answered. */
const WINDOW = 32;
const LETTER_M = 0x6d;
/**
 * Bits of `rights`: the session speaks the binary protocol; its client may change items; the caller
 * needs to know where the reply to each request ends; the client may at least set values.
 */
const BINARY = 1;
const MAY_WRITE = 2;
const NOTES_ENDS = 4;
const MAY_SET = 8;

/** Whether the last batch ended at a request that is not simple, or not complete. */
let batchEnded: bool = false;

/**
 * Answers the requests of the input from `start` to `end`, at most `left` of them, where a get
 * counts once for each key. The output goes to `outStart`; no request begins beyond `outLimit`, and
 * there is room until `outEnd`. All these are offsets in the region.
 * @returns where the first request begins that has no complete reply.
 */
export function run(
  start: i32,
  end: i32,
  outStart: i32,
  outLimit: i32,
  outEnd: i32,
  left: i32,
  rights: i32,
): i32 {
  const inputEnd = region + <usize>end;
  const limit = region + <usize>outLimit;
  let at = region + <usize>start;
  let turn = left;
  let resumedKey = 0;
  let replies = 0;
  const repliesMax = (rights & NOTES_ENDS) !== 0 ? REPLIES_MAX : 0;
  beginOutput(region + <usize>outStart, region + <usize>outEnd);
  batchEnded = false;
  while (!batchEnded && turn > 0 && at < inputEnd) {
    const entries = decodeBatch(at, inputEnd, turn, rights);
    for (let nth = 0; nth < entries; nth++) {
      if (nth % WINDOW === 0 && entries > 1) lookAhead(nth, min<i32>(nth + WINDOW, entries));
      const entry = entryAt(nth);
      const isInsideGet = kindOf(entry) === GET && keyNumber(entry) > 1;
      if ((out > limit && !isInsideGet) || !hasRoom(0) || !answer(entry)) {
        if (isInsideGet) resumedKey = keyNumber(entry);
        batchEnded = true;
        break;
      }
      turn--;
      if (kindOf(entry) === GET && !hasBit(entry, LAST_KEY)) continue;
      at = nextOf(entry);
      if (replies < repliesMax) noteEnd(replies++);
    }
  }
  store<i32>(region, <i32>(out - region), RESULT_OUT);
  store<i32>(region, turn, RESULT_LEFT);
  store<i32>(region, resumedKey, RESULT_KEY);
  store<i32>(region, replies, RESULT_REPLIES);
  return <i32>(at - region);
}

/** Notes where reply number `nth` ends. */
function noteEnd(nth: i32): void {
  store<u32>(region + REPLY_ENDS_AT + ((<usize>nth) << 2), <u32>(out - region));
}

/** Decodes requests until the batch is full or the turn ends. Returns the number of entries. */
function decodeBatch(from: usize, end: usize, turn: i32, rights: i32): i32 {
  let at = from;
  let entries = 0;
  while (entries < BATCH && entries < turn && at < end) {
    const decoded = decodeNext(at, end, entries, (rights & BINARY) !== 0);
    if (decoded === 0 || !isAllowed(entryAt(entries), rights)) {
      batchEnded = true;
      break;
    }
    entries += decoded;
    at = nextOf(entryAt(entries - 1));
  }
  return entries;
}

function decodeNext(at: usize, end: usize, nth: i32, isBinary: bool): i32 {
  if (isBinary) return decodeBinary(at, end, nth);
  return load<u8>(at) === LETTER_M ? decodeMeta(at, end, nth) : decodeClassic(at, end, nth);
}

function isAllowed(entry: usize, rights: i32): bool {
  if ((rights & MAY_WRITE) !== 0) return true;
  const kind = kindOf(entry);
  if (kind === META_GET) return !hasBit(entry, HAS_EXPTIME);
  if (kind === SET || kind === META_SET || kind === BINARY_SET) return (rights & MAY_SET) !== 0;
  return kind === GET || kind === BINARY_GET || kind === META_NOOP || kind === BINARY_NOOP;
}
