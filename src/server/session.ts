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
  ClassicDecoder,
  ClassicReplies,
  DIALECT,
  HANG_UP,
  INCOMPLETE,
  isBinary,
  MetaReplies,
  OPCODE,
  type ReplyWriter,
  Request,
  type Status,
  VERB,
} from '../protocol/index.ts';
import type { Store } from '../store/index.ts';
import { type Gate, type LoginRules, OPEN_GATE, USUAL_LOGIN_RULES } from './gate.ts';
import { isPlain, Login, readSaslPlain, readTextLogin, SASL_MECHANISM } from './login.ts';

/** Why `advance` came back. */
export const PAUSE = {
  /** All that can be understood is answered: more bytes are wanted. */
  hungry: 0,
  /** This connection had its turn; there is more to do. */
  turnOver: 1,
  /** The client does not take its replies: go on when it does. */
  blocked: 2,
  /** The conversation is over: send what is written, then close. */
  closing: 3,
  /** Something else has to be found out first: go on when `wake` is called. */
  waiting: 4,
} as const;
export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** Output beyond this is sent before more is made. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;
const ECHO_BYTES_MAX = 1024;
const CR = 0x0d;
const LF = 0x0a;
const CRLF_BYTES = 2;

/** What the sessions of one thread share: they take turns, so one of each is enough. */
export interface SessionTools {
  readonly store: Store;
  readonly executor: Executor;
  readonly text: ClassicDecoder;
  readonly binary: BinaryDecoder;
  readonly request: Request;
  /** By dialect. */
  readonly classicReplies: ClassicReplies;
  readonly metaReplies: MetaReplies;
  readonly binaryReplies: BinaryReplies;
  readonly sink: ByteSink;
  readonly gate: Gate;
  readonly loginRules: LoginRules;
  readonly log: EventLog;
  readonly watchingAllowed: boolean;
  /** Requests of one connection answered in a row (`-R`). */
  readonly requestsPerTurn: number;
}

/** What a node's sessions go by, beside its store. */
export interface SessionRules extends CommandRules {
  readonly requestsPerTurn: number;
  readonly watchingAllowed: boolean;
  readonly gate?: Gate;
  readonly loginRules?: LoginRules;
}

export function createSessionTools(
  store: Store,
  node: NodeView,
  rules: SessionRules,
  sink: ByteSink,
  log: EventLog,
): SessionTools {
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
    gate: rules.gate ?? OPEN_GATE,
    loginRules: rules.loginRules ?? USUAL_LOGIN_RULES,
    watchingAllowed: rules.watchingAllowed,
    requestsPerTurn: rules.requestsPerTurn,
  };
}

/** What a session asks of whoever has its socket. */
export interface SessionHost {
  /** Sends what is written; false when the client does not take it. */
  readonly flush: () => boolean;
  /** After PAUSE.waiting: let the session go on. */
  readonly wake: () => void;
  /** Which connection this is, as `stats conns` names it. */
  readonly id: number;
  /** The client wants to see events of these streams from now on; false when too many do. */
  readonly watch: (streams: number) => boolean;
  /** A login was refused; `user` is what the client called itself. */
  readonly loginFailed: (user: string) => void;
}

/**
 * One connection's conversation: a state machine that owns no socket.
 *
 *   awaiting a request ──storage──▶ receiving its value ──complete──▶ awaiting a request
 *       │      └──────refused, too large──▶ discarding ──skipped──▶ awaiting a request
 *       └──login──▶ waiting for the gate ──answered──▶ awaiting a request
 *
 * The first byte of a connection decides for good between text and binary.
 */
export class Session {
  /** How far the last `advance` got in its input: an offset, not a count. */
  at = 0;
  readonly #tools: SessionTools;
  readonly #host: SessionHost;
  readonly #value = new PendingValue();
  readonly #login: Login;
  /** Whether the client only watches events now: what it says is not heard any more. */
  #watching = false;
  #dialect: 'unknown' | 'text' | 'binary' = 'unknown';
  #receiving = false;
  /** Answers the value that is being received. */
  #valueReplies: ReplyWriter;
  /** Bytes after a value: CRLF in text, none in binary. */
  #trailerBytes = CRLF_BYTES;
  /** Whether the bytes after the value have been CRLF so far. */
  #wellEnded = true;
  #discardBytes = 0;
  /** The rest of a reply that is too long for one turn. */
  #stream: ReplyStream | undefined;
  /**
   * The key at which a get goes on that was blocked, or has a large value to write first; 0 is
   * none.
   */
  #resumeKey = 0;

  constructor(tools: SessionTools, host: SessionHost) {
    this.#tools = tools;
    this.#host = host;
    this.#login = new Login(tools.gate, tools.loginRules, tools.store);
    this.#valueReplies = tools.classicReplies;
  }

  /** Whether the session waits for a line of text, not for bytes of a value or of a login. */
  get awaitsLine(): boolean {
    if (this.#login.state !== 'in') return false;
    return this.#dialect === 'text' && !this.#receiving && this.#discardBytes === 0;
  }

  /** Whether a login is being looked at: nothing else happens before it is decided. */
  get isAsking(): boolean {
    return this.#login.state === 'asking';
  }

  /** Understands and answers `input[start, end)` as far as it may; sets `at`. */
  advance(input: Buffer, start: number, end: number): Pause {
    this.at = start;
    this.#tools.log.cfd = this.#host.id;
    if (this.#watching) {
      this.at = end;
      return PAUSE.hungry;
    }
    if (this.#login.state === 'asking') return PAUSE.waiting;
    if (this.#login.state === 'answered' && !this.#answerLogin()) return PAUSE.closing;
    for (let turns = this.#tools.requestsPerTurn; ; turns--) {
      if (this.#stream !== undefined) {
        const pause = this.#writeStream(this.#stream, turns);
        if (pause !== undefined) return pause;
      }
      if (this.#receiving && !this.#receive(input, end)) return PAUSE.hungry;
      if (this.#discardBytes > 0 && !this.#discard(end)) return PAUSE.hungry;
      if (this.at === end) return PAUSE.hungry;
      if (this.#tools.sink.at > OUTPUT_BYTES_PER_STEP && !this.#host.flush()) return PAUSE.blocked;
      if (turns === 0) return PAUSE.turnOver;
      if (this.#dialect === 'unknown') this.#dialect = dialectOf(input[this.at]!);
      const pause = this.#step(input, end);
      if (pause !== undefined) return pause;
    }
  }

  /** A piece of a long reply each turn; undefined when it is all written. */
  #writeStream(stream: ReplyStream, turns: number): Pause | undefined {
    if (turns < this.#tools.requestsPerTurn) return PAUSE.turnOver;
    const done = stream.write(this.#tools.sink);
    if (done) this.#stream = undefined;
    if (!this.#host.flush()) return PAUSE.blocked;
    return done ? undefined : PAUSE.turnOver;
  }

  /** Whether a long reply is on its way. */
  get isStreaming(): boolean {
    return this.#stream !== undefined;
  }

  /** The node stops: what is left of a dump is left out, so the client sees that it is cut. */
  cutStream(): void {
    if (this.#stream?.mayBeCut === true) this.#endStream();
  }

  #endStream(): void {
    this.#stream?.abandon();
    this.#stream = undefined;
  }

  /** The connection is gone: a value half received or half sent leaves nothing behind. */
  abandon(): void {
    this.#endStream();
    this.#tools.executor.writer.abandon(this.#value);
    this.#receiving = false;
  }

  /** One request; undefined when the next may follow. */
  #step(input: Buffer, end: number): Pause | undefined {
    const tools = this.#tools;
    const { request } = tools;
    const isText = this.#dialect === 'text';
    if (isText && this.#login.state !== 'in') return this.#logInByText(input, end);
    const decoder = isText ? tools.text : tools.binary;
    const length = decoder.decode(input, this.at, end, request);
    if (length === INCOMPLETE) return PAUSE.hungry;
    if (length === HANG_UP) return PAUSE.closing;
    if (!isText) {
      const pause = this.#checkLogin(request);
      if (pause !== undefined) {
        this.at += length;
        return pause === GO_ON ? undefined : pause;
      }
    }
    if (request.verb === VERB.quit) return this.#quit(request);
    const isStorage = request.verb >= VERB.set && request.verb <= VERB.cas;
    if (isStorage && this.#storeWhole(request, this.at + length, end)) return undefined;
    if (!this.#answer(request)) return this.#stream === undefined ? PAUSE.blocked : undefined;
    this.at += length;
    if (this.#tools.store.evicted.count > 0) this.#tools.executor.events.tellEvicted();
    if (this.#watching) {
      this.at = end;
      return PAUSE.hungry;
    }
    return request.verb === VERB.refused && request.thenClose ? PAUSE.closing : undefined;
  }

  #quit(request: Request): Pause {
    const { binaryReplies } = this.#tools;
    if (request.dialect === DIALECT.binary && !request.noreply) binaryReplies.bare(request);
    return PAUSE.closing;
  }

  /** False when a get must go on later, with the same line. */
  #answer(request: Request): boolean {
    const { executor, metaReplies } = this.#tools;
    const { verb } = request;
    if (verb === VERB.get || verb === VERB.getAndTouch) return this.#retrieve(request);
    if (verb >= VERB.set && verb <= VERB.cas) this.#beginValue(request);
    else if (verb === VERB.watch) this.#watch(request);
    else if (request.dialect === DIALECT.meta) {
      this.#stream = executor.answerMeta(request, metaReplies);
    } else this.#stream = executor.answer(request, this.#repliesTo(request));
    // Also an answered request can have bytes that nobody asked for.
    if (verb === VERB.refused || request.dialect === DIALECT.binary) {
      this.#discardBytes += request.swallowBytes;
    }
    return true;
  }

  #watch(request: Request): void {
    const { sink, watchingAllowed } = this.#tools;
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
    const tools = this.#tools;
    if (request.dialect === DIALECT.classic) return tools.classicReplies;
    return request.dialect === DIALECT.meta ? tools.metaReplies : tools.binaryReplies;
  }

  #retrieve(request: Request): boolean {
    const { executor } = this.#tools;
    const reply = this.#repliesTo(request);
    let key = this.#resumeKey === 0 ? request.firstKey : this.#resumeKey;
    this.#resumeKey = 0;
    for (;;) {
      key = executor.retriever.answer(request, reply, key);
      this.#stream = executor.retriever.takeStream();
      if (this.#stream !== undefined) break;
      if (key === request.keys) return true;
      if (!this.#host.flush()) break;
    }
    this.#resumeKey = key;
    return false;
  }

  #beginValue(request: Request): void {
    const { writer } = this.#tools.executor;
    const reply = this.#repliesTo(request);
    const failure = writer.begin(request, this.#value);
    this.#trailerBytes = request.dialect === DIALECT.binary ? 0 : CRLF_BYTES;
    if (failure === undefined) {
      reply.remember(request, this.#value.echo);
      this.#valueReplies = reply;
      this.#receiving = true;
      this.#wellEnded = true;
    } else {
      reply.status(request, failure);
      this.#discardBytes = request.valueBytes + this.#trailerBytes;
    }
  }

  /**
   * A value that has come with its request is stored at once; false when it is to go the long way.
   */
  #storeWhole(request: Request, from: number, end: number): boolean {
    const { executor, store } = this.#tools;
    const { input, valueBytes } = request;
    const valueEnd = from + valueBytes;
    const inText = request.dialect !== DIALECT.binary;
    const wholeEnd = inText ? valueEnd + CRLF_BYTES : valueEnd;
    if (wholeEnd > end) return false;
    if (inText && (input[valueEnd] !== CR || input[valueEnd + 1] !== LF)) return false;
    const status = executor.wholeWriter.write(request, from, this.#value);
    if (status === undefined) return false;
    const reply = this.#repliesTo(request);
    reply.remember(request, this.#value.echo);
    reply.stored(this.#value.echo, status, store);
    this.at = wholeEnd;
    return true;
  }

  /** Takes value bytes, then CRLF; false when more are missing. */
  #receive(input: Buffer, end: number): boolean {
    const value = this.#value;
    const { writer } = this.#tools.executor;
    const missing = value.valueBytes - value.received;
    if (missing > 0) {
      const take = Math.min(missing, end - this.at);
      const failure = writer.receive(value, input, this.at, this.at + take);
      if (failure !== undefined) return this.#skipRest(failure);
      this.at += take;
    }
    const wholeBytes = value.valueBytes + this.#trailerBytes;
    while (this.at < end && value.received < wholeBytes) {
      const wanted = value.received === value.valueBytes ? CR : LF;
      if (input[this.at++] !== wanted) this.#wellEnded = false;
      value.received++;
    }
    if (value.received < wholeBytes) return false;
    this.#receiving = false;
    const status = this.#wellEnded ? writer.complete(value) : writer.spoiled(value);
    this.#valueReplies.stored(value.echo, status, this.#tools.store);
    if (this.#tools.store.evicted.count > 0) this.#tools.executor.events.tellEvicted();
    return true;
  }

  /** There is no memory for the rest of a value: says so, and skips it. */
  #skipRest(failure: Status): true {
    const { echo, valueBytes, received } = this.#value;
    this.#receiving = false;
    this.#discardBytes = valueBytes - received + this.#trailerBytes;
    this.#valueReplies.stored(echo, failure, this.#tools.store);
    return true;
  }

  #discard(end: number): boolean {
    const take = Math.min(this.#discardBytes, end - this.at);
    this.#discardBytes -= take;
    this.at += take;
    return this.#discardBytes === 0;
  }

  #logInByText(input: Buffer, end: number): Pause | undefined {
    if (this.#login.textIsClosed) return PAUSE.closing;
    const said = readTextLogin(input, this.at, end);
    if (said.kind === 'incomplete') return PAUSE.hungry;
    if (said.kind === 'hang-up') return PAUSE.closing;
    this.at += said.consumed;
    if (said.kind === 'refused') {
      this.#tools.sink.putText(`${said.line}\r\n`);
      return undefined;
    }
    this.#login.ask(said.user, said.password, this.#host.wake);
    return PAUSE.waiting;
  }

  /**
   * What the gate has to say to a binary request: undefined lets it pass, GO_ON is for one that has
   * its answer.
   */
  #checkLogin(request: Request): Pause | typeof GO_ON | undefined {
    const login = this.#login;
    const { binaryReplies } = this.#tools;
    if (!login.isRequired) {
      if (request.verb < VERB.saslMechanisms || request.verb > VERB.saslStep) return undefined;
      binaryReplies.error(request, BINARY_STATUS.unknownCommand);
      return GO_ON;
    }
    switch (request.verb) {
      case VERB.saslMechanisms:
        binaryReplies.words(request, BINARY_STATUS.success, SASL_MECHANISM);
        return GO_ON;
      case VERB.saslStart:
      case VERB.saslStep:
        return this.#saslExchange(request);
      case VERB.version:
        return undefined;
      default:
        if (login.state === 'in' || isRefusedForForm(request)) return undefined;
        binaryReplies.error(request, BINARY_STATUS.authFailure);
        return PAUSE.closing;
    }
  }

  #saslExchange(request: Request): Pause | typeof GO_ON {
    const login = this.#login;
    const { binaryReplies } = this.#tools;
    const starts = request.verb === VERB.saslStart;
    const known = isPlain(request.keySource, request.keyStart(0), request.keyEnd(0));
    // Who is in and logs in again is out, as with memcached.
    const mayGoOn = known && (starts ? login.state !== 'in' : login.saslStarted);
    if (mayGoOn && starts && request.bodyStart === request.bodyEnd) {
      login.saslStarted = true;
      binaryReplies.words(request, BINARY_STATUS.authContinue, '');
      return GO_ON;
    }
    const plain = mayGoOn
      ? readSaslPlain(request.input, request.bodyStart, request.bodyEnd)
      : undefined;
    if (plain === undefined) {
      login.fail();
      this.#host.loginFailed('');
      binaryReplies.error(request, BINARY_STATUS.authFailure);
      return login.isSpent ? PAUSE.closing : GO_ON;
    }
    this.#value.echo.opcode = request.opcode;
    this.#value.echo.opaque = request.opaque;
    login.ask(plain.user, plain.password, this.#host.wake);
    return PAUSE.waiting;
  }

  /** Says what the gate said; false when this connection has failed too often. */
  #answerLogin(): boolean {
    const { sink, request, binaryReplies } = this.#tools;
    const admitted = this.#login.settle();
    if (!admitted) this.#host.loginFailed(this.#login.user);
    if (this.#dialect === 'text') {
      sink.putText(admitted ? 'STORED\r\n' : 'CLIENT_ERROR authentication failure\r\n');
    } else {
      request.opcode = this.#value.echo.opcode;
      request.opaque = this.#value.echo.opaque;
      if (admitted) binaryReplies.words(request, BINARY_STATUS.success, 'Authenticated');
      else binaryReplies.error(request, BINARY_STATUS.authFailure);
    }
    return admitted || !this.#login.isSpent;
  }
}

/** The request at hand has its answer; the next may follow. */
const GO_ON = -1;

function dialectOf(firstByte: number): 'text' | 'binary' {
  return isBinary(firstByte) ? 'binary' : 'text';
}

/**
 * A packet is refused for its form, whoever sends it, when its frame makes no sense or it is a
 * login.
 */
function isRefusedForForm({ verb, thenClose, refusalStatus, opcode }: Request): boolean {
  if (verb !== VERB.refused) return false;
  const isLogin = opcode >= OPCODE.saslMechanisms && opcode <= OPCODE.saslStep;
  return isLogin || (thenClose && refusalStatus === BINARY_STATUS.unknownCommand);
}
