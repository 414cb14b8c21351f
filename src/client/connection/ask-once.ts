import type { ConnectionOptions } from 'node:tls';
import { ByteSink } from '../../base/index.ts';
import { BinaryDialect, MalformedReply } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import type { Login } from '../option-types/client.ts';
import { Exchange, type NodeReply, type SingleRequest } from './exchange.ts';
import { type ClientRuntime, machineRuntime } from './runtime.ts';

const SINK_BYTES = 1024;
/** Longer than any exchange. */
const KEEP_ALIVE_MS = 3_600_000;
/** The part of an unusable reply that an error keeps. */
const SHOWN_BYTES_MAX = 256;

interface AskOptions {
  /** Use TLS with these options. */
  readonly tls?: ConnectionOptions | undefined;
  /** For a node that requires a login; other nodes do not receive it. */
  readonly login?: Login | undefined;
  /** A node that sends more bytes than this sends no reply. */
  readonly replyBytesMax: number;
  /** Ends the exchange when it aborts. */
  readonly signal: AbortSignal;
}

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

/**
 * Sends one request to a node, on a new connection that closes at the end. A node that accepts only
 * the binary protocol closes a text connection without a reply: it gets the request in binary, if
 * binary has it.
 * @param runtime internal: what a test simulates.
 * @throws {NoReply} when the node closes the connection, or sends something else than a reply.
 * @throws the error of the socket, or the reason of `signal`.
 */
export async function askOnce(
  node: NodeAddress,
  request: SingleRequest,
  options: AskOptions,
  runtime: Pick<ClientRuntime, 'openSocket'> = machineRuntime,
): Promise<NodeReply> {
  const isTextOnly = !new BinaryDialect().supports(request);
  const exchangeIn = (dialect: 'classic' | 'binary') => {
    return new Exchange(request, dialect, options.login);
  };
  try {
    return await exchangeWith(node, exchangeIn('classic'), options, runtime);
  } catch (error) {
    const mayBeBinary = error instanceof NoReply && error.isClosed && error.received === '';
    if (!mayBeBinary || isTextOnly) throw error;
    return exchangeWith(node, exchangeIn('binary'), options, runtime);
  }
}

async function exchangeWith(
  node: NodeAddress,
  exchange: Exchange,
  { tls, replyBytesMax, signal }: AskOptions,
  runtime: Pick<ClientRuntime, 'openSocket'>,
): Promise<NodeReply> {
  signal.throwIfAborted();
  const { promise, resolve, reject } = Promise.withResolvers<NodeReply>();
  const received = new Received(replyBytesMax);
  const send = (): void => {
    const sink = new ByteSink(SINK_BYTES);
    exchange.encodeRequest(sink);
    socket.write(sink.bytes.subarray(0, sink.at));
  };
  const receive = (bytes: Buffer, length: number): void => {
    try {
      received.add(bytes, length);
      const progress = exchange.receive(bytes, length);
      if (progress === 'next-request') send();
      else if (progress !== undefined) resolve(progress);
    } catch (error) {
      reject(error instanceof MalformedReply ? received.unusable(error) : error);
    }
  };
  const close = (error: Error | undefined): void => reject(error ?? received.closed());
  const transport = { tls, keepAliveMs: KEEP_ALIVE_MS, lookup: undefined };
  const events = { connect: send, data: receive, drain: () => {}, close };
  const socket = runtime.openSocket(node, transport, {}, events);
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    socket.destroy();
  }
}

/** Counts the bytes of a node, and keeps the first for an error. */
class Received {
  readonly #bytesMax: number;
  #byteCount = 0;
  #start = '';

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** @throws {NoReply} when the node has sent too much. */
  add(bytes: Buffer, length: number): void {
    this.#byteCount += length;
    const room = SHOWN_BYTES_MAX - this.#start.length;
    this.#start += bytes.toString('latin1', 0, Math.min(length, room));
    if (this.#byteCount <= this.#bytesMax) return;
    throw new NoReply(`it sent more than ${this.#bytesMax} bytes`, this.#start, false);
  }

  unusable(cause: MalformedReply): NoReply {
    return new NoReply(`it sent a malformed reply: ${cause.message}`, this.#start, false, cause);
  }

  closed(): NoReply {
    return new NoReply('it closed the connection', this.#start, true);
  }
}
