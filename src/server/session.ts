import type { ByteSink } from '../base/index.ts';
import { type CommandRules, Executor, type NodeView, PendingValue } from '../commands/index.ts';
import {
  ClassicDecoder,
  ClassicReplies,
  HANG_UP,
  INCOMPLETE,
  type ReplyWriter,
  Request,
  VERB,
} from '../protocol/index.ts';
import type { Store } from '../store/index.ts';

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
} as const;
export type Pause = (typeof PAUSE)[keyof typeof PAUSE];

/** Output beyond this is sent before more is made. */
const OUTPUT_BYTES_PER_STEP = 64 * 1024;
const CR = 0x0d;
const LF = 0x0a;

/** What the sessions of one thread share: they take turns, so one of each is enough. */
export interface SessionTools {
  readonly executor: Executor;
  readonly decoder: ClassicDecoder;
  readonly request: Request;
  readonly reply: ReplyWriter;
  /** Requests of one connection answered in a row (`-R`). */
  readonly requestsPerTurn: number;
}

export function createSessionTools(
  store: Store,
  node: NodeView,
  rules: CommandRules,
  sink: ByteSink,
  requestsPerTurn: number,
): SessionTools {
  return {
    executor: new Executor(store, node, rules),
    decoder: new ClassicDecoder(),
    request: new Request(),
    reply: new ClassicReplies(sink),
    requestsPerTurn,
  };
}

/**
 * One connection's conversation: a state machine that owns no socket.
 *
 *   awaiting a line ──storage──▶ receiving its value ──complete──▶ awaiting a line
 *          └──────refused, too large──▶ discarding ──skipped──▶ awaiting a line
 */
export class Session {
  /** How far the last `advance` got in its input: an offset, not a count. */
  at = 0;
  readonly #tools: SessionTools;
  /** Sends what is written; false when the client does not take it. */
  readonly #flush: () => boolean;
  readonly #value = new PendingValue();
  #receiving = false;
  /** Whether the bytes after the value have been CRLF so far. */
  #wellEnded = true;
  #discardBytes = 0;
  /** The key at which a get that was blocked goes on; 0 is none. */
  #resumeKey = 0;

  constructor(tools: SessionTools, flush: () => boolean) {
    this.#tools = tools;
    this.#flush = flush;
  }

  /** Whether the session waits for a line, not for bytes of a value. */
  get awaitsLine(): boolean {
    return !this.#receiving && this.#discardBytes === 0;
  }

  /** Understands and answers `input[start, end)` as far as it may; sets `at`. */
  advance(input: Buffer, start: number, end: number): Pause {
    this.at = start;
    for (let turns = this.#tools.requestsPerTurn; ; turns--) {
      if (this.#receiving && !this.#receive(input, end)) return PAUSE.hungry;
      if (this.#discardBytes > 0 && !this.#discard(end)) return PAUSE.hungry;
      if (this.at === end) return PAUSE.hungry;
      if (this.#tools.reply.sink.at > OUTPUT_BYTES_PER_STEP && !this.#flush()) return PAUSE.blocked;
      if (turns === 0) return PAUSE.turnOver;
      const length = this.#tools.decoder.decode(input, this.at, end, this.#tools.request);
      if (length === INCOMPLETE) return PAUSE.hungry;
      if (length === HANG_UP || this.#tools.request.verb === VERB.quit) return PAUSE.closing;
      if (!this.#answer(this.#tools.request)) return PAUSE.blocked;
      this.at += length;
    }
  }

  /** The connection is gone: a value half received leaves nothing behind. */
  abandon(): void {
    this.#tools.executor.writer.abandon(this.#value);
    this.#receiving = false;
  }

  /** False when a get must go on later, with the same line. */
  #answer(request: Request): boolean {
    const { executor, reply } = this.#tools;
    const { verb } = request;
    if (verb === VERB.get || verb === VERB.getAndTouch) return this.#retrieve(request);
    if (verb >= VERB.set && verb <= VERB.cas) this.#beginValue(request);
    else executor.answer(request, reply);
    if (verb === VERB.refused) this.#discardBytes = request.swallowBytes;
    return true;
  }

  #retrieve(request: Request): boolean {
    const { executor, reply } = this.#tools;
    let key = this.#resumeKey === 0 ? request.firstKey : this.#resumeKey;
    this.#resumeKey = 0;
    for (;;) {
      key = executor.retriever.answer(request, reply, key);
      if (key === request.keys) return true;
      if (!this.#flush()) break;
    }
    this.#resumeKey = key;
    return false;
  }

  #beginValue(request: Request): void {
    const { executor, reply } = this.#tools;
    const failure = executor.writer.begin(request, this.#value);
    if (failure === undefined) {
      this.#receiving = true;
      this.#wellEnded = true;
    } else {
      reply.status(request, failure);
      this.#discardBytes = request.valueBytes + 2;
    }
  }

  /** Takes value bytes, then CRLF; false when more are missing. */
  #receive(input: Buffer, end: number): boolean {
    const value = this.#value;
    const { writer } = this.#tools.executor;
    const missing = value.valueBytes - value.received;
    if (missing > 0) {
      const take = Math.min(missing, end - this.at);
      writer.receive(value, input, this.at, this.at + take);
      this.at += take;
    }
    while (this.at < end && value.received < value.valueBytes + 2) {
      const wanted = value.received === value.valueBytes ? CR : LF;
      if (input[this.at++] !== wanted) this.#wellEnded = false;
      value.received++;
    }
    if (value.received < value.valueBytes + 2) return false;
    this.#receiving = false;
    const status = this.#wellEnded ? writer.complete(value) : writer.spoiled(value);
    // The request object may have served another connection since: only `noreply` matters now.
    this.#tools.request.noreply = value.noreply;
    this.#tools.reply.status(this.#tools.request, status);
    return true;
  }

  #discard(end: number): boolean {
    const take = Math.min(this.#discardBytes, end - this.at);
    this.#discardBytes -= take;
    this.at += take;
    return this.#discardBytes === 0;
  }
}
