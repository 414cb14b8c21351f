/**
 * A batch is the Unix time of its sender (f64, milliseconds), then states one after the other; one
 * state, with numbers in big-endian:
 *
 *   0     1      2     3    4       8      12     16       24       32       40      44
 *   | u8  | u8   | u8  | 0  | u32   | u32  | u32  | u64    | u64    | u64    | u32   | key, value
 *   | bits| key  | hits|    | client|expiry| idle | version| read   | own    | value |
 *   |     | bytes|     |    | flags |      | time |        | number | CAS id | bytes |
 *
 * A key that does not exist has only its read number: every other field is 0.
 */
export const STATE = {
  keyLength: 1,
  hits: 2,
  zero: 3,
  clientFlags: 4,
  expiry: 8,
  idle: 12,
  cas: 16,
  read: 24,
  ownCas: 32,
  valueLength: 40,
  headBytes: 44,
} as const;

/** The bits in the first byte. */
export const STATE_BIT = {
  exists: 1,
  stale: 2,
  leased: 4,
  binary: 8,
  ownCas: 16,
  fetched: 32,
  kept: 64,
} as const;
