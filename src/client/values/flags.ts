/**
 * The client flags of a value: its type before encoding.
 *
 *   text    no flag, like memjs, PHP and pylibmc's bytes, so that they read each other's text
 *   others  a flag in the top byte, which no other known client uses
 *
 * An empty text has a flag of its own: without flags it would look like the placeholder of a lease.
 */
export const EMPTY_TEXT_FLAG = 0x0800_0000;
export const BYTES_FLAG = 0x0100_0000;
export const JSON_FLAG = 0x0200_0000;
export const CUSTOM_FLAG = 0x0400_0000;
/** Combined with one of the other flags: the bytes are a zstd frame. */
export const ZSTD_FLAG = 0x8000_0000;

const DALLI_ZLIB_FLAG = 2;
const PYTHON_ZLIB_FLAG = 8;
const PYTHON_TYPE_FLAGS = 2 | 4 | 16;

/**
 * Whether another client may have stored zlib-compressed text with these flags. The value's header
 * decides (`isZlib`): other clients use the same flags for digits or JSON, which have no such
 * header.
 *
 *   8, with 2 (an integer), 4 (a long one) or 16 (a string)   pylibmc, python-memcached
 *   2                                                         dalli's raw strings
 *
 * PHP's compressed strings (48, 80) have other formats; pickles and Marshal (flag 1) are not text.
 */
export function mayBeZlib(flags: number): boolean {
  return flags === DALLI_ZLIB_FLAG || (flags & ~PYTHON_TYPE_FLAGS) === PYTHON_ZLIB_FLAG;
}
