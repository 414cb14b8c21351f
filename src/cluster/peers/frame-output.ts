import { ByteSink } from '../../base/index.ts';
import {
  beginFrame,
  endFrame,
  FRAME_HEADER_BYTES,
  PAYLOAD_BYTES_MAX,
} from '../../protocol/peer.ts';
import { type Transport, WRITTEN } from '../../server/index.ts';

const SINK_BYTES = 16 * 1024;
/** What a connection begins with: many links carry few bytes. */
const SINK_BYTES_MIN = 1024;
/** So many bytes are written before the end of the turn. */
const WRITE_BYTES = 256 * 1024;
/** A larger buffer is freed after its write. */
const SINK_BYTES_KEPT = 2 * WRITE_BYTES;

/** A payload: its bytes, or a function that appends it to the sink, which it must not keep. */
export type PeerPayload = Buffer | ((sink: ByteSink) => void);

/** The frames that wait for the next write of a connection; all of them leave in one write. */
export class FrameOutput {
  readonly sink = new ByteSink(SINK_BYTES_MIN);
  /** Counts the writes: a frame that was put at the present number was not written. */
  writes = 0;
  #transport: Transport | undefined;
  /** The bytes that the transport still needs, and an empty buffer for the frames after them. */
  #kept: Buffer | undefined;
  #spare: Buffer | undefined;

  /** From now on `flush` writes to this transport; until then frames wait. */
  attach(transport: Transport): void {
    this.#transport = transport;
  }

  /** The bytes that the kernel has not taken. */
  get backlogBytes(): number {
    return this.sink.at + (this.#transport?.heldBytes ?? 0);
  }

  /** Appends a frame; returns its bytes, or 0 if it is too large: then nothing was appended. */
  put(kind: number, flags: number, id: number, version: number, payload?: PeerPayload): number {
    const { sink } = this;
    const at = beginFrame(sink, kind, flags, id, version);
    if (typeof payload === 'function') this.#putPayload(payload, at);
    else if (payload !== undefined) {
      if (payload.length > PAYLOAD_BYTES_MAX) return this.#takeBack(at);
      sink.ensure(payload.length);
      sink.putRange(payload, 0, payload.length);
    }
    const payloadBytes = endFrame(sink, at);
    if (payloadBytes > PAYLOAD_BYTES_MAX) return this.#takeBack(at);
    if (sink.at > WRITE_BYTES) this.flush();
    return FRAME_HEADER_BYTES + payloadBytes;
  }

  /** Writes all frames, unless the kernel has not taken the last write yet. */
  flush(): void {
    const { sink } = this;
    const transport = this.#transport;
    if (sink.at === 0 || transport === undefined || !transport.isFlushed()) return;
    this.writes++;
    const written = transport.write(sink.bytes, sink.at);
    if (written === WRITTEN.kept) this.#kept = this.#renew();
    else if (sink.bytes.length > SINK_BYTES_KEPT) this.#renew();
    else sink.at = 0;
  }

  /** Drops the frames and the transport; the kernel may still read what was written. */
  detach(): void {
    this.#transport = undefined;
    this.#kept = undefined;
    this.sink.swap(Buffer.allocUnsafeSlow(SINK_BYTES_MIN));
  }

  /** The kernel has taken the last write. */
  drained(): void {
    this.#transport?.freeCopy();
    if (this.#kept !== undefined && this.#kept.length <= SINK_BYTES_KEPT) this.#spare = this.#kept;
    this.#kept = undefined;
    this.flush();
  }

  /** Goes on in another buffer; returns the one before. */
  #renew(): Buffer {
    const next = this.#spare ?? Buffer.allocUnsafeSlow(SINK_BYTES);
    this.#spare = undefined;
    return this.sink.swap(next);
  }

  /** A payload that fails leaves the frames before it as they are. */
  #putPayload(payload: (sink: ByteSink) => void, at: number): void {
    let isWhole = false;
    try {
      payload(this.sink);
      isWhole = true;
    } finally {
      if (!isWhole) this.sink.at = at;
    }
  }

  #takeBack(at: number): 0 {
    this.sink.at = at;
    return 0;
  }
}
