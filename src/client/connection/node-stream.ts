import type { ConnectionOptions } from 'node:tls';
import { ByteSink } from '../../base/index.ts';
import { MalformedReply } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { CacheError, type FailureCode } from '../base/errors.ts';
import type { Login } from '../option-types/client.ts';
import { Handshake } from './handshake.ts';
import { machineRuntime } from './runtime.ts';
import type { ClientSocket } from './socket.ts';

const KEEP_ALIVE_MS = 60_000;
const SINK_BYTES = 1024;

export interface StreamOptions {
  readonly tls?: ConnectionOptions | undefined;
  readonly login?: Login | undefined;
  /** The longest silence of the node. */
  readonly deadlineMs: number;
}

/**
 * A long reply of a node, on a connection of its own: first the handshake, then the request. It is
 * read piece by piece: while the caller handles a piece, nothing more is read, and the node waits.
 */
export class NodeStream {
  readonly #node: string;
  readonly #deadlineMs: number;
  readonly #request: Buffer;
  readonly #handshake: Handshake;
  readonly #socket: ClientSocket;
  /** What arrived since the last `next`. */
  readonly #pieces: Buffer[] = [];
  #isReplying = false;
  #failure: CacheError | undefined;
  #wake: () => void = () => {};

  constructor(node: NodeAddress, { tls, login, deadlineMs }: StreamOptions, request: string) {
    this.#node = node.name;
    this.#deadlineMs = deadlineMs;
    this.#request = Buffer.from(`${request}\r\n`);
    this.#handshake = new Handshake(node.name, 'classic', login);
    const transport = { tls, keepAliveMs: KEEP_ALIVE_MS, lookup: undefined };
    const events = {
      connect: () => this.#sendHandshakeRequest(),
      data: (bytes: Buffer, length: number) => this.#add(bytes, length),
      drain: () => {},
      close: (cause: Error | undefined) => this.#closed(cause),
    };
    this.#socket = machineRuntime.openSocket(node, transport, {}, events);
  }

  /**
   * The next piece of the reply; it may be empty.
   * @param deadlineMs the longest silence of the node; Infinity for a reply without an end.
   * @throws {CacheError} ERR_LOGIN, ERR_DEADLINE, ERR_PROTOCOL, ERR_REPLY_LOST or ERR_NODE_DOWN.
   */
  async next(deadlineMs = this.#deadlineMs): Promise<Buffer> {
    if (this.#pieces.length === 0) {
      await this.#receive(this.#isReplying ? deadlineMs : this.#deadlineMs);
    }
    const piece = this.#pieces.shift();
    if (piece === undefined) throw this.#failure!;
    if (this.#isReplying) return piece;
    this.#continueHandshake(piece);
    return Buffer.alloc(0);
  }

  /** Closes the connection; a pending `next` rejects. */
  close(): void {
    this.#socket.destroy();
    this.#closed(undefined);
  }

  error(code: FailureCode, context: { detail?: string; cause?: Error | undefined } = {}) {
    return new CacheError(code, { node: this.#node, ...context });
  }

  #add(bytes: Buffer, length: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(0, length)));
    this.#socket.pause();
    this.#wake();
  }

  #closed(cause: Error | undefined): void {
    this.#failure ??= this.error(cause === undefined ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', {
      cause,
    });
    this.#wake();
  }

  /** Waits for a piece, or for the end of the connection. */
  async #receive(deadlineMs: number): Promise<void> {
    if (this.#failure !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const late = (): void => {
      this.#failure ??= this.error('ERR_DEADLINE');
      resolve();
    };
    const timer = Number.isFinite(deadlineMs)
      ? machineRuntime.setTimer(late, deadlineMs)
      : undefined;
    this.#socket.resume();
    await promise;
    timer?.cancel();
  }

  #continueHandshake(piece: Buffer): void {
    try {
      const progress = this.#handshake.receive(piece, piece.length);
      if (progress === undefined) return;
      if (progress === 'next-request') this.#sendHandshakeRequest();
      else {
        this.#isReplying = true;
        this.#socket.write(this.#request);
      }
    } catch (cause) {
      if (!(cause instanceof MalformedReply)) throw cause;
      throw this.error('ERR_PROTOCOL', { cause });
    }
  }

  #sendHandshakeRequest(): void {
    const sink = new ByteSink(SINK_BYTES);
    this.#handshake.encodeRequest(sink);
    this.#socket.write(sink.bytes.subarray(0, sink.at));
  }
}
