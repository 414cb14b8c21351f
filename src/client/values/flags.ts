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
