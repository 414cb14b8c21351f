import { hash } from 'node:crypto';
import { CacheError } from '../errors.ts';

/** What happens to a key that cannot stand on the wire. */
export type KeyMode = 'refuse' | 'hash';

const KEY_BYTES_MAX = 250;
/** A blank or control character, which would end the key on the wire. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it finds.
const UNSAFE = /[\u0000-\u0020\u007f]/;
const FIRST_SAFE = 0x21;
const LAST_SAFE = 0x7e;
const HASH_MARK = '#sha256:';
/** Room for the mark and the digest behind a namespace. */
const NAMESPACE_BYTES_MAX = 150;

/** Turns the caller's keys into those on the wire: with the namespace in front, and safe. */
export class KeyCodec {
  readonly #namespace: string;
  readonly #mode: KeyMode;

  constructor(namespace: string, mode: KeyMode) {
    if (namespace !== '' && !isSafe(namespace, NAMESPACE_BYTES_MAX)) {
      const detail = `namespace is ${JSON.stringify(namespace)}: up to ${NAMESPACE_BYTES_MAX} bytes without blanks and control characters.`;
      throw new CacheError('ERR_ARGUMENT', { detail });
    }
    this.#namespace = namespace;
    this.#mode = mode;
  }

  /** Throws ERR_KEY for a key that cannot be sent. */
  onWire(key: string): string {
    if (typeof key !== 'string' || key === '') throw badKey(key);
    if (this.#mode === 'hash') return this.#hashed(key);
    const whole = this.#namespace === '' ? key : this.#namespace + key;
    if (isPlain(whole) || isSafe(whole, KEY_BYTES_MAX)) return whole;
    throw badKey(key);
  }

  /** A key that looks like a digest is hashed too: nobody can name another's. */
  #hashed(key: string): string {
    if (!key.isWellFormed()) throw badKey(key);
    const whole = this.#namespace + key;
    if (isSafe(whole, KEY_BYTES_MAX) && !key.startsWith(HASH_MARK)) return whole;
    return `${this.#namespace}${HASH_MARK}${hash('sha256', key, 'base64url')}`;
  }
}

/** Whether all is visible ASCII and short: nearly every key is, and this is quick to see. */
function isPlain(key: string): boolean {
  if (key.length > KEY_BYTES_MAX) return false;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code < FIRST_SAFE || code > LAST_SAFE) return false;
  }
  return true;
}

function isSafe(key: string, bytesMax: number): boolean {
  if (UNSAFE.test(key)) return false;
  // Half a surrogate pair has no UTF-8: the node would give back another key.
  return key.isWellFormed() && Buffer.byteLength(key) <= bytesMax;
}

function badKey(key: unknown): CacheError {
  const shown = JSON.stringify(typeof key === 'string' ? key.slice(0, 60) : key);
  const known = typeof key === 'string' ? { key } : {};
  return new CacheError('ERR_KEY', { detail: `It is ${shown}.`, ...known });
}
