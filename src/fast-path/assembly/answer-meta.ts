import { putDecimal, putDecimal64, putLineEnd, putText, wordEnd } from './bytes';
import {
  COUNT_GET_CMDS,
  COUNT_GET_MISSES,
  COUNT_TOUCH_CMDS,
  COUNT_TOUCH_MISSES,
  FLAG_FETCHED,
  FLAG_KEY_BINARY,
  FLAG_STALE,
  FLAG_TOKEN_SENT,
  ITEM_ACCESS,
  ITEM_ACCESS_MASK,
  ITEM_EXPIRY,
  LETTER_CAS,
  LETTER_CLIENT_FLAGS,
  LETTER_HIT,
  LETTER_KEY,
  LETTER_LAST_ACCESS,
  LETTER_OPAQUE,
  LETTER_SIZE,
  LETTER_TOUCH,
  LETTER_TTL,
  TEXT_EN,
  TEXT_EN_BYTES,
  TEXT_HD,
  TEXT_HD_BYTES,
  TEXT_NF,
  TEXT_NF_BYTES,
  TEXT_VA,
  TEXT_VA_BYTES,
} from './constants';
import { noteHit } from './lookup';
import {
  close,
  countGetHit,
  countTouchHit,
  isMiss,
  item,
  meta,
  open,
  putValue,
  touch,
} from './open-key';
import { hasRoom, out, putBytes, putLetter, putLetterNumber, setOut } from './output';
import {
  exptime,
  HAS_EXPTIME,
  HAS_FLAGS,
  hasBit,
  keyBytes,
  keyOf,
  QUIET,
  valueBytes,
  WITH_VALUE,
  wordsEnd,
  wordsOf,
} from './requests';
import { casOf, clientFlagsOf, count, now, valueBytesOf } from './store';
import { expiryOf, set, storedCas } from './write';

const MINUS_ONE: u16 = 0x312d;

/** The code of a meta reply with the flags that every reply shows: the opaque and the key. */
function putCodeLine(entry: usize, code: u64, bytes: i32): void {
  setOut(putText(out, code, 0, bytes));
  if (hasBit(entry, HAS_FLAGS)) {
    const end = wordsEnd(entry);
    for (let at = wordsOf(entry); at < end; ) {
      const stop = wordEnd(at + 1, end);
      const letter = <i32>load<u8>(at, 1);
      if (letter === LETTER_OPAQUE) putBytes(at, <u32>(stop - at));
      else if (letter === LETTER_KEY) putKey(entry);
      at = stop;
    }
  }
  setOut(putLineEnd(out));
}

function putKey(entry: usize): void {
  putLetter(LETTER_KEY);
  putBytes(keyOf(entry), keyBytes(entry));
}

export function answerMetaGet(entry: usize): bool {
  if (!open(entry)) return false;
  if (isMiss) {
    close(entry);
    count(hasBit(entry, HAS_EXPTIME) ? COUNT_TOUCH_CMDS : COUNT_GET_CMDS);
    count(hasBit(entry, HAS_EXPTIME) ? COUNT_TOUCH_MISSES : COUNT_GET_MISSES);
    if (!hasBit(entry, QUIET)) putCodeLine(entry, TEXT_EN, TEXT_EN_BYTES);
    return true;
  }
  const isUnusual = (meta & (FLAG_STALE | FLAG_TOKEN_SENT | FLAG_KEY_BINARY)) !== 0;
  if (isUnusual || !hasRoom(valueBytesOf(item))) {
    close(entry);
    return false;
  }
  putMetaHit(entry);
  noteHit(item, meta, now());
  if (hasBit(entry, HAS_EXPTIME)) countTouchHit();
  else countGetHit();
  close(entry);
  return true;
}

function putMetaHit(entry: usize): void {
  if (hasBit(entry, WITH_VALUE)) {
    setOut(putText(out, TEXT_VA, 0, TEXT_VA_BYTES));
    setOut(putDecimal(out, valueBytesOf(item)));
  } else {
    setOut(putText(out, TEXT_HD, 0, TEXT_HD_BYTES));
  }
  if (hasBit(entry, HAS_FLAGS)) {
    const end = wordsEnd(entry);
    for (let at = wordsOf(entry); at < end; ) {
      const stop = wordEnd(at + 1, end);
      showFlag(entry, at, stop);
      at = stop;
    }
  }
  setOut(putLineEnd(out));
  if (!hasBit(entry, WITH_VALUE)) return;
  putValue();
  setOut(putLineEnd(out));
}

/** Applies a flag to the item, or writes what it asks for. */
function showFlag(entry: usize, at: usize, stop: usize): void {
  const letter = <i32>load<u8>(at, 1);
  switch (letter) {
    case LETTER_TOUCH:
      touch(expiryOf(exptime(entry)));
      return;
    case LETTER_OPAQUE:
      putBytes(at, <u32>(stop - at));
      return;
    case LETTER_KEY:
      putKey(entry);
      return;
    case LETTER_CAS:
      putLetter(letter);
      setOut(putDecimal64(out, casOf(item, meta)));
      return;
    case LETTER_SIZE:
      putLetterNumber(letter, valueBytesOf(item));
      return;
    case LETTER_CLIENT_FLAGS:
      putLetterNumber(letter, clientFlagsOf(item, meta));
      return;
    case LETTER_HIT:
      putLetterNumber(letter, (meta & FLAG_FETCHED) === 0 ? 0 : 1);
      return;
    case LETTER_LAST_ACCESS:
      putLetterNumber(letter, idleSeconds());
      return;
    case LETTER_TTL:
      putTtl();
  }
}

function idleSeconds(): u32 {
  return <u32>max<i32>(0, <i32>now() - <i32>(load<u32>(item, ITEM_ACCESS) & ITEM_ACCESS_MASK));
}

function putTtl(): void {
  const expiry = load<u32>(item, ITEM_EXPIRY);
  putLetter(LETTER_TTL);
  if (expiry === 0) {
    store<u16>(out, MINUS_ONE);
    setOut(out + 2);
  } else {
    // A Unix time after 2^31 seconds gives an expiry above the range of i32.
    setOut(putDecimal(out, expiry > now() ? expiry - now() : 0));
  }
}

export function answerMetaSet(entry: usize): bool {
  if (!set(entry)) return false;
  if (hasBit(entry, QUIET)) return true;
  setOut(putText(out, TEXT_HD, 0, TEXT_HD_BYTES));
  if (hasBit(entry, HAS_FLAGS)) {
    const end = wordsEnd(entry);
    for (let at = wordsOf(entry); at < end; ) {
      const stop = wordEnd(at + 1, end);
      const letter = <i32>load<u8>(at, 1);
      if (letter === LETTER_OPAQUE) putBytes(at, <u32>(stop - at));
      else if (letter === LETTER_KEY) putKey(entry);
      else if (letter === LETTER_SIZE) putLetterNumber(letter, valueBytes(entry));
      else if (letter === LETTER_CAS) {
        putLetter(letter);
        setOut(putDecimal64(out, storedCas()));
      }
      at = stop;
    }
  }
  setOut(putLineEnd(out));
  return true;
}

/** A quiet request still gets the reply to a miss. */
export function putMetaDeleted(entry: usize): void {
  if (isMiss) putCodeLine(entry, TEXT_NF, TEXT_NF_BYTES);
  else if (!hasBit(entry, QUIET)) putCodeLine(entry, TEXT_HD, TEXT_HD_BYTES);
}
