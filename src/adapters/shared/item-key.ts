import { hash } from 'node:crypto';

/** Visible ASCII, short enough for a prefix and a namespace of the client in the same key. */
const SAFE = /^[\x21-\x7e]{1,100}$/;
const HASH_MARK = '#sha256:';

/**
 * The key of an item: frameworks use keys that the protocol cannot carry, such as URLs. Such a key
 * is hashed, and also one that looks like a hash, so that two keys never share an item.
 */
export function itemKey(prefix: string, key: string): string {
  if (SAFE.test(key) && !key.startsWith(HASH_MARK)) return prefix + key;
  // UTF-8 has no form for a lone surrogate: two keys would have the same bytes.
  return prefix + HASH_MARK + hash('sha256', Buffer.from(key, 'utf16le'), 'base64url');
}
