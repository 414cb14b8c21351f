import { CacheError } from '../errors.ts';

/** What can be stored: text, or bytes. */
export type Value = string | Uint8Array;

/**
 * The client flag that marks bytes. Text carries no flag, as memjs and PHP store it, so each reads
 * the other's.
 */
export const BYTES_FLAG = 0x0100_0000;

export function encodeValue(value: Value): { readonly bytes: Uint8Array; readonly flags: number } {
  if (typeof value === 'string') return { bytes: Buffer.from(value, 'utf8'), flags: 0 };
  if (value instanceof Uint8Array) return { bytes: value, flags: BYTES_FLAG };
  throw new CacheError('ERR_ARGUMENT', { detail: 'A value is a string or a Uint8Array.' });
}

/** Text unless it was stored as bytes. */
export function decodeValue(bytes: Buffer, flags: number): Value {
  return (flags & BYTES_FLAG) === 0 ? bytes.toString('utf8') : bytes;
}

const KEY_BYTES_MAX = 250;
/** A blank or control character, which would end the key on the wire. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds.
const UNSAFE = /[\u0000-\u0020\u007f]/;

/** Throws ERR_KEY unless `key` can stand on the wire. */
export function checkKey(key: string): void {
  if (typeof key !== 'string' || key.length === 0 || UNSAFE.test(key)) throw badKey(key);
  // Half a surrogate pair has no UTF-8: the node would give back another key.
  if (!key.isWellFormed()) throw badKey(key);
  // A UTF-16 unit takes three bytes of UTF-8 at the most.
  if (key.length * 3 > KEY_BYTES_MAX && Buffer.byteLength(key) > KEY_BYTES_MAX) throw badKey(key);
}

function badKey(key: unknown): CacheError {
  const shown = JSON.stringify(typeof key === 'string' ? key.slice(0, 60) : key);
  return new CacheError('ERR_KEY', { detail: `It is ${shown}.` });
}
