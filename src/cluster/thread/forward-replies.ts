import type { ByteSink } from '../../base/index.ts';
import {
  beginForwardReplies,
  PEER_STATUS,
  type PeerStatus,
  putForwardReply,
} from '../../protocol/peer.ts';
import type { PeerConnection } from '../peers/peer-connection.ts';

interface Reply {
  readonly status: PeerStatus;
  readonly bytes: Buffer;
}

/** Sends the replies to the requests of one frame once all of them are there. */
export class ForwardReplies {
  readonly #from: Pick<PeerConnection, 'reply'>;
  readonly #id: number;
  readonly #count: number;
  readonly #version: () => number;
  readonly #replies: Reply[] = [];
  #left: number;

  /** `version` is the topology that this node has adopted. */
  constructor(
    from: Pick<PeerConnection, 'reply'>,
    id: number,
    count: number,
    version: () => number,
  ) {
    this.#from = from;
    this.#id = id;
    this.#count = count;
    this.#version = version;
    this.#left = count;
  }

  /** Takes the reply to request number `nth`; the bytes are copied. */
  take(nth: number, status: PeerStatus, bytes: Buffer): void {
    const isLast = this.#left === 1;
    this.#replies[nth] = { status, bytes: isLast ? bytes : Buffer.from(bytes) };
    this.#left--;
    if (isLast) this.#send((sink) => this.#write(sink));
  }

  /** Takes the good replies to `count` requests from number `first` on, one after the other. */
  takeAll(first: number, count: number, bytes: Buffer, endOf: (nth: number) => number): void {
    if (count === this.#count) {
      this.#left = 0;
      this.#send((sink) => writeAll(sink, count, bytes, endOf));
      return;
    }
    for (let nth = 0; nth < count; nth++) {
      const own = bytes.subarray(nth === 0 ? 0 : endOf(nth - 1), endOf(nth));
      this.take(first + nth, PEER_STATUS.ok, own);
    }
  }

  #send(write: (sink: ByteSink) => void): void {
    this.#from.reply(this.#id, PEER_STATUS.ok, this.#version(), write);
  }

  #write(sink: ByteSink): void {
    beginForwardReplies(sink, this.#count);
    for (const { status, bytes } of this.#replies) putForwardReply(sink, status, bytes.length);
    for (const { bytes } of this.#replies) {
      sink.ensure(bytes.length);
      sink.putRange(bytes, 0, bytes.length);
    }
  }
}

function writeAll(
  sink: ByteSink,
  count: number,
  bytes: Buffer,
  endOf: (nth: number) => number,
): void {
  beginForwardReplies(sink, count);
  let last = 0;
  for (let nth = 0; nth < count; nth++) {
    const end = endOf(nth);
    putForwardReply(sink, PEER_STATUS.ok, end - last);
    last = end;
  }
  sink.ensure(last);
  sink.putRange(bytes, 0, last);
}
