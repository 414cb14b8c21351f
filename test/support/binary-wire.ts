/** Encodes and decodes binary packets for tests, independent of the code in `src`. */

export interface Packet {
  readonly opcode: number;
  readonly status: number;
  readonly extras: string;
  readonly key: string;
  readonly value: string;
  readonly opaque: number;
  readonly cas: bigint;
}

export interface PacketParts {
  readonly opcode: number;
  readonly magic?: number;
  readonly key?: string;
  readonly extras?: Buffer;
  readonly value?: string;
  readonly opaque?: number;
  readonly cas?: bigint;
  readonly datatype?: number;
  readonly vbucket?: number;
  /** These replace the true lengths. */
  readonly keyBytes?: number;
  readonly extraBytes?: number;
  readonly bodyBytes?: number;
}

const HEADER_BYTES = 24;
const REQUEST = 0x80;
const REPLY = 0x81;

export const OP = {
  get: 0x00,
  set: 0x01,
  add: 0x02,
  replace: 0x03,
  delete: 0x04,
  incr: 0x05,
  decr: 0x06,
  quit: 0x07,
  flush: 0x08,
  getq: 0x09,
  noop: 0x0a,
  version: 0x0b,
  getk: 0x0c,
  getkq: 0x0d,
  append: 0x0e,
  prepend: 0x0f,
  stat: 0x10,
  setq: 0x11,
  addq: 0x12,
  replaceq: 0x13,
  deleteq: 0x14,
  incrq: 0x15,
  decrq: 0x16,
  quitq: 0x17,
  flushq: 0x18,
  appendq: 0x19,
  prependq: 0x1a,
  verbosity: 0x1b,
  touch: 0x1c,
  gat: 0x1d,
  gatq: 0x1e,
  saslList: 0x20,
  saslAuth: 0x21,
  saslStep: 0x22,
  gatk: 0x23,
  gatkq: 0x24,
} as const;

export function packet(parts: PacketParts): Buffer {
  const key = Buffer.from(parts.key ?? '', 'latin1');
  const extras = parts.extras ?? Buffer.alloc(0);
  const value = Buffer.from(parts.value ?? '', 'latin1');
  const header = Buffer.alloc(HEADER_BYTES);
  header[0] = parts.magic ?? REQUEST;
  header[1] = parts.opcode;
  header.writeUInt16BE(parts.keyBytes ?? key.length, 2);
  header[4] = parts.extraBytes ?? extras.length;
  header[5] = parts.datatype ?? 0;
  header.writeUInt16BE(parts.vbucket ?? 0, 6);
  header.writeUInt32BE(parts.bodyBytes ?? extras.length + key.length + value.length, 8);
  header.writeUInt32BE(parts.opaque ?? 0xdeadbeef, 12);
  header.writeBigUInt64BE(parts.cas ?? 0n, 16);
  return Buffer.concat([header, extras, key, value]);
}

/** The extras of a storage request. */
export function storeExtras(flags = 0, exptime = 0): Buffer {
  const extras = Buffer.alloc(8);
  extras.writeUInt32BE(flags, 0);
  extras.writeUInt32BE(exptime, 4);
  return extras;
}

/** The extras of touch, gat, flush and verbosity. */
export function uint32Extras(value: number): Buffer {
  const extras = Buffer.alloc(4);
  extras.writeUInt32BE(value);
  return extras;
}

/** The extras of incr and decr. */
export function counterExtras(delta: bigint, initial = 0n, exptime = 0): Buffer {
  const extras = Buffer.alloc(20);
  extras.writeBigUInt64BE(delta, 0);
  extras.writeBigUInt64BE(initial, 8);
  extras.writeUInt32BE(exptime, 16);
  return extras;
}

/** Decodes complete replies; throws at other bytes. `rest` holds an incomplete reply at the end. */
export function packetsOf(bytes: Buffer): {
  readonly packets: readonly Packet[];
  readonly rest: Buffer;
} {
  const packets: Packet[] = [];
  let at = 0;
  while (bytes.length - at >= HEADER_BYTES) {
    if (bytes[at] !== REPLY)
      throw new Error(`the bytes at ${at} are not a binary reply: ${bytes.toString('hex')}`);
    const bodyBytes = bytes.readUInt32BE(at + 8);
    const end = at + HEADER_BYTES + bodyBytes;
    if (end > bytes.length) break;
    packets.push(readPacket(bytes.subarray(at, end)));
    at = end;
  }
  return { packets, rest: bytes.subarray(at) };
}

function readPacket(bytes: Buffer): Packet {
  const keyAt = HEADER_BYTES + bytes[4]!;
  const valueAt = keyAt + bytes.readUInt16BE(2);
  return {
    opcode: bytes[1]!,
    status: bytes.readUInt16BE(6),
    extras: bytes.toString('hex', HEADER_BYTES, keyAt),
    key: bytes.toString('latin1', keyAt, valueAt),
    value: bytes.toString('latin1', valueAt),
    opaque: bytes.readUInt32BE(12),
    cas: bytes.readBigUInt64BE(16),
  };
}
