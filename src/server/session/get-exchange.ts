import type { ReplyStream } from '../../commands/index.ts';
import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type { SessionContext, SessionHost } from './context.ts';
import { PAUSE } from './states.ts';

/**
 * The keys of one get in a turn, if `-R` is smaller: to park a get of the usual size would cost
 * more than it gives to other connections.
 */
const KEYS_PER_TURN_MIN = 500;

/** How far a get has come. */
export const GET_STEP = {
  /** All keys have their replies. */
  done: 0,
  /** The client does not read its replies. */
  blocked: 1,
  /** The session writes `stream`, then continues the get. */
  streaming: 2,
  /** It has had its turn: other connections are next. */
  yielded: 3,
  /** In a cluster, it waits for other nodes. */
  waiting: 4,
} as const;
export type GetStep = (typeof GET_STEP)[keyof typeof GET_STEP];

/** How a session pauses after a step that did not complete the get. */
export const PAUSE_OF = {
  [GET_STEP.blocked]: PAUSE.outputBlocked,
  [GET_STEP.yielded]: PAUSE.yielded,
  [GET_STEP.waiting]: PAUSE.replies,
} as const;

/** Answers keys of a get: a Retriever, or a SplitGet. */
interface KeyRetriever {
  answer(
    request: Request,
    reply: ReplyWriter,
    from: number,
    to: number,
  ): {
    readonly next: number;
    readonly stream: ReplyStream | undefined;
    readonly mustWait?: boolean;
  };
}

/** A get that has to continue later, with its decoded request. */
interface ParkedGet {
  readonly request: Request;
  readonly reply: ReplyWriter;
  /** The next key to answer. */
  next: number;
  /** Its line in the input, which stays there until the get is complete. */
  at: number;
  readonly length: number;
}

/**
 * The gets of one session. One whose output is blocked, and one that shows a large value, keeps its
 * decoded request until it is complete.
 */
export class GetExchange {
  /** The large value at which the last step stopped. */
  stream: ReplyStream | undefined;
  /** Whether a part of the reply to the last get has left the output buffer before its end. */
  hasSentOutput = false;
  /** How many keys the last step answered. */
  answeredCount = 0;
  readonly #context: SessionContext;
  readonly #flush: SessionHost['flush'];
  readonly #retriever: KeyRetriever;
  readonly #keysPerTurn: number;
  #next = 0;
  #parked: ParkedGet | undefined;

  constructor(
    context: SessionContext,
    flush: SessionHost['flush'],
    retriever: KeyRetriever = context.retriever,
  ) {
    this.#context = context;
    this.#flush = flush;
    this.#retriever = retriever;
    this.#keysPerTurn = Math.max(context.requestsPerTurn, KEYS_PER_TURN_MIN);
  }

  get isParked(): boolean {
    return this.#parked !== undefined;
  }

  /** The memory of the keys of a parked get. */
  get parkedBytes(): number {
    return this.#parked === undefined ? 0 : this.#parked.request.keyBytes;
  }

  /**
   * Answers a get whose line is `input[at, at + length)`. The keys before `firstKey` have their
   * replies.
   */
  begin(
    request: Request,
    reply: ReplyWriter,
    at: number,
    length: number,
    firstKey: number,
  ): GetStep {
    this.hasSentOutput = false;
    const step = this.#retrieve(request, reply, Math.max(firstKey, request.firstKey));
    if (step !== GET_STEP.done) {
      const parked = this.#context.requests.park();
      this.#parked = { request: parked, reply, next: this.#next, at, length };
    }
    return step;
  }

  /** Continues the parked get, whose line is now at `at`. */
  continue(input: Buffer, at: number): GetStep {
    const parked = this.#parked!;
    parked.request.moveKeys(input, at - parked.at);
    parked.at = at;
    const step = this.#retrieve(parked.request, parked.reply, parked.next);
    parked.next = this.#next;
    return step;
  }

  /** Ends the parked get, complete or not; returns the length of its line, or 0 without one. */
  end(): number {
    const parked = this.#parked;
    this.#parked = undefined;
    if (parked === undefined) return 0;
    this.#context.requests.recycle(parked.request);
    return parked.length;
  }

  #retrieve(request: Request, reply: ReplyWriter, from: number): GetStep {
    const turnEnd = Math.min(from + this.#keysPerTurn, request.endKey);
    for (let key = from; ; ) {
      const { next, stream, mustWait } = this.#retriever.answer(request, reply, key, turnEnd);
      this.#next = next;
      this.answeredCount = next - from;
      if (stream !== undefined) {
        this.stream = stream;
        return GET_STEP.streaming;
      }
      if (mustWait === true) return GET_STEP.waiting;
      if (next === request.endKey) return GET_STEP.done;
      this.hasSentOutput = true;
      if (!this.#flush()) return GET_STEP.blocked;
      if (next === turnEnd) return GET_STEP.yielded;
      key = next;
    }
  }
}
