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
import { type FastServing, FIRST_KEY } from './fast-serving.ts';
import { changesItems, isKeyed, mayChangeItems } from './keyed-requests.ts';
import { ResumedGet } from './resumed-get.ts';
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
  /** Undefined if JavaScript answers every request. */
  readonly #fast: FastServing | undefined;
  readonly #resumed = new ResumedGet();
  #pieces: Buffer[] = [];
  #piecesBytes = 0;

  /**
   * The context has a sink of its own, no fast path and no seat; its sessions need no login. `fast`
   * answers simple requests, between the turns of the sessions of the thread.
   */
  constructor(context: SessionContext, seat: ClusterSeat, fast?: FastServing) {
    this.#context = context;
    this.#seat = seat;
    this.#fast = fast;
    const own = fast === undefined ? context : { ...context, fast: this.#resumed };
    this.#session = new Session(own, {
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
   * Answers the first of `count` requests in `bytes[start, end)`, as long as they are simple, and
   * returns how many. Their replies are in `firstReplies`, one after the other, until the next
   * output of the thread; `answer` must follow for the request behind them.
   */
  answerFirst(
    dialect: Request['dialect'],
    role: Role,
    bytes: Buffer,
    start: number,
    end: number,
    count: number,
  ): number {
    const fast = this.#fast;
    if (fast === undefined) return 0;
    const isText = dialect !== DIALECT.binary;
    const answered = fast.serveForwarded(bytes, start, end, count, isText, role);
    this.#resumed.key = fast.resumedKey;
    return answered;
  }

  get firstReplies(): Buffer {
    return this.#fast!.replies;
  }

  /** Where a reply in `firstReplies` ends. */
  firstReplyEnd(nth: number): number {
    return this.#fast!.endOf(nth);
  }

  /**
   * Executes the request in `bytes`, with its value, as a client of this role; returns the reply,
   * which is valid until the next call, or says why it did nothing. Afterwards the caller must
   * `seal`, because the request may have changed its keys, or read what others have changed. A
   * reply of more than PEER_REPLY_BYTES_MAX and one value becomes a SERVER_ERROR. A storage request
   * without its value only gets the refusal of a value of that size.
   */
  answer(dialect: Request['dialect'], role: Role, bytes: Buffer): Buffer | Refused {
    const { text, binary, sink } = this.#context;
    const request = this.#request;
    const isText = dialect !== DIALECT.binary;
    sink.at = 0;
    const length = (isText ? text : binary).decode(bytes, 0, bytes.length, request);
    if (length <= INCOMPLETE || !isKeyed(request)) return this.#fail(isText, NOT_WHOLE);
    const place = this.#placeOf(request);
    if (place !== PLACE.here) {
      this.#resumed.key = FIRST_KEY;
      return place === PLACE.undecided ? REFUSED.undecided : REFUSED.notMine;
    }
    if (this.#resumed.key !== FIRST_KEY) this.#keepHead(this.#fast!.head);
    const isPermitted = permits(role, request);
    if (isPermitted && mayChangeItems(request)) this.#tell('changing');
    const reply = this.#execute(bytes, length, isText, role);
    if (isPermitted) this.#tell(this.#hasChanged(request) ? 'changed' : 'read');
    return reply;
  }

  /** Where the keys of the request are, as long as all are here. */
  #placeOf(request: Request): number {
    const { keySource, endKey } = request;
    for (let key = Math.max(request.firstKey, this.#resumed.key); key < endKey; key++) {
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

  #hasChanged(request: Request): boolean {
    const hasLease = request.verb === VERB.metaGet && this.#context.executor.hasGrantedLease;
    return hasLease || changesItems(request);
  }

  /** Tells the seat of the keys of the request. */
  #tell(what: 'changing' | 'changed' | 'read'): void {
    const request = this.#request;
    const { keySource, endKey } = request;
    for (let key = request.firstKey; key < endKey; key++) {
      this.#seat[what](keySource, request.keyStart(key), request.keyEnd(key));
    }
  }

  #fail(isText: boolean, line: string): Buffer {
    const { sink, binaryReplies } = this.#context;
    sink.at = 0;
    if (isText) sink.putText(`${line}\r\n`);
    else binaryReplies.error(this.#request, BINARY_STATUS.internalError);
    return sink.bytes.subarray(0, sink.at);
  }

  /** The reply begins with what the fast path has answered. */
  #keepHead(head: Buffer): void {
    this.#pieces.push(head);
    this.#piecesBytes += head.length;
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
