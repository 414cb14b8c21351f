import { keysOf, type Reply, type Request } from '../../protocol/client.ts';
import { CacheError, type FailureCode } from '../errors.ts';

/**
 * What the asker makes of an answer. Both run while the reply is being read: they keep no `Reply`.
 */
export interface Answered {
  /** One of several items: a value of many, a statistic. */
  readonly item?: (reply: Reply, node: string) => void;
  /** Of many keys, one that nobody could be asked about; a miss unless it is told. */
  readonly keyFailed?: (index: number, error: CacheError) => void;
  /** The end: what the operation comes to. A throw is the asker's failure, not the connection's. */
  readonly end: (reply: Reply) => unknown;
}

/** What an answer found. */
export interface Outcome {
  readonly hits: number;
  readonly misses: number;
  readonly valueBytes: number;
}

/** Who is told how operations end. */
export interface OperationObserver {
  answered(operation: Operation, outcome: Outcome, now: number): void;
  failed(operation: Operation, error: CacheError): void;
}

/** What may take several steps, and ends between two of them when nobody waits for it. */
export interface Pursuit {
  readonly isGivenUp: boolean;
}

/**
 * A request on its way: settled exactly once, whatever happens. One that is given up while its
 * reply is under way keeps its place in the pipeline, so that the reply is recognised and dropped.
 */
export class Operation implements Outcome, Pursuit {
  readonly request: Request;
  /** Both on the monotonic clock, in milliseconds. */
  readonly startedAt: number;
  readonly deadlineAt: number;
  observer: OperationObserver | undefined = undefined;
  /** The first of its numbers on the connection. */
  opaque = 0;
  isSent = false;
  /**
   * Whether what comes after it on the connection must not pass it: until its deadline it is sent
   * again if the connection closes in peace, though it writes; a connection that is alive does not
   * give it up.
   */
  isCleanup = false;
  /** Whether it was sent before, on a connection that closed. */
  isRepeated = false;
  isSettled = false;
  /** What it is a step of; none where it is whole. */
  partOf: Pursuit | undefined = undefined;
  hits = 0;
  misses = 0;
  /** Of the values that came. */
  valueBytes = 0;
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
  get sentBytes(): number {
    return this.request.verb === 'store' ? this.request.value.length : 0;
  }

  /** Whether nobody waits for what it comes to, so that it need not go on to another node. */
  get isGivenUp(): boolean {
    return this.isSettled || (this.partOf?.isGivenUp ?? false);
  }

  /**
   * Whether it does no harm to send it again: it cleans up, or only reads and was sent but once.
   */
  get isRepeatable(): boolean {
    const { verb } = this.request;
    const isRead = verb === 'get' || verb === 'get-many' || verb === 'version' || verb === 'stats';
    return (this.isCleanup || (isRead && !this.isRepeated)) && !this.isSettled;
  }

  /** It goes to another connection, as if nothing of its reply had come. */
  repeat(): void {
    this.isRepeated = true;
    this.isSent = false;
    this.hits = 0;
    this.misses = 0;
    this.valueBytes = 0;
  }

  item(reply: Reply, node: string): void {
    if (this.isSettled) return;
    this.#count(reply);
    this.#answered.item?.(reply, node);
  }

  /** The whole reply is here. */
  answer(reply: Reply, node: string, now: number): void {
    if (reply.status === 'refused') {
      this.fail('ERR_REFUSED', node, { detail: reply.line });
      return;
    }
    if (this.isSettled) return;
    this.isSettled = true;
    this.#count(reply);
    this.observer?.answered(this, this, now);
    try {
      const outcome = this.#answered.end(reply);
      if (outcome instanceof Promise) this.#resolve(this.#located(outcome, node));
      else this.#resolve(outcome);
    } catch (error) {
      this.#reject(this.#at(node, error));
    }
  }

  /** @param node none, or an empty name, where it has not got to a node. */
  fail(
    code: FailureCode,
    node: string | undefined,
    about: { readonly detail?: string | undefined; readonly cause?: unknown } = {},
  ): void {
    if (this.isSettled) return;
    const place = { node: node === '' ? undefined : node, key: keysOf(this.request)[0] };
    this.failWith(new CacheError(code, { ...about, ...place }));
  }

  failWith(error: CacheError): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.observer?.failed(this, error);
    this.#reject(error);
  }

  failKey(index: number, error: CacheError): void {
    if (!this.isSettled) this.#answered.keyFailed?.(index, error);
  }

  async #located(outcome: Promise<unknown>, node: string): Promise<unknown> {
    try {
      return await outcome;
    } catch (error) {
      throw this.#at(node, error);
    }
  }

  /** What makes nothing of a value does not know whose it is. */
  #at(node: string, error: unknown): unknown {
    const isBare = error instanceof CacheError && error.node === undefined && node !== '';
    return isBare ? error.at(node, keysOf(this.request)[0]) : error;
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
