import { BufferView, type ByteSink } from '../../base/index.ts';

/**
 * The header of a frame; numbers are big-endian.
 *
 *   0        4      5       6      8     12               20
 *   | u32    | u8   | u8    | u16  | u32 | u64            | payload
 *   | payload| kind | flags | 0    | id  | topology       |
 *   | bytes  |      |       |      |     | version        |
 */
export const FRAME_HEADER_BYTES = 20;
const KIND_AT = 4;
const FLAGS_AT = 5;
const ZERO_AT = 6;
const ID_AT = 8;
const VERSION_AT = 12;

/**
 * The largest payload: a value of 64 MiB, and 64 KiB for its key, its command line and its fields.
 * Both ends hold a whole frame in memory, so a node whose largest item is larger joins no cluster.
 */
export const PEER_VALUE_BYTES_MAX = 64 * 1024 * 1024;
export const PAYLOAD_BYTES_MAX = PEER_VALUE_BYTES_MAX + 64 * 1024;
/** The largest payload before the handshake is complete. */
export const HANDSHAKE_PAYLOAD_BYTES_MAX = 1024;

const TWO_32 = 0x1_0000_0000;
const HIGH_MAX = 0x1f_ffff;

/** What a frame is. A node that gets another kind closes the connection. */
export const KIND = {
  challenge: 1,
  hello: 2,
  welcome: 3,
  refusal: 4,
  /** A request of a client, for its primary. */
  forward: 16,
  /** A batch of states of keys. */
  states: 17,
  /** The sender has finished the changes of an older topology. */
  mark: 18,
  flush: 19,
  /** A small payload both ways, such as a grant. */
  ping: 20,
  /** A batch of states that evict nothing that was used after them. */
  fill: 21,
  /** The reply to each of these; its flags are a reply status. */
  reply: 32,
} as const;
export type RequestKind =
  | typeof KIND.forward
  | typeof KIND.states
  | typeof KIND.fill
  | typeof KIND.mark
  | typeof KIND.flush
  | typeof KIND.ping;

/** The flags of a reply. */
export const PEER_STATUS = {
  ok: 0,
  /** The node is not the primary of the key; nothing was executed. */
  notMine: 1,
  /** The receiver has a newer topology, and takes nothing of this one; nothing was executed. */
  newer: 2,
  /** The payload is a text that says what failed. */
  failed: 3,
} as const;
export type PeerStatus = (typeof PEER_STATUS)[keyof typeof PEER_STATUS];

/** The bytes of a peer are no frames: close the connection. The message is for the log. */
export class MalformedFrame extends Error {
  override readonly name = 'MalformedFrame';
}

/**
 * One received frame: its payload is `bytes[start, end)`. It is valid only during the call that
 * passes it, because the next frame reuses the object and the bytes.
 */
export class Frame extends BufferView {
  kind = 0;
  flags = 0;
  /** A reply repeats the id of its request. */
  id = 0;
  /** The topology version of the sender. */
  version = 0;
  start = 0;
  end = 0;

  get payloadBytes(): number {
    return this.end - this.start;
  }

  /** A copy of the frame, to keep after the call. */
  copy(): Frame {
    const kept = new Frame();
    kept.show(this.copyPayload());
    kept.kind = this.kind;
    kept.flags = this.flags;
    kept.id = this.id;
    kept.version = this.version;
    kept.end = this.payloadBytes;
    return kept;
  }

  /** A copy of the payload, to keep. */
  copyPayload(): Buffer {
    return Buffer.from(this.bytes.subarray(this.start, this.end));
  }

  /** The payload as text. */
  payloadText(): string {
    return this.bytes.toString('utf8', this.start, this.end);
  }

  /** @throws {MalformedFrame} if the payload is shorter. */
  requireBytes(bytes: number, what: string): void {
    if (this.end - this.start < bytes) throw new MalformedFrame(`${what} is too short`);
  }

  /**
   * Reads the header at `at` of the bytes, which are there; the payload may be incomplete.
   * @throws {MalformedFrame} if it is no header, or announces more than `payloadBytesMax`.
   */
  readHeader(at: number, payloadBytesMax: number): void {
    const { view } = this;
    const payloadBytes = view.getUint32(at);
    if (payloadBytes > payloadBytesMax) {
      throw new MalformedFrame(`a frame announces ${payloadBytes} bytes of ${payloadBytesMax}`);
    }
    if (view.getUint16(at + ZERO_AT) !== 0) throw new MalformedFrame('a header has unknown bits');
    this.kind = view.getUint8(at + KIND_AT);
    this.flags = view.getUint8(at + FLAGS_AT);
    this.id = view.getUint32(at + ID_AT);
    this.version = readSafe64(view, at + VERSION_AT);
    this.start = at + FRAME_HEADER_BYTES;
    this.end = this.start + payloadBytes;
  }
}

/** Appends the header of a frame; `endFrame` sets its length. Returns where the frame starts. */
export function beginFrame(
  sink: ByteSink,
  kind: number,
  flags: number,
  id: number,
  version: number,
): number {
  sink.ensure(FRAME_HEADER_BYTES);
  const { at, view } = sink;
  view.setUint8(at + KIND_AT, kind);
  view.setUint8(at + FLAGS_AT, flags);
  view.setUint16(at + ZERO_AT, 0);
  view.setUint32(at + ID_AT, id);
  setSafe64(view, at + VERSION_AT, version);
  sink.at = at + FRAME_HEADER_BYTES;
  return at;
}

/** Completes the frame that starts at `at`; returns the bytes of its payload. */
export function endFrame(sink: ByteSink, at: number): number {
  const payloadBytes = sink.at - at - FRAME_HEADER_BYTES;
  sink.view.setUint32(at, payloadBytes);
  return payloadBytes;
}

/** Reads a whole number of 64 bits, 0 … 2^53 - 1. */
export function readSafe64(view: DataView, at: number): number {
  const high = view.getUint32(at);
  if (high > HIGH_MAX) throw new MalformedFrame('a number is above 2^53');
  return high * TWO_32 + view.getUint32(at + 4);
}

export function setSafe64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / TWO_32));
  view.setUint32(at + 4, value >>> 0);
}
