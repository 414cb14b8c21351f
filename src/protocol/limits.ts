/** The longest key (memcached, KEY_MAX_LENGTH). */
export const KEY_BYTES_MAX = 250;

/** More bytes without a newline close the connection, unless the line is a get. */
export const LINE_BYTES_MAX = 2048;

/** The longest line of a `get`, about 16,000 long keys; memcached has no such bound. */
export const GET_LINE_BYTES_MAX = 4 * 1024 * 1024;

/** The most blanks before the command of a long line (memcached skips no more). */
export const LEADING_BLANKS_MAX = 100;

/** The longest data of a config entry (ElastiCache, config_size_max). */
export const CONFIG_BYTES_MAX = 65_536;

/** The longest data block that a storage command may announce: INT_MAX - 2. */
export const DATA_BYTES_MAX = 2 ** 31 - 3;

/** The most bytes that a reply takes beside one value: key, numbers and constants. */
export const REPLY_FRAME_BYTES_MAX = 1024;
