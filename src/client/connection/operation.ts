import type { ByteSink } from '../../base/index.ts';
import type { Reply, ReplyShape } from '../../protocol/client.ts';
import type { CacheError } from '../errors.ts';

/** What to say to a node, and what kind of answer to wait for. */
export interface Command {
  /** The keys concerned; the replies to a get may name no other, and only in this order. */
  readonly keys: readonly string[];
  readonly shape: ReplyShape;
  /** What the line that answers it looks like, for the shape `line`. */
  readonly line?: RegExp;
  /** Writes the request; may be called again when a connection broke before it was sent. */
  readonly encode: (sink: ByteSink) => void;
}

/** A command on its way: settled exactly once, whatever happens. */
export class Operation {
  readonly command: Command;
  /** On the monotonic clock, in milliseconds. */
  readonly deadlineAt: number;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: CacheError) => void;
  #settled = false;

  constructor(
    command: Command,
    deadlineAt: number,
    resolve: (reply: Reply) => void,
    reject: (error: CacheError) => void,
  ) {
    this.command = command;
    this.deadlineAt = deadlineAt;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get settled(): boolean {
    return this.#settled;
  }

  succeed(reply: Reply): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#resolve(reply);
  }

  fail(error: CacheError): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#reject(error);
  }
}
