import type { ReplyStream } from '../../commands/index.ts';
import type { ReplyWriter, Request } from '../../protocol/index.ts';
import type { SessionContext, SessionHost } from './context.ts';

/** How far a get has come. */
export const GET_STEP = {
  /** All keys have their replies. */
  done: 0,
  /** The client does not read its replies. */
  blocked: 1,
  /** The session writes `stream`, then continues the get. */
  streaming: 2,
} as const;
export type GetStep = (typeof GET_STEP)[keyof typeof GET_STEP];

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
  readonly #context: SessionContext;
  readonly #flush: SessionHost['flush'];
  #next = 0;
  #parked: ParkedGet | undefined;

  constructor(context: SessionContext, flush: SessionHost['flush']) {
    this.#context = context;
    this.#flush = flush;
  }

  get isParked(): boolean {
    return this.#parked !== undefined;
  }

  /** Answers a get whose line is `input[at, at + length)`. */
  begin(request: Request, reply: ReplyWriter, at: number, length: number): GetStep {
    this.hasSentOutput = false;
    const step = this.#retrieve(request, reply, request.firstKey);
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
    const { retriever } = this.#context;
    for (let key = from; ; ) {
      const { next, stream } = retriever.answer(request, reply, key);
      this.#next = next;
      if (stream !== undefined) {
        this.stream = stream;
        return GET_STEP.streaming;
      }
      if (next === request.endKey) return GET_STEP.done;
      this.hasSentOutput = true;
      if (!this.#flush()) return GET_STEP.blocked;
      key = next;
    }
  }
}
