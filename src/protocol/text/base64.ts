/** Base64 for keys of meta commands (RFC 4648, as lenient as memcached's `base64.c`). */
import type { ByteSink } from '../../base/index.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const NO_DIGIT = 0xff;
/** The six bits of each character; `=` stands for six zero bits. */
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, character] of ALPHABET.entries()) DIGITS[character] = value;
DIGITS[PAD] = 0;

/**
 * Decodes `source[start, end)` to the start of `target`; returns the number of decoded bytes, 0 for
 * invalid base64. It skips characters outside the alphabet, and ignores what follows the padding.
 */
export function decodeBase64(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
): number {
  let characters = 0;
  for (let i = start; i < end; i++) if (DIGITS[source[i]!] !== NO_DIGIT) characters++;
  if (characters === 0 || characters % 4 !== 0) return 0;
  let decodedBytes = 0;
  let block = 0;
  let digitsInBlock = 0;
  let padding = 0;
  for (let i = start; i < end; i++) {
    const digit = DIGITS[source[i]!]!;
    if (digit === NO_DIGIT) continue;
    if (source[i] === PAD) padding++;
    block = (block << 6) | digit;
    if (++digitsInBlock < 4) continue;
    target[decodedBytes++] = block >>> 16;
    target[decodedBytes++] = block >>> 8;
    target[decodedBytes++] = block;
    if (padding > 2) return 0;
    if (padding > 0) return decodedBytes - padding;
    block = 0;
    digitsInBlock = 0;
  }
  return decodedBytes;
}

/** Appends `source[start, end)` in base64, with padding. The caller has reserved the room. */
export function putBase64(sink: ByteSink, source: Uint8Array, start: number, end: number): void {
  const { bytes } = sink;
  let { at } = sink;
  for (let i = start; i < end; i += 3) {
    const remaining = end - i;
    const block =
      (source[i]! << 16) |
      ((remaining > 1 ? source[i + 1]! : 0) << 8) |
      (remaining > 2 ? source[i + 2]! : 0);
    bytes[at++] = ALPHABET[block >>> 18]!;
    bytes[at++] = ALPHABET[(block >>> 12) & 63]!;
    bytes[at++] = remaining > 1 ? ALPHABET[(block >>> 6) & 63]! : PAD;
    bytes[at++] = remaining > 2 ? ALPHABET[block & 63]! : PAD;
  }
  sink.at = at;
}
