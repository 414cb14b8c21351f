import type { ByteSink } from '../../base/index.ts';
import { type Frame, MalformedFrame, PEER_STATUS, type PeerStatus } from './frame.ts';

/**
 * The payload of `forward`, and of the reply to it. One frame has requests of several clients, so
 * that what many connections send in a turn costs one frame each way:
 *
 *   forward  u8 dialect | u8 role | u16 requests | u32 end of each | the bytes of the requests
 *   reply    u32 of each: status (4 bits), bytes of its reply (28 bits) | the bytes of the replies
 */
const HEAD_BYTES = 4;
const WORD_BYTES = 4;
const STATUS_SHIFT = 28;
const LENGTH_MASK = 2 ** STATUS_SHIFT - 1;
const STATUSES: readonly number[] = Object.values(PEER_STATUS);

/** Appends the head; the `count` ends follow, from the first byte behind them, and the bytes. */
export function putForwardHead(sink: ByteSink, dialect: number, role: number, count: number): void {
  sink.ensure(HEAD_BYTES + count * WORD_BYTES);
  const { at, view } = sink;
  view.setUint8(at, dialect);
  view.setUint8(at + 1, role);
  view.setUint16(at + 2, count);
  sink.at = at + HEAD_BYTES;
}

/** Appends where a request ends, for which the head has reserved room. */
export function putForwardEnd(sink: ByteSink, end: number): void {
  sink.view.setUint32(sink.at, end);
  sink.at += WORD_BYTES;
}

/** A received `forward`: request `nth` is `frame.bytes[startOf(nth), endOf(nth))`. */
export class ForwardView {
  dialect = 0;
  role = 0;
  /** The number of requests: 1 or more. */
  count = 0;
  /** Where the first request begins. */
  start = 0;
  #frame: Frame | undefined;
  #endsAt = 0;

  /** @throws {MalformedFrame} if the payload is none of `forward`. */
  read(frame: Frame): void {
    frame.requireBytes(HEAD_BYTES, 'a forwarded request');
    const { view, start } = frame;
    this.#frame = frame;
    this.dialect = view.getUint8(start);
    this.role = view.getUint8(start + 1);
    this.count = view.getUint16(start + 2);
    this.#endsAt = start + HEAD_BYTES;
    this.start = this.#endsAt + this.count * WORD_BYTES;
    let last = this.start;
    for (let nth = 0; nth < this.count && last <= frame.end; nth++) {
      const end = this.start > frame.end ? Number.NaN : this.endOf(nth);
      last = end >= last ? end : Number.NaN;
    }
    if (this.count === 0 || last !== frame.end) {
      throw new MalformedFrame('the requests of a forward do not fill its frame');
    }
  }

  startOf(nth: number): number {
    return nth === 0 ? this.start : this.endOf(nth - 1);
  }

  endOf(nth: number): number {
    return this.start + this.#frame!.view.getUint32(this.#endsAt + nth * WORD_BYTES);
  }
}

/** Reserves room for the words of `count` replies; these follow, and then their bytes. */
export function beginForwardReplies(sink: ByteSink, count: number): void {
  sink.ensure(count * WORD_BYTES);
}

/** Appends the word of a reply. */
export function putForwardReply(sink: ByteSink, status: PeerStatus, bytes: number): void {
  sink.view.setUint32(sink.at, status * 2 ** STATUS_SHIFT + bytes);
  sink.at += WORD_BYTES;
}

/** The reply to a `forward`: the statuses and the lengths of the replies to its requests. */
export class ForwardRepliesView {
  /** Where the bytes of the first reply begin. */
  start = 0;
  #frame: Frame | undefined;

  /** @throws {MalformedFrame} if the payload has no replies to so many requests. */
  read(frame: Frame, count: number): void {
    this.#frame = frame;
    this.start = frame.start + count * WORD_BYTES;
    let end = this.start;
    for (let nth = 0; nth < count && end <= frame.end; nth++) {
      const isStatus = STATUSES.includes(this.statusOf(nth));
      end = isStatus ? end + this.bytesOf(nth) : Number.NaN;
    }
    if (end !== frame.end)
      throw new MalformedFrame('the replies to a forward do not fill its frame');
  }

  statusOf(nth: number): number {
    return this.#wordOf(nth) >>> STATUS_SHIFT;
  }

  bytesOf(nth: number): number {
    return this.#wordOf(nth) & LENGTH_MASK;
  }

  #wordOf(nth: number): number {
    return this.#frame!.view.getUint32(this.#frame!.start + nth * WORD_BYTES);
  }
}
