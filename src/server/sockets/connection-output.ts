import { COUNT } from '../../store/index.ts';
import type { ReplyQueue } from '../session/reply-queue.ts';
import { UnsentOutput } from './output.ts';
import type { ThreadContext } from './thread-context.ts';
import type { Transport } from './transport.ts';

/** The replies of one connection on their way from the sink of the thread to the kernel. */
export class ConnectionOutput {
  /** The bytes of replies that it has written. */
  sentBytes = 0;
  /** Whether replies must never leave: the connection has to close at once. */
  hasFailed = false;
  /** Whether output has gone on after it had to wait. */
  #hasProgressed = false;
  readonly #context: ThreadContext;
  readonly #unsent: UnsentOutput;
  #transport: Transport | undefined;
  #replies: ReplyQueue | undefined;

  constructor(context: ThreadContext) {
    this.#context = context;
    this.#unsent = new UnsentOutput(context.output);
  }

  attach(transport: Transport): void {
    this.#transport = transport;
  }

  /** In a cluster: the replies of the connection that wait. */
  order(replies: ReplyQueue | undefined): void {
    this.#replies = replies;
  }

  /** Whether the kernel has accepted all that was written. */
  get isFlushed(): boolean {
    return this.#unsent.isEmpty;
  }

  /** The memory of what has not left. */
  get bytes(): number {
    return this.#unsent.bytes + (this.#replies?.bytes ?? 0);
  }

  /**
   * Sends what the session has written, in a cluster behind the replies that wait; returns whether
   * the session may write more.
   */
  flush(): boolean {
    const replies = this.#replies;
    if (replies === undefined) {
      this.#send();
      return this.#unsent.isEmpty;
    }
    replies.seal();
    return this.#sendReady(replies) && !replies.isFull;
  }

  /** Sends the replies that may leave now. */
  sendReady(): void {
    if (this.#replies !== undefined) this.#sendReady(this.#replies);
  }

  /** Returns whether the kernel has accepted all of them. */
  #sendReady(replies: ReplyQueue): boolean {
    if (replies.hasFailed) this.#fail();
    while (!this.hasFailed && this.#unsent.isEmpty && replies.take()) {
      if (replies.mayLeave) {
        this.#send();
        replies.noteSent();
        this.#hasProgressed = true;
      } else {
        this.#fail();
      }
    }
    return !this.hasFailed && this.#unsent.isEmpty;
  }

  /** The kernel has accepted everything, or the socket has closed. */
  clear(): void {
    this.#hasProgressed = true;
    this.#unsent.clear(this.#transport!);
  }

  /** Whether output has gone on, after it had to wait, since the last call. */
  takeProgress(): boolean {
    const hasProgressed = this.#hasProgressed;
    this.#hasProgressed = false;
    return hasProgressed;
  }

  #send(): void {
    const { at } = this.#context.output.sink;
    if (at === 0) return;
    this.#context.store.counters.add(COUNT.bytes_written, at);
    this.sentBytes += at;
    this.#unsent.send(this.#transport!);
  }

  #fail(): void {
    this.hasFailed = true;
    this.#context.output.clear();
  }
}
