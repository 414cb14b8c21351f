/** Base64 as memcached reads and writes it in meta commands (RFC 4648; its `base64.c`'s leniency). */
import type { ByteSink } from '../../base/index.ts';

const ALPHABET = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/');
const PAD = 0x3d;
const NO_DIGIT = 0xff;
/** The six bits of each character; `=` counts as a character of zeros. */
const DIGITS = new Uint8Array(256).fill(NO_DIGIT);
for (const [value, character] of ALPHABET.entries()) DIGITS[character] = value;
DIGITS[PAD] = 0;

/**
 * Decodes `source[start, end)` to the front of `target`; returns the bytes it made, 0 when it is no
 * base64. Characters of no meaning are skipped, and what follows the padding is not looked at.
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
  let made = 0;
  let block = 0;
  let inBlock = 0;
  let padding = 0;
  for (let i = start; i < end; i++) {
    const digit = DIGITS[source[i]!]!;
    if (digit === NO_DIGIT) continue;
    if (source[i] === PAD) padding++;
    block = (block << 6) | digit;
    if (++inBlock < 4) continue;
    target[made++] = block >>> 16;
    target[made++] = block >>> 8;
    target[made++] = block;
    if (padding > 2) return 0;
    if (padding > 0) return made - padding;
    block = 0;
    inBlock = 0;
  }
  return made;
}

/** Appends `source[start, end)` in base64, padded; the sink has the room. */
export function putBase64(sink: ByteSink, source: Uint8Array, start: number, end: number): void {
  const { bytes } = sink;
  let { at } = sink;
  for (let i = start; i < end; i += 3) {
    const left = end - i;
    const block =
      (source[i]! << 16) | ((left > 1 ? source[i + 1]! : 0) << 8) | (left > 2 ? source[i + 2]! : 0);
    bytes[at++] = ALPHABET[block >>> 18]!;
    bytes[at++] = ALPHABET[(block >>> 12) & 63]!;
    bytes[at++] = left > 1 ? ALPHABET[(block >>> 6) & 63]! : PAD;
    bytes[at++] = left > 2 ? ALPHABET[block & 63]! : PAD;
  }
  sink.at = at;
}
