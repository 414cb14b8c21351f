/** How the command line shows keys, which may have any byte. */
import { utf8Of } from '../../ops/index.ts';

/** What a terminal shows as it is; `%` is not among it, because it begins an escape. */
const SHOWN = /^[\x21-\x24\x26-\x7e\p{L}\p{N}]$/u;
const ESCAPE = /%([0-9A-Fa-f]{2})/g;

/**
 * Shows a key (latin1, one character for each byte) as one word: a byte that is no letter, digit or
 * sign becomes `%XX`, and so does every byte of a key that is not UTF-8.
 */
export function shownKey(key: string): string {
  const text = utf8Of(key);
  if (text === undefined)
    return [...key].map((char) => (isAscii(char) ? char : hex(char))).join('');
  return [...text].map((char) => (SHOWN.test(char) ? char : hexOfText(char))).join('');
}

/** The bytes of a key as `shownKey` writes it. */
export function keyOfShown(shown: string): Buffer {
  const parts = shown.split(ESCAPE);
  // Every second part is what an escape stands for.
  return Buffer.concat(parts.map((part, i) => Buffer.from(part, i % 2 === 0 ? 'utf8' : 'hex')));
}

const isAscii = (char: string): boolean => /[\x21-\x24\x26-\x7e]/.test(char);
const hex = (char: string): string =>
  `%${char.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`;
const hexOfText = (char: string): string =>
  [...Buffer.from(char).toString('latin1')].map(hex).join('');
