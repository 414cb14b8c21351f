import { keysOf, type Reply, type Request } from '../../protocol/client.ts';
import { CacheError, type FailureCode } from '../errors.ts';

/** What the asker makes of an answer. Both run while the reply is being read: they keep no `Reply`. */
export interface Answered {
  /** One of several items: a value of many, a statistic. */
  readonly item?: (reply: Reply) => void;
  /** The end: what the operation comes to. A throw is the asker's failure, not the connection's. */
  readonly end: (reply: Reply) => unknown;
}

/**
 * A request on its way: settled exactly once, whatever happens. One that is given up while its reply
 * is under way keeps its place in the pipeline, so that the reply is recognised and dropped.
 */
export class Operation {
  readonly request: Request;
  /** Both on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  readonly deadlineAt: number;
  /** The first of its numbers on the connection. */
  opaque = 0;
  isSent = false;
  isSettled = false;
  readonly #answered: Answered;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    request: Request,
    startedAt: number,
    deadlineMs: number,
    answered: Answered,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.startedAt = startedAt;
    this.deadlineAt = startedAt + deadlineMs;
    this.#answered = answered;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Of the value it carries; for text, at least so many. */
  get valueBytes(): number {
    return this.request.verb === 'store' ? this.request.value.length : 0;
  }

  item(reply: Reply): void {
    if (!this.isSettled) this.#answered.item?.(reply);
  }

  /** The whole reply is here. */
  answer(reply: Reply, node: string): void {
    if (reply.status === 'refused') {
      this.fail('ERR_REFUSED', node, { detail: reply.line });
      return;
    }
    if (this.isSettled) return;
    this.isSettled = true;
    try {
      this.#resolve(this.#answered.end(reply));
    } catch (error) {
      this.#reject(error);
    }
  }

  fail(
    code: FailureCode,
    node: string,
    about: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
  ): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.#reject(new CacheError(code, { ...about, node, key: keysOf(this.request)[0] }));
  }
}
