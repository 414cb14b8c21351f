/** The letters of meta flags that executors and replies handle, by meaning. */
export const META_LETTER = {
  cas: 0x63,
  clientFlags: 0x66,
  hit: 0x68,
  key: 0x6b,
  lastAccess: 0x6c,
  size: 0x73,
  ttl: 0x74,
  vivify: 0x4e,
  opaque: 0x4f,
  recache: 0x52,
  touch: 0x54,
  /** The last three are flags of replies only: lease won, stale, lease taken. */
  won: 0x57,
  stale: 0x58,
  leaseTaken: 0x5a,
} as const;
