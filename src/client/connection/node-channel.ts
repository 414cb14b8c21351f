import type { ConnectionOptions } from 'node:tls';
import { ByteSink } from '../../base/index.ts';
import {
  type Dialect,
  MalformedReply,
  Reply,
  ReplyInput,
  type Request,
} from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { CacheError, type FailureCode } from '../base/errors.ts';
import type { Login } from '../option-types/client.ts';
import { Handshake } from './handshake.ts';
import { machineRuntime } from './runtime.ts';
import type { ClientSocket } from './socket.ts';

const KEEP_ALIVE_MS = 60_000;
const SINK_BYTES = 1024;

interface ChannelOptions {
  readonly tls?: ConnectionOptions | undefined;
  readonly login?: Login | undefined;
  /** The longest silence of the node while it owes something. */
  readonly deadlineMs: number;
}

/** Takes the reply to the request of this number; it is valid only during the call. */
type TakeReply = (reply: Reply, nth: number) => void;

/**
 * A connection to one node for requests in the meta protocol that the caller encodes itself, such
 * as those for keys with any bytes. It has no queue: the caller sends one batch after the other.
 */
export class NodeChannel {
  readonly #node: string;
  readonly #deadlineMs: number;
  readonly #handshake: Handshake;
  readonly #socket: ClientSocket;
  readonly #input = new ReplyInput();
  readonly #reply = new Reply();
  #dialect: Dialect | undefined;
  #failure: CacheError | undefined;
  /** What handles received bytes; true once it has all that it waits for. */
  #receive: () => boolean = () => this.#dialect !== undefined;
  #settle: () => void = () => {};

  private constructor(node: NodeAddress, { tls, login, deadlineMs }: ChannelOptions) {
    this.#node = node.name;
    this.#deadlineMs = deadlineMs;
    this.#handshake = new Handshake(node.name, 'meta', login);
    const transport = { tls, keepAliveMs: KEEP_ALIVE_MS, lookup: undefined };
    const events = {
      connect: () => this.#sendHandshakeRequest(),
      data: (bytes: Buffer, length: number) => this.#take(bytes, length),
      drain: () => {},
      close: (cause: Error | undefined) =>
        this.#fail(cause === undefined ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', cause),
    };
    this.#socket = machineRuntime.openSocket(node, transport, {}, events);
  }

  /**
   * Connects, logs in, and makes sure that the node speaks the meta protocol.
   * @throws {CacheError} as `exchange`, ERR_LOGIN and ERR_UNSUPPORTED.
   */
  static async open(node: NodeAddress, options: ChannelOptions): Promise<NodeChannel> {
    const channel = new NodeChannel(node, options);
    await channel.#wait();
    return channel;
  }

  /**
   * Sends `count` requests of one kind, whose opaques are 0, 1, …; resolves after the last reply.
   * @throws {CacheError} ERR_DEADLINE, ERR_PROTOCOL, ERR_REPLY_LOST or ERR_NODE_DOWN.
   */
  async exchange(bytes: Buffer, request: Request, count: number, take: TakeReply): Promise<void> {
    let nth = 0;
    this.#receive = () => {
      while (nth < count) {
        const progress = this.#dialect!.decode(this.#input, request, nth, this.#reply);
        if (progress === 'incomplete') break;
        take(this.#reply, nth++);
        this.#reply.release();
      }
      this.#input.releasePiece();
      return nth === count;
    };
    this.#socket.write(bytes);
    if (count > 0) await this.#wait();
  }

  close(): void {
    this.#socket.destroy();
  }

  /** Waits until `#receive` has what it waits for; each arrival renews the deadline. */
  async #wait(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const start = () => machineRuntime.setTimer(() => this.#fail('ERR_DEADLINE'), this.#deadlineMs);
    let timer = start();
    this.#settle = resolve;
    this.#onData = () => {
      timer.cancel();
      timer = start();
    };
    if (this.#failure === undefined) await promise;
    timer.cancel();
    if (this.#failure === undefined) return;
    this.close();
    throw this.#failure;
  }

  #onData: () => void = () => {};

  #take(bytes: Buffer, length: number): void {
    this.#onData();
    try {
      if (this.#dialect === undefined) this.#continueHandshake(bytes, length);
      else this.#input.feed(bytes, length);
      if (this.#receive()) this.#settle();
    } catch (cause) {
      if (!(cause instanceof CacheError || cause instanceof MalformedReply)) throw cause;
      this.#fail(cause instanceof CacheError ? cause.code : 'ERR_PROTOCOL', cause);
    }
  }

  #continueHandshake(bytes: Buffer, length: number): void {
    const progress = this.#handshake.receive(bytes, length);
    if (progress === 'next-request') this.#sendHandshakeRequest();
    else this.#dialect = progress;
  }

  #sendHandshakeRequest(): void {
    const sink = new ByteSink(SINK_BYTES);
    this.#handshake.encodeRequest(sink);
    this.#socket.write(sink.bytes.subarray(0, sink.at));
  }

  #fail(code: FailureCode, cause?: Error): void {
    this.#failure ??= new CacheError(code, { node: this.#node, ...(cause && { cause }) });
    this.#settle();
  }
}
