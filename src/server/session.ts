import { ByteSink } from '../base/index.ts';
import {
  type CommandRules,
  type EventLog,
  Executor,
  type NodeView,
  PendingValue,
  type ReplyStream,
  streamsOf,
} from '../commands/index.ts';
import {
  BINARY_STATUS,
  BinaryDecoder,
  BinaryReplies,
  CLOSE,
  ClassicDecoder,
  ClassicReplies,
  DIALECT,
  INCOMPLETE,
  isBinary,
  isSasl,
  isStorage,
  MetaReplies,
  OPCODE,
  type ReplyWriter,
  Request,
  VERB,
} from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import {
  type Authenticator,
  DEFAULT_LOGIN_RULES,
  type LoginRules,
  NO_LOGIN_REQUIRED,
} from './authenticator.ts';
import { isPlain, Login, readSaslPlain, readTextLogin, SASL_MECHANISM } from './login.ts';

/** Why `advance` returned. */
export const PAUSE = {
  /** The session has served every complete request: it needs more bytes. */
  needInput: 0,
  /** The turn of this connection ended; it has more to do. */
  yielded: 1,
  /** The client does not read its replies: continue once it has read them. */
  outputBlocked: 2,
  /** The session has ended: send the written replies, then close the connection. */
  close: 3,
  /** The authenticator checks a login: continue once the session calls `wake`. */
  awaitingAuth: 4,
} as const;
export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** The session flushes its output beyond this size before it serves the next request. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;
const ECHO_BYTES_MAX = 1024;
const CR = 0x0d;
const LF = 0x0a;
const CRLF_BYTES = 2;

/**
 * The parts that the sessions of one thread share. Sessions take turns, so one of each suffices.
 */
export interface SessionContext {
  readonly store: Store;
  readonly executor: Executor;
  readonly text: ClassicDecoder;
  readonly binary: BinaryDecoder;
  readonly request: Request;
  readonly classicReplies: ClassicReplies;
  readonly metaReplies: MetaReplies;
  readonly binaryReplies: BinaryReplies;
  readonly sink: ByteSink;
  readonly authenticator: Authenticator;
  readonly loginRules: LoginRules;
  readonly log: EventLog;
  readonly watchingAllowed: boolean;
  /** The requests of one connection that the thread serves in one turn (`-R`). */
  readonly requestsPerTurn: number;
}

/** The options of a node that its sessions obey. */
interface SessionRules extends CommandRules {
  readonly requestsPerTurn: number;
  readonly watchingAllowed: boolean;
  readonly authenticator?: Authenticator;
  readonly loginRules?: LoginRules;
}

export function createSessionContext(
  store: Store,
  node: NodeView,
  rules: SessionRules,
  sink: ByteSink,
  log: EventLog,
): SessionContext {
  return {
    store,
    executor: new Executor(store, node, rules, log),
    log,
    text: new ClassicDecoder(),
    binary: new BinaryDecoder(),
    request: new Request(),
    classicReplies: new ClassicReplies(sink),
    metaReplies: new MetaReplies(sink, new ByteSink(ECHO_BYTES_MAX)),
    binaryReplies: new BinaryReplies(sink),
    sink,
    authenticator: rules.authenticator ?? NO_LOGIN_REQUIRED,
    loginRules: rules.loginRules ?? DEFAULT_LOGIN_RULES,
    watchingAllowed: rules.watchingAllowed,
    requestsPerTurn: rules.requestsPerTurn,
  };
}

/** What a session needs from the owner of its socket. */
interface SessionHost {
  /** Sends the written output; returns false if the client does not read it. */
  readonly flush: () => boolean;
  /** After `PAUSE.awaitingAuth`: the login is verified, call `advance` again. */
  readonly wake: () => void;
  /** The number of the connection in `stats conns`. */
  readonly id: number;
  /**
   * Subscribes the client to these event streams; returns false if the node has too many watchers.
   */
  readonly watch: (streams: number) => boolean;
  /** Reports a refused login of the user that the client named. */
  readonly loginFailed: (user: string) => void;
}

/**
 * The protocol of one connection: a state machine that owns no socket.
 *
 *   awaiting a request ──storage──▶ receiving its value ──complete──▶ awaiting a request
 *     │ │ │ └──refused value──▶ discarding it ──skipped──▶ awaiting a request
 *     │ │ └──long reply──▶ streaming the reply ──written──▶ awaiting a request
 *     │ └──login──▶ verifying ──verified──▶ awaiting a request
 *     └──watch──▶ watching events, until the connection closes
 *
 * The first byte of a connection selects text or binary for its whole life.
 */
export class Session {
  /** The offset in the input up to which the last `advance` consumed it. */
  at = 0;
  readonly #context: SessionContext;
  readonly #host: SessionHost;
  readonly #value = new PendingValue();
  readonly #login: Login;
  /** Whether the client watches events: the session ignores all further input. */
  #watching = false;
  #dialect: 'unknown' | 'text' | 'binary' = 'unknown';
  #receivingValue = false;
  /** Writes the reply to the storage request whose value arrives. */
  #valueReplies: ReplyWriter;
  /** Bytes after a value: CRLF in text, none in binary. */
  #trailerBytes = CRLF_BYTES;
  /** Whether the bytes after the value have matched CRLF so far. */
  #trailerIsValid = true;
  #discardBytes = 0;
  /** The unwritten rest of a reply that is too long for one turn. */
  #stream: ReplyStream | undefined;
  /**
   * The key at which an interrupted get continues: its output was blocked, or it has to stream a
   * large value first. 0 means none.
   */
  #resumeKey = 0;

  constructor(context: SessionContext, host: SessionHost) {
    this.#context = context;
    this.#host = host;
    this.#login = new Login(context.authenticator, context.loginRules, context.store);
    this.#valueReplies = context.classicReplies;
  }

  /** Whether the session waits for a line of text, and not for bytes of a value or a login. */
  get awaitsLine(): boolean {
    if (this.#login.state !== 'authenticated') return false;
    return this.#dialect === 'text' && !this.#receivingValue && this.#discardBytes === 0;
  }

  /**
   * Whether the authenticator checks a login: the session does nothing else until it is verified.
   */
  get isVerifying(): boolean {
    return this.#login.state === 'verifying';
  }

  /** Serves the requests in `input[start, end)` until it must pause; sets `at`. */
  advance(input: Buffer, start: number, end: number): Pause {
    this.at = start;
    this.#context.log.cfd = this.#host.id;
    if (this.#watching) {
      this.at = end;
      return PAUSE.needInput;
    }
    if (this.#login.state === 'verifying') return PAUSE.awaitingAuth;
    if (this.#login.state === 'verified' && !this.#replyToLogin()) return PAUSE.close;
    for (let requestsLeft = this.#context.requestsPerTurn; ; requestsLeft--) {
      if (this.#stream !== undefined) {
        const pause = this.#writeStream(this.#stream, requestsLeft);
        if (pause !== undefined) return pause;
      }
      if (this.#receivingValue && !this.#receiveValue(input, end)) return PAUSE.needInput;
      if (this.#discardBytes > 0 && !this.#discard(end)) return PAUSE.needInput;
      if (this.at === end) return PAUSE.needInput;
      if (this.#context.sink.at > OUTPUT_BYTES_PER_STEP && !this.#host.flush())
        return PAUSE.outputBlocked;
      if (requestsLeft === 0) return PAUSE.yielded;
      if (this.#dialect === 'unknown') this.#dialect = dialectOf(input[this.at]!);
      const pause = this.#serveRequest(input, end);
      if (pause !== undefined) return pause;
    }
  }

  /** Writes one piece of a long reply each turn; returns undefined once it has written all. */
  #writeStream(stream: ReplyStream, requestsLeft: number): Pause | undefined {
    if (requestsLeft < this.#context.requestsPerTurn) return PAUSE.yielded;
    const done = stream.write(this.#context.sink);
    if (done) this.#stream = undefined;
    if (!this.#host.flush()) return PAUSE.outputBlocked;
    return done ? undefined : PAUSE.yielded;
  }

  /** Whether the session has begun a long reply and not finished it. */
  get isStreaming(): boolean {
    return this.#stream !== undefined;
  }

  /** The node stops: truncates a dump. The client notices, because the dump lacks its end line. */
  cutStream(): void {
    if (this.#stream?.canBeTruncated === true) this.#endStream();
  }

  #endStream(): void {
    this.#stream?.abandon();
    this.#stream = undefined;
  }

  /** The connection has closed: frees the chunks of a partly received or partly sent value. */
  abandon(): void {
    this.#endStream();
    this.#context.executor.writer.abandon(this.#value);
    this.#receivingValue = false;
  }

  /** Serves one request; returns undefined if the next one may follow. */
  #serveRequest(input: Buffer, end: number): Pause | undefined {
    const { request, text, binary } = this.#context;
    const isText = this.#dialect === 'text';
    if (isText && this.#login.state !== 'authenticated') return this.#logInByText(input, end);
    const decoder = isText ? text : binary;
    const length = decoder.decode(input, this.at, end, request);
    if (length === INCOMPLETE) return PAUSE.needInput;
    if (length === CLOSE) return PAUSE.close;
    if (!isText) {
      const pause = this.#checkLogin(request);
      if (pause !== undefined) {
        this.at += length;
        return pause === NEXT_REQUEST ? undefined : pause;
      }
    }
    if (request.verb === VERB.quit) return this.#quit(request);
    if (isStorage(request.verb) && this.#storeWhole(request, this.at + length, end))
      return undefined;
    if (!this.#execute(request))
      return this.#stream === undefined ? PAUSE.outputBlocked : undefined;
    this.at += length;
    if (this.#watching) {
      this.at = end;
      return PAUSE.needInput;
    }
    return request.verb === VERB.invalid && request.closeAfterReply ? PAUSE.close : undefined;
  }

  #quit(request: Request): Pause {
    const { binaryReplies } = this.#context;
    if (request.dialect === DIALECT.binary && !request.noreply) binaryReplies.success(request);
    return PAUSE.close;
  }

  /** Executes a request. Returns false if a get has to continue later, with the same line. */
  #execute(request: Request): boolean {
    const { executor, metaReplies } = this.#context;
    const { verb } = request;
    if (verb === VERB.get || verb === VERB.getAndTouch) return this.#retrieve(request);
    if (isStorage(verb)) this.#beginValue(request);
    else if (verb === VERB.watch) this.#watch(request);
    else if (request.dialect === DIALECT.meta) {
      this.#stream = executor.answerMeta(request, metaReplies);
    } else this.#stream = executor.answer(request, this.#repliesTo(request));
    // The body of a valid request can also be longer than the command needs.
    if (verb === VERB.invalid || request.dialect === DIALECT.binary) {
      this.#discardBytes += request.skipBytes;
    }
    return true;
  }

  #watch(request: Request): void {
    const { sink, watchingAllowed } = this.#context;
    const streams = streamsOf(request.words);
    let line = 'OK';
    if (!watchingAllowed) line = 'CLIENT_ERROR watch commands not allowed';
    else if (sink.at > 0) line = 'ERROR cannot pipeline other commands before watch';
    else if (streams === undefined) line = 'ERROR';
    else if (this.#host.watch(streams)) this.#watching = true;
    else line = 'WATCHER_TOO_MANY log watcher limit reached';
    sink.putText(`${line}\r\n`);
  }

  #repliesTo(request: Request): ReplyWriter {
    const { classicReplies, metaReplies, binaryReplies } = this.#context;
    if (request.dialect === DIALECT.classic) return classicReplies;
    return request.dialect === DIALECT.meta ? metaReplies : binaryReplies;
  }

  #retrieve(request: Request): boolean {
    const { executor } = this.#context;
    const reply = this.#repliesTo(request);
    let key = this.#resumeKey === 0 ? request.firstKey : this.#resumeKey;
    this.#resumeKey = 0;
    for (;;) {
      key = executor.retriever.answer(request, reply, key);
      this.#stream = executor.retriever.takeStream();
      if (this.#stream !== undefined) break;
      if (key === request.endKey) return true;
      if (!this.#host.flush()) break;
    }
    this.#resumeKey = key;
    return false;
  }

  #beginValue(request: Request): void {
    const { writer } = this.#context.executor;
    const reply = this.#repliesTo(request);
    const begun = writer.begin(request, this.#value, reply);
    this.#trailerBytes = request.dialect === DIALECT.binary ? 0 : CRLF_BYTES;
    if (begun) {
      this.#valueReplies = reply;
      this.#receivingValue = true;
      this.#trailerIsValid = true;
    } else {
      this.#discardBytes = request.valueBytes + this.#trailerBytes;
    }
  }

  /**
   * Stores a value that arrived completely with its request. Returns false if the session has to
   * receive the value piece by piece.
   */
  #storeWhole(request: Request, from: number, end: number): boolean {
    const { executor } = this.#context;
    const { input, valueBytes } = request;
    const valueEnd = from + valueBytes;
    const inText = request.dialect !== DIALECT.binary;
    const wholeEnd = inText ? valueEnd + CRLF_BYTES : valueEnd;
    if (wholeEnd > end) return false;
    if (inText && (input[valueEnd] !== CR || input[valueEnd + 1] !== LF)) return false;
    if (!executor.wholeWriter.write(request, from, this.#repliesTo(request))) return false;
    this.at = wholeEnd;
    return true;
  }

  /** Receives bytes of the value, then CRLF; returns false if more have to arrive. */
  #receiveValue(input: Buffer, end: number): boolean {
    const value = this.#value;
    const { writer } = this.#context.executor;
    const missing = value.valueBytes - value.receivedBytes;
    if (missing > 0) {
      const take = Math.min(missing, end - this.at);
      const until = this.at + take;
      if (!writer.receive(value, input, this.at, until, this.#valueReplies))
        return this.#skipRest();
      this.at = until;
    }
    const wholeBytes = value.valueBytes + this.#trailerBytes;
    while (this.at < end && value.receivedBytes < wholeBytes) {
      const wanted = value.receivedBytes === value.valueBytes ? CR : LF;
      if (input[this.at++] !== wanted) this.#trailerIsValid = false;
      value.receivedBytes++;
    }
    if (value.receivedBytes < wholeBytes) return false;
    this.#receivingValue = false;
    if (this.#trailerIsValid) writer.complete(value, this.#valueReplies);
    else writer.rejectBadData(value, this.#valueReplies);
    return true;
  }

  /** Skips the rest of a value that has no memory. */
  #skipRest(): true {
    const { valueBytes, receivedBytes } = this.#value;
    this.#receivingValue = false;
    this.#discardBytes = valueBytes - receivedBytes + this.#trailerBytes;
    return true;
  }

  #discard(end: number): boolean {
    const take = Math.min(this.#discardBytes, end - this.at);
    this.#discardBytes -= take;
    this.at += take;
    return this.#discardBytes === 0;
  }

  #logInByText(input: Buffer, end: number): Pause | undefined {
    if (this.#login.refusesText) return PAUSE.close;
    const login = readTextLogin(input, this.at, end);
    if (login.kind === 'incomplete') return PAUSE.needInput;
    if (login.kind === 'close') return PAUSE.close;
    this.at += login.consumed;
    if (login.kind === 'refused') {
      this.#context.sink.putText(`${login.reply}\r\n`);
      return undefined;
    }
    this.#login.verify(login.user, login.password, this.#host.wake);
    return PAUSE.awaitingAuth;
  }

  /**
   * Checks whether a binary request may run: undefined if it may, `NEXT_REQUEST` if it already has
   * its reply.
   */
  #checkLogin(request: Request): Pause | typeof NEXT_REQUEST | undefined {
    const login = this.#login;
    const { binaryReplies } = this.#context;
    if (!login.isRequired) {
      if (!isSasl(request.verb)) return undefined;
      binaryReplies.error(request, BINARY_STATUS.unknownCommand);
      return NEXT_REQUEST;
    }
    switch (request.verb) {
      case VERB.saslMechanisms:
        binaryReplies.text(request, BINARY_STATUS.success, SASL_MECHANISM);
        return NEXT_REQUEST;
      case VERB.saslStart:
      case VERB.saslStep:
        return this.#saslExchange(request);
      case VERB.version:
        return undefined;
      default:
        if (login.state === 'authenticated' || isMalformed(request)) return undefined;
        binaryReplies.error(request, BINARY_STATUS.authFailure);
        return PAUSE.close;
    }
  }

  #saslExchange(request: Request): Pause | typeof NEXT_REQUEST {
    const login = this.#login;
    const { binaryReplies } = this.#context;
    const starts = request.verb === VERB.saslStart;
    const known = isPlain(request.keySource, request.keyStart(0), request.keyEnd(0));
    // A second login on an authenticated connection fails and ends the first, as with memcached.
    const isExpected = known && (starts ? login.state !== 'authenticated' : login.saslStarted);
    if (isExpected && starts && request.bodyStart === request.bodyEnd) {
      login.saslStarted = true;
      binaryReplies.text(request, BINARY_STATUS.authContinue, '');
      return NEXT_REQUEST;
    }
    const plain = isExpected
      ? readSaslPlain(request.input, request.bodyStart, request.bodyEnd)
      : undefined;
    if (plain === undefined) {
      login.fail();
      this.#host.loginFailed('');
      binaryReplies.error(request, BINARY_STATUS.authFailure);
      return login.attemptsExhausted ? PAUSE.close : NEXT_REQUEST;
    }
    this.#value.reply.opcode = request.opcode;
    this.#value.reply.opaque = request.opaque;
    login.verify(plain.user, plain.password, this.#host.wake);
    return PAUSE.awaitingAuth;
  }

  /** Sends the result of a login; returns false if the connection has no more attempts. */
  #replyToLogin(): boolean {
    const { sink, request, binaryReplies } = this.#context;
    const accepted = this.#login.takeResult();
    if (!accepted) this.#host.loginFailed(this.#login.user);
    if (this.#dialect === 'text') {
      sink.putText(accepted ? 'STORED\r\n' : 'CLIENT_ERROR authentication failure\r\n');
    } else {
      request.opcode = this.#value.reply.opcode;
      request.opaque = this.#value.reply.opaque;
      if (accepted) binaryReplies.text(request, BINARY_STATUS.success, 'Authenticated');
      else binaryReplies.error(request, BINARY_STATUS.authFailure);
    }
    return accepted || !this.#login.attemptsExhausted;
  }
}

/** The request has its reply; the next one may follow. */
const NEXT_REQUEST = -1;

function dialectOf(firstByte: number): 'text' | 'binary' {
  return isBinary(firstByte) ? 'binary' : 'text';
}

/**
 * Whether the decoder refused a packet for a reason that does not depend on the login: its frame is
 * invalid, or it is an invalid login.
 */
function isMalformed({ verb, closeAfterReply, errorStatus, opcode }: Request): boolean {
  if (verb !== VERB.invalid) return false;
  const isLogin = opcode >= OPCODE.saslMechanisms && opcode <= OPCODE.saslStep;
  return isLogin || (closeAfterReply && errorStatus === BINARY_STATUS.unknownCommand);
}
