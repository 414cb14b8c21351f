import type { LateReply } from '../../commands/index.ts';
import { BINARY_STATUS, type Request } from '../../protocol/index.ts';
import type { SessionContext } from './context.ts';
import { errorWords } from './late-replies.ts';

/** The promise that one session waits for, with the request whose reply it is. */
export class AwaitedReply {
  readonly #context: SessionContext;
  /** The request, while the promise is pending and until its reply is written. */
  #request: Request | undefined;
  #write: LateReply = () => {};

  constructor(context: SessionContext) {
    this.#context = context;
  }

  /**
   * Keeps the current request, and calls `onSettled` once `write` can be called; not if `abandon`
   * comes first.
   */
  await(reply: Promise<LateReply>, inText: boolean, onSettled: () => void): void {
    const request = this.#context.requests.park();
    this.#request = request;
    const settle = (write: LateReply): void => {
      if (this.#request !== request) return;
      this.#write = write;
      onSettled();
    };
    reply.then(settle, (error: unknown) =>
      settle(() => {
        if (inText) this.#context.sink.putText(`SERVER_ERROR ${errorWords(error)}\r\n`);
        else this.#context.binaryReplies.error(request, BINARY_STATUS.internalError);
      }),
    );
  }

  write(): void {
    const { sink, trace } = this.#context;
    const replyAt = sink.at;
    this.#write(sink);
    if (trace !== undefined) trace.lateReply(replyAt);
    this.#context.requests.recycle(this.#request!);
    this.#request = undefined;
  }

  /**
   * Drops the reply. The pool does not get the request back, because the promise may still use it.
   */
  abandon(): void {
    this.#request = undefined;
  }
}
