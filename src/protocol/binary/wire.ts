/**
 * The frame of the binary protocol (memcached protocol_binary.h); numbers are big-endian:
 *
 *   0       1        2           4        5          6                8          12       16     24
 *   ├ magic ┼ opcode ┼ key bytes ┼ extras ┼ datatype ┼ vbucket, or    ┼ body len ┼ opaque ┼ CAS ─┤
 *   │       │        │           │ bytes  │ (unused) │ reply status   │          │        │      │
 *
 *   then the body: [extras] [key] [value]
 */
export const HEADER_BYTES = 24;
export const MAGIC = { request: 0x80, reply: 0x81 } as const;

export const OPCODE = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  increment: 0x05,
  decrement: 0x06,
  quit: 0x07,
  flush: 0x08,
  getQ: 0x09,
  noop: 0x0a,
  version: 0x0b,
  getK: 0x0c,
  getKQ: 0x0d,
  append: 0x0e,
  prepend: 0x0f,
  stat: 0x10,
  setQ: 0x11,
  addQ: 0x12,
  replaceQ: 0x13,
  deleteQ: 0x14,
  incrementQ: 0x15,
  decrementQ: 0x16,
  quitQ: 0x17,
  flushQ: 0x18,
  appendQ: 0x19,
  prependQ: 0x1a,
  verbosity: 0x1b,
  touch: 0x1c,
  gat: 0x1d,
  gatQ: 0x1e,
  saslMechanisms: 0x20,
  saslStart: 0x21,
  saslStep: 0x22,
  gatK: 0x23,
  gatKQ: 0x24,
  // The configuration commands of ElastiCache's fork of memcached.
  configGet: 0x60,
  configGetQ: 0x61,
  configGetK: 0x62,
  configGetKQ: 0x63,
  configSet: 0x64,
  configSetQ: 0x65,
  configDelete: 0x66,
  configDeleteQ: 0x67,
  configList: 0x68,
} as const;

export const BINARY_STATUS = {
  success: 0x00,
  notFound: 0x01,
  exists: 0x02,
  tooLarge: 0x03,
  invalidArguments: 0x04,
  notStored: 0x05,
  nonNumeric: 0x06,
  authFailure: 0x20,
  authContinue: 0x21,
  unknownCommand: 0x81,
  outOfMemory: 0x82,
  internalError: 0x84,
} as const;
