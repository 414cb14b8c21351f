import type { ByteSink } from '../../base/index.ts';
import { type Frame, MalformedFrame, readSafe64, setSafe64 } from './frame.ts';

/**
 * The payloads of the short requests:
 *
 *   mark     u64 the last version at which the sender was complete | u64 its sequence number
 *   flush    u8 phase, 1 or 2 | 7 bytes 0 | u64 sequence number; the reply: u64 sequence number
 *   ping     up to PING_BYTES_MAX bytes, which only the two nodes understand
 */
/** A phase, or a number of two words, takes so many bytes. */
const WORDS_BYTES = 8;
const MARK_BYTES = 2 * WORDS_BYTES;
const FLUSH_BYTES = 2 * WORDS_BYTES;
export const PING_BYTES_MAX = 4096;

/** The two rounds of a flush of the cluster. */
export type FlushPhase = 1 | 2;

/** A sequence number of a store, in two words. */
export interface SequenceNumber {
  readonly high: number;
  readonly low: number;
}

export function putMark(sink: ByteSink, complete: number, sequence: SequenceNumber): void {
  sink.ensure(MARK_BYTES);
  setSafe64(sink.view, sink.at, complete);
  sink.at += WORDS_BYTES;
  putSequence(sink, sequence);
}

/** @throws {MalformedFrame} if the payload is none of `mark`. */
export function readMark(frame: Frame): {
  readonly complete: number;
  readonly sequence: SequenceNumber;
} {
  frame.requireBytes(MARK_BYTES, 'a mark');
  const complete = readSafe64(frame.view, frame.start);
  return { complete, sequence: sequenceAt(frame, frame.start + WORDS_BYTES) };
}

export function putFlush(sink: ByteSink, phase: FlushPhase, sequence: SequenceNumber): void {
  sink.ensure(FLUSH_BYTES);
  sink.view.setUint32(sink.at, 0);
  sink.view.setUint32(sink.at + 4, 0);
  sink.view.setUint8(sink.at, phase);
  sink.at += WORDS_BYTES;
  putSequence(sink, sequence);
}

/** @throws {MalformedFrame} if the payload is none of `flush`. */
export function readFlush(frame: Frame): {
  readonly phase: FlushPhase;
  readonly sequence: SequenceNumber;
} {
  frame.requireBytes(FLUSH_BYTES, 'a flush');
  const phase = frame.view.getUint8(frame.start);
  if (phase !== 1 && phase !== 2) throw new MalformedFrame(`a flush has the phase ${phase}`);
  return { phase, sequence: sequenceAt(frame, frame.start + WORDS_BYTES) };
}

/** Appends the reply to a flush. */
export function putSequence(sink: ByteSink, { high, low }: SequenceNumber): void {
  sink.ensure(WORDS_BYTES);
  sink.view.setUint32(sink.at, high);
  sink.view.setUint32(sink.at + 4, low);
  sink.at += WORDS_BYTES;
}

/** @throws {MalformedFrame} if the payload is no reply to a flush. */
export function readSequence(frame: Frame): SequenceNumber {
  frame.requireBytes(WORDS_BYTES, 'a sequence number');
  return sequenceAt(frame, frame.start);
}

function sequenceAt({ view }: Frame, at: number): SequenceNumber {
  return { high: view.getUint32(at), low: view.getUint32(at + 4) };
}
