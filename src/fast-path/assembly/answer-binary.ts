import { putText } from './bytes';
import {
  BINARY_HEADER_BYTES,
  MAGIC_REPLY,
  STATUS_NOT_FOUND,
  TEXT_BINARY_NOT_FOUND,
  TEXT_BINARY_NOT_FOUND_BYTES,
  TEXT_BINARY_NOT_FOUND_REST,
} from './constants';
import { noteHit } from './lookup';
import { close, countGetHit, countGetMiss, isMiss, item, meta, open, putValue } from './open-key';
import { hasRoom, out, putBytes, setOut } from './output';
import { hasBit, keyBytes, keyOf, lineOf, QUIET, WITH_KEY } from './requests';
import { casOf, clientFlagsOf, now, valueBytesOf } from './store';
import { set, storedCas } from './write';

const BINARY_FLAGS_BYTES: u32 = 4;

/** The header of a reply, with the opcode and the opaque of the request. */
export function putHeader(
  entry: usize,
  status: u32,
  extraBytes: u32,
  keyBytes: u32,
  bodyBytes: u32,
  cas: u64,
): void {
  const packet = lineOf(entry);
  store<u8>(out, MAGIC_REPLY);
  store<u8>(out, load<u8>(packet, 1), 1);
  store<u16>(out, bswap<u16>(<u16>keyBytes), 2);
  store<u32>(out, extraBytes, 4);
  store<u16>(out, bswap<u16>(<u16>status), 6);
  store<u32>(out, bswap<u32>(bodyBytes), 8);
  store<u32>(out, load<u32>(packet, 12), 12);
  store<u64>(out, bswap<u64>(cas), 16);
  setOut(out + BINARY_HEADER_BYTES);
}

export function answerBinaryGet(entry: usize): bool {
  if (!open(entry)) return false;
  if (isMiss) {
    close(entry);
    countGetMiss();
    if (!hasBit(entry, QUIET)) putBinaryMiss(entry);
    return true;
  }
  const bytes = valueBytesOf(item);
  if (!hasRoom(bytes)) {
    close(entry);
    return false;
  }
  const shownKey: u32 = hasBit(entry, WITH_KEY) ? keyBytes(entry) : 0;
  const body = BINARY_FLAGS_BYTES + shownKey + bytes;
  putHeader(entry, 0, BINARY_FLAGS_BYTES, shownKey, body, casOf(item, meta));
  store<u32>(out, bswap<u32>(clientFlagsOf(item, meta)));
  setOut(out + BINARY_FLAGS_BYTES);
  putBytes(keyOf(entry), shownKey);
  putValue();
  noteHit(item, meta, now());
  countGetHit();
  close(entry);
  return true;
}

/** A miss shows the key, if the reply to a hit would, in place of the error text. */
function putBinaryMiss(entry: usize): void {
  if (hasBit(entry, WITH_KEY)) {
    const bytes = keyBytes(entry);
    putHeader(entry, STATUS_NOT_FOUND, 0, bytes, bytes, 0);
    putBytes(keyOf(entry), bytes);
    return;
  }
  putHeader(entry, STATUS_NOT_FOUND, 0, 0, TEXT_BINARY_NOT_FOUND_BYTES, 0);
  setOut(
    putText(out, TEXT_BINARY_NOT_FOUND, TEXT_BINARY_NOT_FOUND_REST, TEXT_BINARY_NOT_FOUND_BYTES),
  );
}

export function answerBinarySet(entry: usize): bool {
  if (!set(entry)) return false;
  if (!hasBit(entry, QUIET)) putHeader(entry, 0, 0, 0, 0, storedCas());
  return true;
}
