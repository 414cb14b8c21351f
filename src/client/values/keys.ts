import { hash } from 'node:crypto';
import { KEY_BYTES_MAX } from '../../protocol/client.ts';
import { CacheError } from '../base/errors.ts';
import type { KeyMode } from '../option-types/client.ts';

/** A blank or control character, which would terminate the key on the wire. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: the expression finds control characters.
const UNSAFE = /[\u0000-\u0020\u007f]/;
const ASCII_VISIBLE_MIN = 0x21;
const ASCII_VISIBLE_MAX = 0x7e;
const HASH_PREFIX = '#sha256:';
/** Leaves room for the hash prefix and the digest after the namespace. */
const NAMESPACE_BYTES_MAX = 150;

/** Maps the caller's keys to wire keys: adds the namespace, and rejects or hashes unsafe keys. */
export class KeyCodec {
  readonly #namespace: string;
  readonly #mode: KeyMode;

  constructor(namespace: string, mode: KeyMode) {
    if (namespace !== '' && !isSafe(namespace, NAMESPACE_BYTES_MAX)) {
      const rule = `at most ${NAMESPACE_BYTES_MAX} bytes without blanks and control characters`;
      const detail = `namespace must be ${rule}, not ${JSON.stringify(namespace)}.`;
      throw new CacheError('ERR_ARGUMENT', { detail });
    }
    this.#namespace = namespace;
    this.#mode = mode;
  }

  /** @throws {CacheError} ERR_KEY for a key that the protocol cannot carry. */
  toWire(key: string): string {
    if (typeof key !== 'string' || key === '') throw badKey(key);
    if (this.#mode === 'hash') return this.#hashed(key);
    const wireKey = this.#namespace === '' ? key : this.#namespace + key;
    if (isShortAscii(wireKey) || isSafe(wireKey, KEY_BYTES_MAX)) return wireKey;
    throw badKey(key);
  }

  /** Hashes also a key that looks like a digest, so that no key collides with a hashed key. */
  #hashed(key: string): string {
    if (!key.isWellFormed()) throw badKey(key);
    const wireKey = this.#namespace + key;
    if (isSafe(wireKey, KEY_BYTES_MAX) && !key.startsWith(HASH_PREFIX)) return wireKey;
    return `${this.#namespace}${HASH_PREFIX}${hash('sha256', key, 'base64url')}`;
  }
}

/** Whether the key is short visible ASCII: a fast check that nearly every key passes. */
function isShortAscii(key: string): boolean {
  if (key.length > KEY_BYTES_MAX) return false;
  for (let i = 0; i < key.length; i++) {
    const code = key.charCodeAt(i);
    if (code < ASCII_VISIBLE_MIN || code > ASCII_VISIBLE_MAX) return false;
  }
  return true;
}

function isSafe(key: string, bytesMax: number): boolean {
  if (UNSAFE.test(key)) return false;
  // A lone surrogate has no UTF-8 encoding: the node would store another key.
  return key.isWellFormed() && Buffer.byteLength(key) <= bytesMax;
}

function badKey(key: unknown): CacheError {
  if (typeof key !== 'string') {
    return new CacheError('ERR_KEY', { detail: `The key is of type ${typeof key}, not a text.` });
  }
  const shown = JSON.stringify(key.slice(0, 60));
  return new CacheError('ERR_KEY', { detail: `The key is ${shown}.`, key });
}
