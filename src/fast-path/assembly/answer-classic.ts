import { putDecimal64, putLineEnd, putText } from './bytes';
import {
  COUNT_TOUCH_CMDS,
  COUNT_TOUCH_MISSES,
  TEXT_DELETED,
  TEXT_DELETED_BYTES,
  TEXT_DELETED_REST,
  TEXT_END,
  TEXT_END_BYTES,
  TEXT_NOT_FOUND,
  TEXT_NOT_FOUND_BYTES,
  TEXT_NOT_FOUND_REST,
  TEXT_STORED,
  TEXT_STORED_BYTES,
  TEXT_TOUCHED,
  TEXT_TOUCHED_BYTES,
  TEXT_TOUCHED_REST,
  TEXT_VALUE,
  TEXT_VALUE_BYTES,
} from './constants';
import { noteHit } from './lookup';
import {
  close,
  countGetHit,
  countGetMiss,
  countTouchHit,
  isMiss,
  item,
  meta,
  open,
  putValue,
  touch,
} from './open-key';
import { hasRoom, out, putByte, putBytes, putNumber, setOut } from './output';
import { exptime, hasBit, keyBytes, keyOf, LAST_KEY, QUIET, WITH_CAS } from './requests';
import { casOf, clientFlagsOf, count, now, valueBytesOf } from './store';
import { expiryOf, set } from './write';

const BLANK = 0x20;

export function answerGet(entry: usize): bool {
  if (!open(entry)) return false;
  if (!isMiss) {
    if (!hasRoom(valueBytesOf(item))) {
      close(entry);
      return false;
    }
    putClassicHit(entry);
    noteHit(item, meta, now());
    countGetHit();
  }
  close(entry);
  if (isMiss) countGetMiss();
  if (hasBit(entry, LAST_KEY)) setOut(putText(out, TEXT_END, 0, TEXT_END_BYTES));
  return true;
}

function putClassicHit(entry: usize): void {
  setOut(putText(out, TEXT_VALUE, 0, TEXT_VALUE_BYTES));
  putBytes(keyOf(entry), keyBytes(entry));
  putNumber(clientFlagsOf(item, meta));
  putNumber(valueBytesOf(item));
  if (hasBit(entry, WITH_CAS)) {
    putByte(BLANK);
    setOut(putDecimal64(out, casOf(item, meta)));
  }
  setOut(putLineEnd(out));
  putValue();
  setOut(putLineEnd(out));
}

export function answerSet(entry: usize): bool {
  if (!set(entry)) return false;
  if (!hasBit(entry, QUIET)) setOut(putText(out, TEXT_STORED, 0, TEXT_STORED_BYTES));
  return true;
}

export function answerTouch(entry: usize): bool {
  if (!open(entry)) return false;
  if (isMiss) {
    count(COUNT_TOUCH_CMDS);
    count(COUNT_TOUCH_MISSES);
  } else {
    touch(expiryOf(exptime(entry)));
    noteHit(item, meta, now());
    countTouchHit();
  }
  close(entry);
  if (hasBit(entry, QUIET)) return true;
  setOut(
    isMiss
      ? putText(out, TEXT_NOT_FOUND, TEXT_NOT_FOUND_REST, TEXT_NOT_FOUND_BYTES)
      : putText(out, TEXT_TOUCHED, TEXT_TOUCHED_REST, TEXT_TOUCHED_BYTES),
  );
  return true;
}

export function putDeleted(): void {
  setOut(
    isMiss
      ? putText(out, TEXT_NOT_FOUND, TEXT_NOT_FOUND_REST, TEXT_NOT_FOUND_BYTES)
      : putText(out, TEXT_DELETED, TEXT_DELETED_REST, TEXT_DELETED_BYTES),
  );
}
