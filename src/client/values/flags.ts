/**
 * The client flags of a value: what it was before it became bytes.
 *
 *   text    no flag, as memjs, PHP and pylibmc's bytes have it, so that each reads the other's
 *   others  in the top byte, where no client that we know of keeps anything
 */
export const BYTES_FLAG = 0x0100_0000;
export const JSON_FLAG = 0x0200_0000;
export const CUSTOM_FLAG = 0x0400_0000;
/** Beside one of the others: the bytes are a zstd frame. */
export const ZSTD_FLAG = 0x8000_0000;

const DALLI_ZLIB_FLAG = 2;
const PYTHON_ZLIB_FLAG = 8;
const PYTHON_TYPE_FLAGS = 2 | 4 | 16;

/**
 * Whether another client may mean a zlib stream of text by these flags. It is one if it begins like one: elsewhere
 * the same flags stand for digits or JSON, which do not.
 *
 *   8, with 2 (an integer), 4 (a long one) or 16 (a string)   pylibmc, python-memcached
 *   2                                                         dalli's raw strings
 *
 * PHP's compressed strings (48, 80) have formats of their own; pickles and Marshal (with 1) are no text.
 */
export function maySayZlib(flags: number): boolean {
  return flags === DALLI_ZLIB_FLAG || (flags & ~PYTHON_TYPE_FLAGS) === PYTHON_ZLIB_FLAG;
}
