import type { ByteSink } from '../../base/index.ts';
import { type Frame, MalformedFrame } from './frame.ts';

/**
 * The payloads of the short requests:
 *
 *   forward  u8 dialect | u8 role | u16 0 | the bytes of the client's request
 *   mark     nothing: the header has the version
 *   flush    u8 phase, 1 or 2 | 3 bytes 0 | i32 exptime of the flush, as a client sends it
 *   ping     up to PING_BYTES_MAX bytes, which only the two nodes understand
 */
const FORWARD_HEAD_BYTES = 4;
const FLUSH_BYTES = 8;
const EXPTIME_AT = 4;
export const PING_BYTES_MAX = 4096;

/** The two rounds of a flush of the cluster. */
export type FlushPhase = 1 | 2;

/** Appends the payload of `forward`: the request is `bytes[start, end)`. */
export function putForward(
  sink: ByteSink,
  dialect: number,
  role: number,
  bytes: Buffer,
  start: number,
  end: number,
): void {
  sink.ensure(FORWARD_HEAD_BYTES + end - start);
  const { at, view } = sink;
  view.setUint8(at, dialect);
  view.setUint8(at + 1, role);
  view.setUint16(at + 2, 0);
  sink.at = at + FORWARD_HEAD_BYTES;
  sink.putRange(bytes, start, end);
}

/** A received `forward`: the request is `frame.bytes[start, frame.end)`. */
export class ForwardView {
  dialect = 0;
  role = 0;
  start = 0;

  /** @throws {MalformedFrame} if the payload is none of `forward`. */
  read(frame: Frame): void {
    frame.requireBytes(FORWARD_HEAD_BYTES, 'a forwarded request');
    this.dialect = frame.view.getUint8(frame.start);
    this.role = frame.view.getUint8(frame.start + 1);
    this.start = frame.start + FORWARD_HEAD_BYTES;
  }
}

export function putFlush(sink: ByteSink, phase: FlushPhase, exptime: number): void {
  sink.ensure(FLUSH_BYTES);
  sink.view.setUint32(sink.at, 0);
  sink.view.setUint8(sink.at, phase);
  sink.view.setInt32(sink.at + EXPTIME_AT, exptime);
  sink.at += FLUSH_BYTES;
}

/** @throws {MalformedFrame} if the payload is none of `flush`. */
export function readFlush(frame: Frame): { readonly phase: FlushPhase; readonly exptime: number } {
  frame.requireBytes(FLUSH_BYTES, 'a flush');
  const phase = frame.view.getUint8(frame.start);
  if (phase !== 1 && phase !== 2) throw new MalformedFrame(`a flush has the phase ${phase}`);
  return { phase, exptime: frame.view.getInt32(frame.start + EXPTIME_AT) };
}
