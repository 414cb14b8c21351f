import { keysOf, type Reply, type Request } from '../../protocol/client.ts';
import type { ClientClock } from '../base/client-clock.ts';
import { CacheError, type FailureCode } from '../base/errors.ts';

/**
 * Turns the reply into the operation's result. `onItem` and `onReply` run while the pipeline reads
 * the reply: they must not keep the `Reply`.
 */
export interface ReplyHandler {
  /** One of several items of the reply: a value of a `get-many`, a statistic. */
  readonly onItem?: (reply: Reply, node: string, deadlineAt: number) => void;
  /** A key of a `get-many` that the client could not request; without this call it is a miss. */
  readonly onKeyFailed?: (index: number, error: CacheError) => void;
  /**
   * The complete reply: returns the result, or a promise that settles by the deadline. If it
   * throws, only this operation fails.
   */
  readonly onReply: (reply: Reply, deadlineAt: number) => unknown;
}

/** What a reply contained. */
export interface OperationCounts {
  readonly hits: number;
  readonly misses: number;
  readonly valueBytes: number;
}

/** Receives the outcome of each operation. */
export interface OperationObserver {
  succeeded(operation: Operation, counts: OperationCounts, now: number): void;
  failed(operation: Operation, error: CacheError): void;
}

/** Work in one or more steps, each of which is an operation. */
export interface Task {
  readonly clock: ClientClock;
  /** When the work ends at the latest; milliseconds on the clock. */
  readonly deadlineAt: number;
  /** Whether the result is of no use any more: the work stops before its next step. */
  readonly isCancelled: boolean;
}

/**
 * One request with its deadline and reply handler; it settles exactly once. An operation that fails
 * while its reply is outstanding (deadline, signal) is abandoned: it keeps its place in the
 * pipeline, so that the pipeline recognises the late reply and drops it.
 */
export class Operation implements OperationCounts, Task {
  readonly request: Request;
  readonly clock: ClientClock;
  readonly startedAt: number;
  readonly deadlineAt: number;
  /**
   * Bytes of the value in the request, when the caller passed it; for text, its UTF-16 length,
   * which is a lower bound.
   */
  readonly requestValueBytes: number;
  observer: OperationObserver | undefined = undefined;
  /** The first opaque of the request; unique among the requests in flight of a connection. */
  opaque = 0;
  isSent = false;
  /**
   * The operation deletes or invalidates a stale item, and later reads on the connection must not
   * overtake it. The client sends it again after a clean close, until its deadline, although it is
   * a write. While the connection is alive its deadline does not fail it.
   */
  isInvalidation = false;
  /** Whether the request was sent before, on a connection that closed. */
  wasResent = false;
  isSettled = false;
  /** The task that this operation is a step of. */
  parent: Task | undefined = undefined;
  hits = 0;
  misses = 0;
  /** Bytes of the received values. */
  valueBytes = 0;
  /** The reply is complete, but another thread decodes the value: the caller may still cancel. */
  #isDecoding = false;
  readonly #handler: ReplyHandler;
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: unknown) => void;

  constructor(
    request: Request,
    clock: ClientClock,
    deadlineMs: number,
    handler: ReplyHandler,
    resolve: (value: unknown) => void,
    reject: (error: unknown) => void,
  ) {
    this.request = request;
    this.clock = clock;
    this.startedAt = clock.now();
    this.deadlineAt = this.startedAt + deadlineMs;
    this.requestValueBytes = request.verb === 'store' ? request.value.length : 0;
    this.#handler = handler;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Whether the value has another length now: its memory was transferred or resized. */
  get hasResizedValue(): boolean {
    return this.request.verb === 'store' && this.request.value.length !== this.requestValueBytes;
  }

  /** Whether no caller waits for the result, so that no further step is needed. */
  get isCancelled(): boolean {
    return this.isSettled || (this.parent?.isCancelled ?? false);
  }

  /** Whether a second execution is harmless: an invalidation, or a read that was sent once. */
  get mayResend(): boolean {
    const { verb } = this.request;
    const isRead = verb === 'get' || verb === 'get-many' || verb === 'version' || verb === 'stats';
    return (this.isInvalidation || (isRead && !this.wasResent)) && !this.isSettled;
  }

  /** Resets the received part of the reply before the request goes to a new connection. */
  prepareResend(): void {
    this.wasResent = true;
    this.isSent = false;
    this.hits = 0;
    this.misses = 0;
    this.valueBytes = 0;
  }

  receiveItem(reply: Reply, node: string): void {
    if (this.isSettled) return;
    this.#count(reply);
    this.#handler.onItem?.(reply, node, this.deadlineAt);
  }

  /**
   * Takes the complete reply and settles.
   * @param now when a connection received the reply; the time counts only for its observer.
   */
  complete(reply: Reply, node: string, now: number = this.startedAt): void {
    if (reply.status === 'refused') {
      this.fail('ERR_REFUSED', node, { detail: reply.line });
      return;
    }
    if (this.isSettled) return;
    this.isSettled = true;
    this.#count(reply);
    this.observer?.succeeded(this, this, now);
    try {
      const result = this.#handler.onReply(reply, this.deadlineAt);
      if (result instanceof Promise) this.#resolveLater(result, node);
      else this.#resolve(result);
    } catch (error) {
      this.#reject(this.#locate(node, error));
    }
  }

  /** @param node undefined or an empty name if the operation did not reach a node. */
  fail(
    code: FailureCode,
    node: string | undefined,
    context: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
  ): void {
    if (this.isSettled && !this.#isDecoding) return;
    const location = { node: node === '' ? undefined : node, key: keysOf(this.request)[0] };
    this.failWith(new CacheError(code, { ...context, ...location }));
  }

  failWith(error: CacheError): void {
    if (this.#isDecoding) {
      this.#isDecoding = false;
      this.#reject(error);
    }
    if (this.isSettled) return;
    this.isSettled = true;
    this.observer?.failed(this, error);
    this.#reject(error);
  }

  failKey(index: number, error: CacheError): void {
    if (!this.isSettled) this.#handler.onKeyFailed?.(index, error);
  }

  #resolveLater(result: Promise<unknown>, node: string): void {
    this.#isDecoding = true;
    const settle = (callback: (outcome: unknown) => void, outcome: unknown): void => {
      if (!this.#isDecoding) return;
      this.#isDecoding = false;
      callback(outcome);
    };
    result.then(
      (value) => settle(this.#resolve, value),
      (error: unknown) => settle(this.#reject, this.#locate(node, error)),
    );
  }

  /** Adds node and key to a codec's error: the codec does not know them. */
  #locate(node: string, error: unknown): unknown {
    const lacksNode = error instanceof CacheError && error.node === undefined && node !== '';
    return lacksNode ? error.at(node, keysOf(this.request)[0]) : error;
  }

  #count(reply: Reply): void {
    const { request } = this;
    if (request.verb === 'stats') return;
    if (reply.status === 'value') {
      this.hits++;
      this.valueBytes += reply.valueBytes;
    } else if (request.verb === 'get-many') {
      this.misses = request.keys.length - this.hits;
    } else if (reply.status === 'miss') {
      this.misses++;
    } else if ('key' in request && request.verb !== 'store') {
      this.hits++;
    }
  }
}
