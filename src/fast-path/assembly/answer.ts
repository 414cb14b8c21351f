/**
 * Answers decoded requests. Each function returns false, and has changed and written nothing, at
 * what the JavaScript must do: the item is chained or dead, or a lock is busy.
 */
import { answerBinaryGet, answerBinarySet, putHeader } from './answer-binary';
import { answerGet, answerSet, answerTouch, putDeleted } from './answer-classic';
import { answerMetaGet, answerMetaSet, putMetaDeleted } from './answer-meta';
import { putText } from './bytes';
import {
  CLASS_COUNT_DELETE_HITS,
  COUNT_DELETE_MISSES,
  TEXT_NOOP,
  TEXT_NOOP_BYTES,
} from './constants';
import { close, id, isMiss, item, open } from './open-key';
import { out, setOut } from './output';
import {
  BINARY_GET,
  BINARY_NOOP,
  BINARY_SET,
  DELETE,
  GET,
  hasBit,
  keyHash,
  kindOf,
  META_DELETE,
  META_GET,
  META_NOOP,
  META_SET,
  QUIET,
  SET,
  TOUCH,
} from './requests';
import { classOf, count, countInClass } from './store';
import { removeLive } from './write';

export function answer(entry: usize): bool {
  switch (kindOf(entry)) {
    case GET:
      return answerGet(entry);
    case META_GET:
      return answerMetaGet(entry);
    case BINARY_GET:
      return answerBinaryGet(entry);
    case SET:
      return answerSet(entry);
    case META_SET:
      return answerMetaSet(entry);
    case BINARY_SET:
      return answerBinarySet(entry);
    case DELETE:
    case META_DELETE:
      return answerDelete(entry);
    case TOUCH:
      return answerTouch(entry);
    case META_NOOP:
      setOut(putText(out, TEXT_NOOP, 0, TEXT_NOOP_BYTES));
      return true;
    case BINARY_NOOP:
      putHeader(entry, 0, 0, 0, 0, 0);
      return true;
    default:
      return false;
  }
}

function answerDelete(entry: usize): bool {
  if (!open(entry)) return false;
  const itemClass: u32 = isMiss ? 0 : classOf(id);
  const isRemoved = !isMiss && removeLive(keyHash(entry), id, item);
  close(entry);
  if (!isMiss && !isRemoved) return false;
  if (isMiss) count(COUNT_DELETE_MISSES);
  else countInClass(itemClass, CLASS_COUNT_DELETE_HITS);
  if (kindOf(entry) === META_DELETE) putMetaDeleted(entry);
  else if (!hasBit(entry, QUIET)) putDeleted();
  return true;
}
