/** Keys up to so many UTF-16 units are encoded in place; none that the protocol takes is longer. */
const IN_PLACE_UNITS_MAX = 256;
/** Of one UTF-16 unit in UTF-8. */
const UNIT_BYTES_MAX = 3;

const scratch = Buffer.alloc(IN_PLACE_UNITS_MAX * UNIT_BYTES_MAX);

/** Runs `hash` over the bytes of `key`, which a short string lends only for the call. */
export function hashKey(
  key: string | Uint8Array,
  hash: (bytes: Uint8Array, end: number) => number,
): number {
  if (typeof key !== 'string') return hash(key, key.length);
  if (key.length <= IN_PLACE_UNITS_MAX) return hash(scratch, scratch.write(key));
  const bytes = Buffer.from(key);
  return hash(bytes, bytes.length);
}
