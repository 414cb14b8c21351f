import { PendingValue, permits, type Role } from '../../commands/index.ts';
import {
  BINARY_STATUS,
  DIALECT,
  forbid,
  INCOMPLETE,
  isStorage,
  Request,
  STATUS,
  VERB,
} from '../../protocol/index.ts';
import { type ClusterSeat, PLACE } from './cluster-seat.ts';
import { repliesTo, type SessionContext } from './context.ts';
import { changesItems, isKeyed } from './keyed-requests.ts';
import { Session } from './session.ts';
import { PAUSE, type Pause, STATE } from './states.ts';

/** Why a peer's request was not executed: it had no effect. */
const REFUSED = {
  /** This node is not the primary of a key of the request. */
  notMine: 'notMine',
  /** It will be soon: ask again after `settled` of the seat. */
  undecided: 'undecided',
} as const;
type Refused = (typeof REFUSED)[keyof typeof REFUSED];

/** See `answer`. */
const PEER_REPLY_BYTES_MAX = 32 * 1024 * 1024;
const TOO_LONG = 'SERVER_ERROR the reply is too long to be sent between nodes: ask for fewer keys';
const NOT_WHOLE = 'SERVER_ERROR another node forwarded no whole request of a key';

/**
 * Executes the requests that clients sent to other nodes. One serves all peers of a thread: each
 * call executes one whole request and returns its whole reply. It never forwards.
 */
export class PeerSession {
  readonly #context: SessionContext;
  readonly #seat: ClusterSeat;
  readonly #session: Session;
  readonly #request = new Request();
  readonly #value = new PendingValue();
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  /** The context has a sink of its own, no fast path and no seat; its sessions need no login. */
  constructor(context: SessionContext, seat: ClusterSeat) {
    this.#context = context;
    this.#seat = seat;
    this.#session = new Session(context, {
      protocol: 'auto',
      id: -1,
      flush: () => this.#keepPiece(),
      wake: () => {},
      replied: () => {},
      watch: () => false,
      loginChecked: () => {},
    });
  }

  /**
   * Executes the request in `bytes`, with its value, as a client of this role; returns the reply,
   * which is valid until the next call, or says why it did nothing. Afterwards the caller must
   * `seal`, because the request may have changed its keys. A reply of more than
   * PEER_REPLY_BYTES_MAX and one value becomes a SERVER_ERROR. A storage request without its value
   * only gets the refusal of a value of that size.
   */
  answer(dialect: Request['dialect'], role: Role, bytes: Buffer): Buffer | Refused {
    const { text, binary, sink } = this.#context;
    const request = this.#request;
    const isText = dialect !== DIALECT.binary;
    sink.at = 0;
    const length = (isText ? text : binary).decode(bytes, 0, bytes.length, request);
    if (length <= INCOMPLETE || !isKeyed(request)) return this.#fail(isText, NOT_WHOLE);
    const place = this.#placeOf(request);
    if (place === PLACE.undecided) return REFUSED.undecided;
    if (place !== PLACE.here) return REFUSED.notMine;
    const reply = this.#execute(bytes, length, isText, role);
    if (permits(role, request)) this.#noteChanges(request);
    return reply;
  }

  /** Where the keys of the request are, as long as all are here. */
  #placeOf(request: Request): number {
    const { keySource, endKey } = request;
    for (let key = request.firstKey; key < endKey; key++) {
      const place = this.#seat.locate(keySource, request.keyStart(key), request.keyEnd(key));
      if (place !== PLACE.here) return place;
    }
    return PLACE.here;
  }

  #execute(bytes: Buffer, length: number, isText: boolean, role: Role): Buffer {
    const request = this.#request;
    if (isStorage(request.verb) && length + request.valueBytes > bytes.length) {
      return this.#refuseValue(request, role);
    }
    const session = this.#session;
    session.serveAs(isText, role);
    let pause: Pause = PAUSE.yielded;
    for (let at = 0; pause === PAUSE.yielded; at = session.at) {
      pause = session.advance(bytes, at, bytes.length);
    }
    const isComplete = pause === PAUSE.needInput && session.state === STATE.ready;
    if (!isComplete) session.abandon();
    const reply = this.#takeReply();
    if (isComplete) return reply;
    return this.#fail(isText, pause === PAUSE.outputBlocked ? TOO_LONG : NOT_WHOLE);
  }

  #refuseValue(request: Request, role: Role): Buffer {
    const { writer, sink } = this.#context;
    const reply = repliesTo(this.#context, request);
    if (!permits(role, request)) {
      forbid(request);
      reply.errorReply(request);
    } else if (writer.begin(request, this.#value, reply)) {
      writer.abandon(this.#value);
      reply.status(request, STATUS.outOfMemoryStoring);
    }
    return sink.bytes.subarray(0, sink.at);
  }

  #noteChanges(request: Request): void {
    const hasLease = request.verb === VERB.metaGet && this.#context.executor.hasGrantedLease;
    if (!hasLease && !changesItems(request)) return;
    const { keySource, endKey } = request;
    for (let key = request.firstKey; key < endKey; key++) {
      this.#seat.changed(keySource, request.keyStart(key), request.keyEnd(key));
    }
  }

  #fail(isText: boolean, line: string): Buffer {
    const { sink, binaryReplies } = this.#context;
    sink.at = 0;
    if (isText) sink.putText(`${line}\r\n`);
    else binaryReplies.error(this.#request, BINARY_STATUS.internalError);
    return sink.bytes.subarray(0, sink.at);
  }

  /** Takes the output so far, because the reply is long; returns false if it is too long. */
  #keepPiece(): boolean {
    const { sink } = this.#context;
    if (this.#piecesBytes > PEER_REPLY_BYTES_MAX) return false;
    this.#pieces.push(Buffer.from(sink.bytes.subarray(0, sink.at)));
    this.#piecesBytes += sink.at;
    sink.at = 0;
    return true;
  }

  #takeReply(): Buffer {
    const { sink } = this.#context;
    const last = sink.bytes.subarray(0, sink.at);
    if (this.#pieces.length === 0) return last;
    const reply = Buffer.concat([...this.#pieces, last]);
    this.#pieces = [];
    this.#piecesBytes = 0;
    return reply;
  }
}
