import type { MessagePort } from 'node:worker_threads';
import { CodedError } from '../../base/index.ts';

/** Requests that may wait for their responses at the same time; `call` rejects more. */
export const PENDING_MAX = 256;

/** The requests that one end of a channel answers: each takes one value and returns another. */
type Procedures<P> = { readonly [N in keyof P]: (argument: never) => unknown };

interface RequestMessage<P> {
  readonly kind: 'request';
  readonly id: number;
  readonly name: keyof P;
  /** The type of the argument of the procedure `name`, which the compiler cannot follow here. */
  readonly argument: never;
}
type Message<P> =
  | RequestMessage<P>
  | { readonly kind: 'result'; readonly id: number; readonly value: never }
  | {
      readonly kind: 'failure';
      readonly id: number;
      /** A message would lose the class and the code of an error, so it carries them as fields. */
      readonly code: string | undefined;
      readonly message: string;
    };

interface Pending {
  readonly resolve: (value: never) => void;
  readonly reject: (reason: Error) => void;
}

/**
 * Requests and responses between two threads, over one message port. Every request settles: with
 * its response, or with an error once either end has closed or its thread has ended.
 */
export class Channel<Remote extends Procedures<Remote>, Local extends Procedures<Local>> {
  readonly #port: MessagePort;
  readonly #local: Local;
  readonly #pending = new Map<number, Pending>();
  #nextId = 0;
  #isClosed = false;

  constructor(port: MessagePort, local: Local) {
    this.#port = port;
    this.#local = local;
    port.on('message', (message: Message<Local>) => this.#receive(message));
    port.on('close', () => this.#settleAll());
    port.unref();
  }

  /**
   * Sends a request to the other end.
   * @throws {CodedError} the error of the other end; `ERR_CHANNEL_CLOSED`; or `ERR_CHANNEL_FULL`
   *   if PENDING_MAX requests wait.
   */
  call<N extends keyof Remote>(
    name: N,
    argument: Parameters<Remote[N]>[0],
  ): Promise<Awaited<ReturnType<Remote[N]>>> {
    if (this.#isClosed) return Promise.reject(closedError());
    if (this.#pending.size === PENDING_MAX) return Promise.reject(fullError(String(name)));
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<Remote[N]>>>();
    this.#pending.set(id, { resolve, reject });
    // Only a thread that waits for a response stays alive for the channel.
    if (this.#pending.size === 1) this.#port.ref();
    this.#port.postMessage({ kind: 'request', id, name, argument });
    return promise;
  }

  close(): void {
    this.#port.close();
    this.#settleAll();
  }

  #receive(message: Message<Local>): void {
    if (message.kind === 'request') {
      void this.#answer(message);
      return;
    }
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) this.#port.unref();
    if (message.kind === 'result') pending.resolve(message.value);
    else pending.reject(errorOf(message.code, message.message));
  }

  async #answer({ id, name, argument }: RequestMessage<Local>): Promise<void> {
    try {
      const value = await this.#local[name](argument);
      this.#respond({ kind: 'result', id, value });
    } catch (error) {
      const code = error instanceof CodedError ? error.code : undefined;
      const message = error instanceof Error ? error.message : String(error);
      this.#respond({ kind: 'failure', id, code, message });
    }
  }

  #respond(response: object): void {
    if (!this.#isClosed) this.#port.postMessage(response);
  }

  #settleAll(): void {
    this.#isClosed = true;
    for (const { reject } of this.#pending.values()) reject(closedError());
    this.#pending.clear();
  }
}

function errorOf(code: string | undefined, message: string): Error {
  return code === undefined ? new Error(message) : new CodedError(code, message);
}

function closedError(): CodedError {
  return new CodedError('ERR_CHANNEL_CLOSED', 'The node stops.');
}

function fullError(name: string): CodedError {
  return new CodedError(
    'ERR_CHANNEL_FULL',
    `${PENDING_MAX} requests to another thread wait already; cannot send ${name}.`,
  );
}
