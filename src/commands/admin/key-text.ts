/** How listings write keys. A key of the binary protocol may contain any byte, also a newline. */
import type { ByteSink } from '../../base/index.ts';

const LF = 0x0a;
const CR = 0x0d;
const BLANK = 0x20;
const DELETE = 0x7f;
const PERCENT = 0x25;
const HEX = Buffer.from('0123456789ABCDEF', 'latin1');
/** Characters that a URI does not encode (RFC 3986, unreserved). */
const UNRESERVED = new Uint8Array(256);
for (const byte of Buffer.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~',
)) {
  UNRESERVED[byte] = 1;
}

/** Whether a key is one word of a text line: it has no blank and no control character. */
export function isWord(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at]! <= BLANK || bytes[at] === DELETE) return false;
  }
  return true;
}

/** Whether a reply line can have a key raw: memcached ends a word at a blank, and a line at LF. */
export function fitsLine(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === BLANK || byte === CR || byte === LF) return false;
  }
  return true;
}

/** Writes a key as one word: every byte that is not unreserved in a URI becomes `%XX`. */
export function putEncodedKey(sink: ByteSink, bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (UNRESERVED[byte] === 1) {
      sink.putByte(byte);
      continue;
    }
    sink.putByte(PERCENT);
    sink.putByte(HEX[byte >>> 4]!);
    sink.putByte(HEX[byte & 15]!);
  }
}

/** Writes a key as it is, or encoded if it is no word. */
export function putKeyWord(sink: ByteSink, bytes: Buffer, start: number, end: number): void {
  if (isWord(bytes, start, end)) sink.putRange(bytes, start, end);
  else putEncodedKey(sink, bytes, start, end);
}
