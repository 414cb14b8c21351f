import { hash } from 'node:crypto';
import { argumentError } from '../base/errors.ts';

/** Visible ASCII, short enough for a prefix and a namespace in the same key. */
const SAFE = /^[\x21-\x7e]{1,64}$/;
const HASH_PREFIX = '#sha256:';

/**
 * The part of a key that stands for a name which users of the application may choose: a user name,
 * a session id, a tag. It is the hash of a name that a key cannot carry, and of a name that looks
 * like such a hash, so that different names never share a key.
 * @param what names the argument in the failure.
 * @throws {CacheError} ERR_ARGUMENT for a name that is no text, such as a missing one.
 */
export function keyPartOf(name: string, what: string): string {
  if (typeof name !== 'string') throw argumentError(`${what} is ${typeof name}, not a text.`);
  if (SAFE.test(name) && !name.startsWith(HASH_PREFIX)) return name;
  // UTF-8 has no form for a lone surrogate: it would give different names the same bytes.
  return HASH_PREFIX + hash('sha256', Buffer.from(name, 'utf16le'), 'base64url');
}
