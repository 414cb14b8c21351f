/** Longer keys, in UTF-16 units, are encoded in a new buffer. The protocol allows none so long. */
const IN_PLACE_UNITS_MAX = 256;
/** The longest UTF-8 encoding of one UTF-16 unit. */
const UNIT_BYTES_MAX = 3;

const scratch = Buffer.alloc(IN_PLACE_UNITS_MAX * UNIT_BYTES_MAX);

/** Runs `hash` over the bytes of `key`. The bytes are valid only during the call. */
export function hashKey(
  key: string | Uint8Array,
  hash: (bytes: Uint8Array, end: number) => number,
): number {
  if (typeof key !== 'string') return hash(key, key.length);
  if (key.length <= IN_PLACE_UNITS_MAX) return hash(scratch, scratch.write(key));
  const bytes = Buffer.from(key);
  return hash(bytes, bytes.length);
}
