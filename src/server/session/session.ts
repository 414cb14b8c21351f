import type { LateReply, ReplyStream, Role } from '../../commands/index.ts';
import { CLOSE, INCOMPLETE, isStorage, type Request, VERB } from '../../protocol/index.ts';
import { AwaitedReply } from './awaited-reply.ts';
import { ClusterRouting } from './cluster-routing.ts';
import {
  OUTPUT_BYTES_PER_STEP,
  repliesTo,
  type SessionContext,
  type SessionHost,
} from './context.ts';
import { FIRST_KEY, SERVED } from './fast-serving.ts';
import { GET_STEP, GetExchange, type GetStep, PAUSE_OF } from './get-exchange.ts';
import { LoginExchange } from './login-exchange.ts';
import { answerOther, WATCHING } from './other-requests.ts';
import { PAUSE, type Pause, STATE, type State } from './states.ts';
import { StreamedReply } from './streamed-reply.ts';
import { ValueReceiver } from './value-receiver.ts';
import { isCostly, isRetrieval, selectsText } from './verbs.ts';

/**
 * The protocol of one connection: a state machine that owns no socket.
 *
 *   initial ──first byte──▶ ready       it selects text or binary for the whole connection,
 *                                       unless the listener has only one of them
 *
 *   ready ──storage request──▶ receiving its value ──complete──▶ ready
 *     │ │ │ └──get, output blocked or turn over──▶ retrieving ──all keys──▶ ready
 *     │ │ │        └──large value──▶ streaming ──written──▶ retrieving
 *     │ │ └──long reply──▶ streaming ──written──▶ ready
 *     │ └──login, or a command that waits──▶ awaiting ──promise──▶ settled ──reply──▶ ready
 *     └──watch──▶ watching, until the connection closes
 *
 * A refused value, and any body that the reply does not need, is skipped in `receiving`.
 */
export class Session {
  /** The offset in the input up to which the last `advance` consumed it. */
  at = 0;
  readonly #context: SessionContext;
  readonly #host: SessionHost;
  readonly #value: ValueReceiver;
  readonly #login: LoginExchange;
  readonly #get: GetExchange;
  readonly #awaited: AwaitedReply;
  readonly #stream: StreamedReply;
  /** Undefined if the node is in no cluster. */
  readonly cluster: ClusterRouting | undefined;
  #state: State = STATE.initial;
  /** Whether the client speaks text, and not the binary protocol. */
  isText = true;
  /** What is left of this turn; a get counts once for each key. */
  #requestsLeft = 0;

  constructor(context: SessionContext, host: SessionHost) {
    this.#context = context;
    this.#host = host;
    this.#login = new LoginExchange(context, host.loginChecked);
    this.cluster = context.cluster && new ClusterRouting(context, context.cluster, host);
    this.#value = new ValueReceiver(context, this.cluster);
    this.#get = new GetExchange(context, host.flush, this.cluster?.gets);
    this.#awaited = new AwaitedReply(context);
    this.#stream = new StreamedReply(context.requests);
  }

  /** Whether the session waits for a line of text, and not for bytes of a value or a login. */
  get awaitsLine(): boolean {
    const isReady = this.#state === STATE.ready && !this.cluster?.wantedBytes;
    return isReady && this.isText && this.#login.isAuthenticated;
  }

  /** Whether the session waits for a promise: until it calls `wake`, it does nothing else. */
  get isAwaiting(): boolean {
    return this.#state === STATE.awaiting;
  }

  /** Whether the client must log in, and the node does not verify a login of it right now. */
  get isAnonymous(): boolean {
    return !this.#login.isAuthenticated && !this.isAwaiting;
  }

  /** The memory that the session needs for a get which waits for the client to read. */
  get parkedBytes(): number {
    return this.#get.parkedBytes;
  }

  get state(): State {
    return this.#state;
  }

  /** Serves the requests in `input[start, end)` until it must pause; sets `at`. */
  advance(input: Buffer, start: number, end: number): Pause {
    const { requestsPerTurn, sink, log, pipeline, fast } = this.#context;
    this.at = start;
    pipeline.begin(start);
    fast?.begin();
    log.cfd = this.#host.id;
    this.#requestsLeft = requestsPerTurn;
    for (let isNewTurn = true; ; isNewTurn = false) {
      while (this.#state !== STATE.ready) {
        const pause = this.#continue(input, end, isNewTurn);
        if (pause !== undefined) return pause;
      }
      if (this.at === end) return PAUSE.needInput;
      if (sink.at > OUTPUT_BYTES_PER_STEP && !this.#host.flush()) return PAUSE.outputBlocked;
      if (this.#requestsLeft <= 0) return PAUSE.yielded;
      const wait = this.cluster?.pauseBefore(end - this.at);
      if (wait !== undefined) return wait;
      const nextKey = this.#serveFast(input, end);
      if (nextKey === SERVED) continue;
      this.#requestsLeft--;
      const pause = this.#serveRequest(input, end, nextKey);
      if (pause !== undefined) return pause;
    }
  }

  /** The next request is one of a client of another node, which has checked its login. */
  serveAs(isText: boolean, role: Role): void {
    this.#state = STATE.ready;
    this.isText = isText;
    this.#login.role = role;
  }

  /** The node stops: truncates a dump. The client notices, because the dump lacks its end line. */
  cutStream(): void {
    if (this.#stream.canBeTruncated) this.#endStream();
  }

  /** The connection has closed: frees what the session holds, and drops a late reply. */
  abandon(): void {
    this.#endStream();
    this.#get.end();
    this.#value.abandon();
    this.#awaited.abandon();
    this.cluster?.abandon();
    this.#state = STATE.ready;
  }

  /** Takes one step towards `ready`; returns undefined if the next step may follow. */
  #continue(input: Buffer, end: number, isNewTurn: boolean): Pause | undefined {
    switch (this.#state) {
      case STATE.initial:
        if (this.at === end) return PAUSE.needInput;
        this.isText = selectsText(this.#host.protocol, input[this.at]!);
        this.#state = STATE.ready;
        return undefined;
      case STATE.receiving:
        this.at = this.#value.receive(input, this.at, end);
        this.#endReply();
        return this.#value.isPending ? PAUSE.needInput : undefined;
      case STATE.retrieving:
        return this.#continueGet(input);
      case STATE.streaming:
        // A long reply leaves in one piece for each turn.
        return isNewTurn ? this.#writeStream() : PAUSE.yielded;
      case STATE.settled:
        this.#awaited.write();
        this.#endReply();
        return this.#login.attemptsExhausted ? PAUSE.close : undefined;
      case STATE.awaiting:
        return PAUSE.awaiting;
      default:
        this.at = end;
        return PAUSE.needInput;
    }
  }

  /** Serves the simple requests that come next, if the node has the fast path; else looks ahead. */
  #serveFast(input: Buffer, end: number): number {
    const { fast, pipeline } = this.#context;
    if (!this.#login.isAuthenticated) return FIRST_KEY;
    if (fast === undefined) {
      if (this.isText) pipeline.load(input, this.at, end);
      return FIRST_KEY;
    }
    const { role } = this.#login;
    const nextKey = fast.serve(input, this.at, end, this.#requestsLeft, this.isText, role);
    this.at = fast.at;
    this.#requestsLeft = fast.requestsLeft;
    return nextKey;
  }

  /** Serves one request; returns undefined if the next one may follow. */
  #serveRequest(input: Buffer, end: number, firstKey: number): Pause | undefined {
    const { requests, text, binary, trace, sink } = this.#context;
    if (this.isText && !this.#login.isAuthenticated) {
      const step = this.#login.logInByText(input, this.at, end);
      this.at = this.#login.at;
      return step instanceof Promise ? this.#await(step) : step;
    }
    const request = requests.current;
    const length = (this.isText ? text : binary).decode(input, this.at, end, request);
    if (length === INCOMPLETE) return PAUSE.needInput;
    if (length === CLOSE) return PAUSE.close;
    const lineAt = this.at;
    this.at += length;
    if (!this.isText) {
      const step = this.#login.checkBinary(request);
      if (step !== 'allowed') return step instanceof Promise ? this.#await(step) : step;
    }
    if (this.#login.role !== 'admin') this.#login.restrict(request);
    const replyAt = sink.at;
    const { cluster } = this;
    const isHere = cluster?.route(request, this.#login.role, lineAt, this.at, end) ?? true;
    const pause = isHere ? this.#execute(request, lineAt, end, firstKey) : this.#passOver(cluster!);
    if (isHere) cluster?.executed(request, this.#value.isReceiving);
    if (trace !== undefined && (this.at > lineAt || this.#get.isParked)) {
      const isSent = isRetrieval(request) && this.#get.hasSentOutput;
      trace.request(request, isSent ? undefined : Math.min(replyAt, sink.at));
    }
    return pause;
  }

  /** Other nodes answer the request, or it has to wait. */
  #passOver({ at, skipBytes }: ClusterRouting): undefined {
    this.at = at;
    this.#value.skip(skipBytes);
    this.#endReply();
  }

  #execute(request: Request, lineAt: number, end: number, firstKey: number): Pause | undefined {
    const { verb } = request;
    if (isRetrieval(request)) return this.#beginGet(request, lineAt, firstKey);
    if (isStorage(verb)) {
      this.at = this.#value.begin(request, this.at, end, repliesTo(this.#context, request));
      this.#endReply();
      return undefined;
    }
    const rest = answerOther(request, this.#context, this.#host);
    // The body of a valid request can also be longer than the command needs.
    if (verb === VERB.invalid || !this.isText) this.#value.skip(request.skipBytes);
    // Other connections are next: such a request costs as much as many gets.
    if (isCostly(verb)) this.#requestsLeft = 0;
    if (rest === undefined) this.#endReply();
    else if (rest === PAUSE.close) return rest;
    else if (rest === WATCHING) this.#state = STATE.watching;
    else if (rest instanceof Promise) return this.#await(rest);
    else this.#beginStream(rest, this.#context.requests.park());
    return verb === VERB.invalid && request.closeAfterReply ? PAUSE.close : undefined;
  }

  /** The reply is complete: the session is ready once it has the whole body of the request. */
  #endReply(): void {
    this.#state = this.#value.isPending ? STATE.receiving : STATE.ready;
  }

  #beginGet(request: Request, lineAt: number, firstKey: number): Pause | undefined {
    const length = this.at - lineAt;
    const reply = repliesTo(this.#context, request);
    const step = this.#get.begin(request, reply, lineAt, length, firstKey);
    this.#requestsLeft -= this.#get.answeredCount - 1;
    if (step === GET_STEP.done) return undefined;
    this.at = lineAt;
    return this.#pauseGet(step);
  }

  #continueGet(input: Buffer): Pause | undefined {
    const step = this.#get.continue(input, this.at);
    this.#requestsLeft -= this.#get.answeredCount;
    if (step !== GET_STEP.done) return this.#pauseGet(step);
    this.at += this.#get.end();
    this.#endReply();
    return undefined;
  }

  #pauseGet(step: Exclude<GetStep, typeof GET_STEP.done>): Pause {
    if (step === GET_STEP.streaming) {
      this.#beginStream(this.#get.stream!);
      return PAUSE.yielded;
    }
    this.#state = STATE.retrieving;
    return PAUSE_OF[step];
  }

  #beginStream(stream: ReplyStream, request?: Request): void {
    this.#stream.begin(stream, request);
    this.#state = STATE.streaming;
  }

  #writeStream(): Pause | undefined {
    const done = this.#stream.write(this.#context.sink);
    if (done) this.#endStream();
    if (!this.#host.flush()) return PAUSE.outputBlocked;
    return done ? undefined : PAUSE.yielded;
  }

  #endStream(): void {
    if (!this.#stream.isActive) return;
    this.#stream.end();
    if (this.#get.isParked) this.#state = STATE.retrieving;
    else this.#endReply();
  }

  #await(reply: Promise<LateReply>): Pause {
    this.#state = STATE.awaiting;
    this.#awaited.await(reply, this.isText, () => {
      this.#state = STATE.settled;
      this.#host.wake();
    });
    return PAUSE.awaiting;
  }
}
