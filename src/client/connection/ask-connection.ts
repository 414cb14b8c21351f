import type { ConnectionOptions } from 'node:tls';
import { assert, ByteSink } from '../../base/index.ts';
import { MalformedReply } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import type { Exchange, NodeReply } from './exchange.ts';
import { type ClientRuntime, machineRuntime } from './runtime.ts';
import type { ClientSocket } from './socket.ts';

const SINK_BYTES = 1024;
/** Longer than any exchange. */
const KEEP_ALIVE_MS = 3_600_000;
/** The part of an unusable reply that an error keeps. */
const SHOWN_BYTES_MAX = 256;

/** The node sent no reply to the request; the message says what it did. */
export class NoReply extends Error {
  override readonly name = 'NoReply';
  /** The start of what the node sent. */
  readonly received: string;
  /** Whether the node closed the connection, without an error. */
  readonly isClosed: boolean;

  constructor(message: string, received: string, isClosed: boolean, cause?: unknown) {
    super(message, { cause });
    this.received = received;
    this.isClosed = isClosed;
  }
}

interface AskConnectionOptions {
  /** Use TLS with these options. */
  readonly tls?: ConnectionOptions | undefined;
  /** A node that sends more bytes than this in one exchange sends no reply. */
  readonly replyBytesMax: number;
}

/** One exchange, and the promise of its reply. */
interface Asking {
  readonly exchange: Exchange;
  readonly received: Received;
  readonly resolve: (reply: NodeReply) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A connection to a node for one exchange after the other. Any failure closes it. It keeps the
 * process alive only while it asks.
 */
export class AskConnection {
  readonly #socket: ClientSocket;
  readonly #replyBytesMax: number;
  #isConnected = false;
  #asking: Asking | undefined;
  /** Why the connection is closed. */
  #failure: { readonly error: unknown } | undefined;

  constructor(
    node: NodeAddress,
    { tls, replyBytesMax }: AskConnectionOptions,
    runtime: Pick<ClientRuntime, 'openSocket'> = machineRuntime,
  ) {
    this.#replyBytesMax = replyBytesMax;
    const transport = { tls, keepAliveMs: KEEP_ALIVE_MS, lookup: undefined };
    const events = {
      connect: () => this.#connected(),
      data: (bytes: Buffer, length: number) => this.#receive(bytes, length),
      drain: () => {},
      close: (error: Error | undefined) => this.#fail(error ?? this.#closedByNode()),
    };
    this.#socket = runtime.openSocket(node, transport, {}, events);
  }

  /** The address that the connection was made to; undefined before that, and for a Unix socket. */
  get remote(): ClientSocket['remote'] {
    return this.#socket.remote;
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  /**
   * Resolves with the reply of the exchange.
   * @throws {NoReply} when the node closes the connection, or sends something else than a reply.
   * @throws the error of the socket or of the login, or the reason of `signal`.
   */
  async ask(exchange: Exchange, signal: AbortSignal): Promise<NodeReply> {
    assert(this.#asking === undefined, 'an AskConnection asks one thing at a time');
    signal.throwIfAborted();
    if (this.#failure !== undefined) throw this.#failure.error;
    const { promise, resolve, reject } = Promise.withResolvers<NodeReply>();
    this.#asking = { exchange, received: new Received(this.#replyBytesMax), resolve, reject };
    const abort = (): void => this.#fail(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    this.#socket.ref();
    if (this.#isConnected) this.#send(exchange);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', abort);
      this.#asking = undefined;
      this.#socket.unref();
    }
  }

  close(): void {
    this.#fail(new NoReply('the connection was closed', '', false));
  }

  #connected(): void {
    this.#isConnected = true;
    if (this.#asking !== undefined) this.#send(this.#asking.exchange);
  }

  #send(exchange: Exchange): void {
    const sink = new ByteSink(SINK_BYTES);
    exchange.encodeRequest(sink);
    this.#socket.write(sink.bytes.subarray(0, sink.at));
  }

  #receive(bytes: Buffer, length: number): void {
    if (this.#asking === undefined) {
      this.#fail(new NoReply('it sent bytes that nobody asked for', '', false));
      return;
    }
    const { exchange, received, resolve } = this.#asking;
    try {
      received.add(bytes, length);
      const progress = exchange.receive(bytes, length);
      if (progress === 'next-request') this.#send(exchange);
      else if (progress !== undefined) resolve(progress);
    } catch (error) {
      this.#fail(error instanceof MalformedReply ? received.unusable(error) : error);
    }
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#socket.destroy();
    this.#asking?.reject(error);
  }

  #closedByNode(): NoReply {
    return new NoReply('it closed the connection', this.#asking?.received.start ?? '', true);
  }
}

/** Counts the bytes of a node, and keeps the first for an error. */
class Received {
  start = '';
  readonly #bytesMax: number;
  #byteCount = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @throws {NoReply} when the node has sent too much. */
  add(bytes: Buffer, length: number): void {
    this.#byteCount += length;
    const room = SHOWN_BYTES_MAX - this.start.length;
    this.start += bytes.toString('latin1', 0, Math.min(length, room));
    if (this.#byteCount <= this.#bytesMax) return;
    throw new NoReply(`it sent more than ${this.#bytesMax} bytes`, this.start, false);
  }

  unusable(cause: MalformedReply): NoReply {
    return new NoReply(`it sent a malformed reply: ${cause.message}`, this.start, false, cause);
  }
}
