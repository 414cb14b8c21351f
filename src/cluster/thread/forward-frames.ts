import { type ByteSink, CodedError } from '../../base/index.ts';
import { ROLES } from '../../commands/index.ts';
import { DIALECT } from '../../protocol/index.ts';
import {
  ForwardRepliesView,
  type Frame,
  KIND,
  MalformedFrame,
  PEER_STATUS,
  putForwardEnd,
  putForwardHead,
} from '../../protocol/peer.ts';
import type { ForwardedRun } from '../../server/index.ts';
import type { PeerRoute } from './peer-routes.ts';

/** What the fast path of the other node takes at once; a longer request leaves alone. */
const BYTES_MAX = 7680;
/** So that all replies fit into a frame, whatever their size. */
const REPLY_BYTES = 60 * 1024 * 1024;
const ITEMS_MAX = 128;

/** The reply to one request, or why there is none. */
export interface RequestReply {
  readonly route: PeerRoute;
  /** The topology by which the request was sent. */
  readonly version: number;
  /** A status and what belongs to it, or the end of the link. */
  readonly status: number | CodedError;
  /** The topology of the other node. */
  readonly peerVersion: number;
  /** Valid only during the call. */
  readonly bytes: Buffer;
}

/** Gets each reply of a run of which some requests have no good one. */
type TakeEach = (run: ForwardedRun, replyOf: (nth: number) => RequestReply) => void;

const NO_BYTES = Buffer.alloc(0);

/** A frame that still takes runs. */
class OpenFrame {
  readonly runs: ForwardedRun[] = [];
  readonly route: PeerRoute;
  readonly version: number;
  count = 0;
  items = 0;
  bytes = 0;
  isSent = false;

  constructor(route: PeerRoute, version: number) {
    this.route = route;
    this.version = version;
  }

  takes(run: ForwardedRun, itemsMax: number): boolean {
    const { dialect, role } = this.runs[0]!;
    if (run.role !== role || isBinary(run.dialect) !== isBinary(dialect)) return false;
    const isInBounds = this.bytes + run.bytes.length <= BYTES_MAX;
    return isInBounds && this.items + run.itemsMax <= itemsMax;
  }

  add(run: ForwardedRun): void {
    this.runs.push(run);
    this.count += run.ends.length;
    this.items += run.itemsMax;
    this.bytes += run.bytes.length;
  }
}

/**
 * Puts the requests that leave in one turn for one peer into few frames, from all connections of a
 * thread, and takes their replies apart.
 */
export class ForwardFrames {
  readonly #open = new Map<PeerRoute, OpenFrame>();
  readonly #replies = new ForwardRepliesView();
  readonly #itemsMax: number;
  readonly #version: () => number;
  readonly #takeEach: TakeEach;
  /** The frame that `#write` writes. */
  #writing: OpenFrame | undefined;
  readonly #write = (sink: ByteSink): void => writeFrame(sink, this.#writing!);

  /** @param itemBytesMax a reply has at most one item */
  constructor(itemBytesMax: number, version: () => number, takeEach: TakeEach) {
    const whole = Math.floor(REPLY_BYTES / itemBytesMax);
    this.#itemsMax = Math.max(1, Math.min(ITEMS_MAX, whole));
    this.#version = version;
    this.#takeEach = takeEach;
  }

  /** Sends the run at the end of this turn, or before. */
  add(route: PeerRoute, run: ForwardedRun): void {
    let frame = this.#open.get(route);
    if (frame !== undefined && !frame.takes(run, this.#itemsMax)) {
      this.#send(frame);
      frame = undefined;
    }
    if (frame === undefined) this.#begin(route, run);
    else frame.add(run);
  }

  #begin(route: PeerRoute, run: ForwardedRun): void {
    const frame = new OpenFrame(route, this.#version());
    frame.add(run);
    this.#open.set(route, frame);
    route.link.beforeFlush(() => this.#send(frame));
  }

  #send(frame: OpenFrame): void {
    if (frame.isSent) return;
    frame.isSent = true;
    const { route, version } = frame;
    if (this.#open.get(route) === frame) this.#open.delete(route);
    this.#writing = frame;
    route.link.send(KIND.forward, version, this.#write, (reply) => this.#settle(frame, reply));
  }

  #settle(frame: OpenFrame, reply: Frame | CodedError): void {
    const status = reply instanceof CodedError ? reply : this.#read(reply, frame.count);
    if (status === PEER_STATUS.ok) this.#settleEach(frame, reply as Frame);
    else {
      const isText = !(reply instanceof CodedError) && status === PEER_STATUS.failed;
      const bytes = isText ? reply.copyPayload() : NO_BYTES;
      const peerVersion = reply instanceof CodedError ? 0 : reply.version;
      const { route, version } = frame;
      for (const run of frame.runs) {
        this.#takeEach(run, () => ({ route, version, status, peerVersion, bytes }));
      }
    }
  }

  #read(reply: Frame, count: number): number | CodedError {
    if (reply.flags !== PEER_STATUS.ok) return reply.flags;
    try {
      this.#replies.read(reply, count);
      return PEER_STATUS.ok;
    } catch (error) {
      if (error instanceof MalformedFrame) return new CodedError('ERR_PEER_REPLY', error.message);
      throw error;
    }
  }

  #settleEach({ runs, route, version }: OpenFrame, frame: Frame): void {
    const replies = this.#replies;
    const { bytes, version: peerVersion } = frame;
    let at = replies.start;
    let nth = 0;
    for (const run of runs) {
      const start = at;
      const first = nth;
      let isGood = true;
      for (const end = nth + run.ends.length; nth < end; nth++) {
        at += replies.bytesOf(nth);
        if (replies.statusOf(nth) !== PEER_STATUS.ok) isGood = false;
      }
      if (isGood) run.settle(bytes.subarray(start, at));
      else {
        let next = start;
        this.#takeEach(run, (which) => {
          const replyAt = next;
          next += replies.bytesOf(first + which);
          const status = replies.statusOf(first + which);
          const own = bytes.subarray(replyAt, next);
          return { route, version, status, peerVersion, bytes: own };
        });
      }
    }
  }
}

function writeFrame(sink: ByteSink, { runs, count, bytes }: OpenFrame): void {
  const { dialect, role } = runs[0]!;
  putForwardHead(sink, dialect, ROLES.indexOf(role), count);
  let base = 0;
  for (const run of runs) {
    for (const end of run.ends) putForwardEnd(sink, base + end);
    base += run.bytes.length;
  }
  sink.ensure(bytes);
  for (const run of runs) sink.putRange(run.bytes, 0, run.bytes.length);
}

function isBinary(dialect: ForwardedRun['dialect']): boolean {
  return dialect === DIALECT.binary;
}
