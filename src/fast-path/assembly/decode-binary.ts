/** Decodes gets and plain sets of the binary protocol. */
import {
  BINARY_HEADER_BYTES,
  ENTRIES_MAX,
  KEY_BYTES_MAX,
  LEGACY_KEY_BYTES,
  LEGACY_KEY_FIRST,
  MAGIC_REQUEST,
  OPCODE_GET,
  OPCODE_GET_K,
  OPCODE_GET_KQ,
  OPCODE_GET_Q,
  OPCODE_NOOP,
  OPCODE_SET,
  OPCODE_SET_Q,
} from './constants';
import { place } from './decode-classic';
import { hashOf } from './hash';
import {
  BINARY_GET,
  BINARY_NOOP,
  BINARY_SET,
  begin,
  entryAt,
  QUIET,
  setBit,
  setClientFlags,
  setExptime,
  setKey,
  setNext,
  setValue,
  WITH_KEY,
} from './requests';

const SET_EXTRA_BYTES: u32 = 8;
const I32_MAX: u32 = 0x7fff_ffff;

/** Decodes the packet at `packet` into entry `nth`; returns 1, or 0 as `decodeClassic`. */
export function decodeBinary(packet: usize, end: usize, nth: i32): i32 {
  if (<i32>(end - packet) < BINARY_HEADER_BYTES || nth >= ENTRIES_MAX) return 0;
  if (load<u8>(packet) !== MAGIC_REQUEST) return 0;
  const opcode = <i32>load<u8>(packet, 1);
  const keyBytes = <u32>bswap<u16>(load<u16>(packet, 2));
  const bodyBytes = bswap<u32>(load<u32>(packet, 8));
  if (keyBytes > <u32>KEY_BYTES_MAX || bodyBytes > <u32>(end - packet)) return 0;
  const next = packet + BINARY_HEADER_BYTES + bodyBytes;
  if (next > end) return 0;
  const entry = entryAt(nth);
  const extraBytes = <u32>load<u8>(packet, 4);
  let isSimple = false;
  if (opcode === OPCODE_SET || opcode === OPCODE_SET_Q) {
    isSimple = extraBytes === SET_EXTRA_BYTES && decodeSet(entry, packet, keyBytes, bodyBytes);
    if (opcode === OPCODE_SET_Q) setBit(entry, QUIET);
  } else if (opcode === OPCODE_NOOP) {
    begin(entry, BINARY_NOOP, packet);
    isSimple = extraBytes === 0 && bodyBytes === 0 && keyBytes === 0;
  } else if (extraBytes === 0 && keyBytes !== 0 && bodyBytes === keyBytes) {
    isSimple = decodeGet(entry, packet, keyBytes, opcode);
  }
  setNext(entry, next);
  return isSimple ? 1 : 0;
}

function decodeGet(entry: usize, packet: usize, keyBytes: u32, opcode: i32): bool {
  begin(entry, BINARY_GET, packet);
  const isQuiet = opcode === OPCODE_GET_Q || opcode === OPCODE_GET_KQ;
  const isWithKey = opcode === OPCODE_GET_K || opcode === OPCODE_GET_KQ;
  if (!isQuiet && !isWithKey && opcode !== OPCODE_GET) return false;
  if (isQuiet) setBit(entry, QUIET);
  if (isWithKey) setBit(entry, WITH_KEY);
  const key = packet + BINARY_HEADER_BYTES;
  setKey(entry, key, keyBytes, hashOf(key, keyBytes));
  return keyBytes !== LEGACY_KEY_BYTES || load<u8>(key) !== LEGACY_KEY_FIRST;
}

/** A set without a CAS id to compare with. */
function decodeSet(entry: usize, packet: usize, keyBytes: u32, bodyBytes: u32): bool {
  begin(entry, BINARY_SET, packet);
  const head = keyBytes + SET_EXTRA_BYTES;
  if (keyBytes === 0 || bodyBytes < head || load<u64>(packet, 16) !== 0) return false;
  const extras = packet + BINARY_HEADER_BYTES;
  const exptime = bswap<u32>(load<u32>(extras, 4));
  if (exptime > I32_MAX) return false;
  setClientFlags(entry, bswap<u32>(load<u32>(extras)));
  setExptime(entry, exptime);
  const key = extras + SET_EXTRA_BYTES;
  setKey(entry, key, keyBytes, hashOf(key, keyBytes));
  setValue(entry, key + keyBytes, bodyBytes - head);
  return place(entry);
}
