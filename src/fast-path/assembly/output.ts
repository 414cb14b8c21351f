/** Where the next byte of output goes, and the bytes that all dialects write. */
import { copy, putDecimal } from './bytes';
import { REPLY_FRAME_BYTES_MAX } from './constants';

const BLANK = 0x20;

/** Where the next byte of output goes, and where the room for it ends. */
export let out: usize = 0;
let outEnd: usize = 0;

/** Sets where the output goes. */
export function beginOutput(at: usize, end: usize): void {
  out = at;
  outEnd = end;
}

/** Whether the reply with a value of that length has room. */
export function hasRoom(valueBytes: u32): bool {
  return out + REPLY_FRAME_BYTES_MAX + valueBytes <= outEnd;
}

export function putByte(byte: u32): void {
  store<u8>(out, byte);
  out++;
}

export function putBytes(from: usize, bytes: u32): void {
  copy(out, from, bytes);
  out += bytes;
}

export function putNumber(value: u32): void {
  putByte(BLANK);
  out = putDecimal(out, value);
}

export function putLetter(letter: u32): void {
  putByte(BLANK);
  putByte(letter);
}

export function putLetterNumber(letter: u32, value: u32): void {
  putLetter(letter);
  out = putDecimal(out, value);
}

/** Goes on where a number or a text ends. */
export function setOut(at: usize): void {
  out = at;
}
