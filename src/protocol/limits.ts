/** Bytes of a key: 1 … this (memcached, KEY_MAX_LENGTH). */
export const KEY_BYTES_MAX = 250;

/** A line without a newline within this many bytes ends the connection, unless it is a get. */
export const LINE_BYTES_MAX = 2048;

/** A `get` may name many keys; memcached sets no bound, we stop here (about 16,000 long keys). */
export const GET_LINE_BYTES_MAX = 4 * 1024 * 1024;

/** Blanks that may stand before a command whose line is long (memcached skips no more). */
export const LEADING_BLANKS_MAX = 100;

/** The longest data of a config entry (ElastiCache, config_size_max). */
export const CONFIG_BYTES_MAX = 65_536;

/** The longest data block that a storage line may announce: INT_MAX - 2, in bytes. */
export const DATA_BYTES_MAX = 2 ** 31 - 3;

/** The most that a reply can need beside one value: key, numbers and the words around them. */
export const REPLY_FRAME_BYTES_MAX = 1024;
