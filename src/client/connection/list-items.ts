import type { ConnectionOptions } from 'node:tls';
import { ByteSink } from '../../base/index.ts';
import { type ListedItem, MalformedReply, MetadumpDecoder } from '../../protocol/client.ts';
import type { NodeAddress } from '../../topology/index.ts';
import { CacheError, type FailureCode } from '../base/errors.ts';
import type { Login } from '../option-types/client.ts';
import { Handshake } from './handshake.ts';
import { machineRuntime } from './runtime.ts';
import type { ClientSocket } from './socket.ts';

const LIST = Buffer.from('lru_crawler metadump all\r\n');
const KEEP_ALIVE_MS = 60_000;
const SINK_BYTES = 1024;

interface ListOptions {
  readonly tls?: ConnectionOptions | undefined;
  readonly login?: Login | undefined;
  /** The longest silence of the node while the list is read. */
  readonly deadlineMs: number;
}

/**
 * Lists the facts of all items of a node, without their values (`lru_crawler metadump`), on a
 * connection of its own. A list is read piece by piece: while the caller handles a piece, nothing
 * more is read, and the node waits.
 * @throws {CacheError} ERR_REFUSED, ERR_LOGIN, ERR_DEADLINE, ERR_PROTOCOL or ERR_NODE_DOWN; the
 *   list is then not complete.
 */
export async function* listItems(
  node: NodeAddress,
  options: ListOptions,
): AsyncGenerator<readonly ListedItem[]> {
  const list = new ItemList(node, options);
  try {
    for (;;) {
      const items = await list.next();
      if (items === undefined) return;
      if (items.length > 0) yield items;
    }
  } finally {
    list.close();
  }
}

/** One list on a connection of its own: first the handshake, then the list. */
class ItemList {
  readonly #node: string;
  readonly #deadlineMs: number;
  readonly #handshake: Handshake;
  readonly #decoder = new MetadumpDecoder();
  readonly #socket: ClientSocket;
  /** What arrived since the last `next`. */
  readonly #pieces: Buffer[] = [];
  #isListing = false;
  #failure: CacheError | undefined;
  #wake: () => void = () => {};

  constructor(node: NodeAddress, { tls, login, deadlineMs }: ListOptions) {
    this.#node = node.name;
    this.#deadlineMs = deadlineMs;
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

  /** The items of the next piece; undefined at the end of the list. */
  async next(): Promise<readonly ListedItem[] | undefined> {
    if (this.#decoder.isDone) return undefined;
    if (this.#pieces.length === 0) await this.#receive();
    const piece = this.#pieces.shift();
    if (piece === undefined) throw this.#failure!;
    const items = this.#decode(piece);
    const { refusal } = this.#decoder;
    if (refusal !== undefined) throw this.#error('ERR_REFUSED', { detail: refusal });
    return items;
  }

  close(): void {
    this.#socket.destroy();
  }

  #add(bytes: Buffer, length: number): void {
    this.#pieces.push(Buffer.from(bytes.subarray(0, length)));
    this.#socket.pause();
    this.#wake();
  }

  #closed(cause: Error | undefined): void {
    this.#failure ??= this.#error(cause === undefined ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', {
      cause,
    });
    this.#wake();
  }

  /** Waits for a piece, or for the end of the connection. */
  async #receive(): Promise<void> {
    if (this.#failure !== undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = machineRuntime.setTimer(() => {
      this.#failure ??= this.#error('ERR_DEADLINE');
      resolve();
    }, this.#deadlineMs);
    this.#socket.resume();
    await promise;
    timer.cancel();
  }

  #decode(piece: Buffer): readonly ListedItem[] {
    try {
      if (this.#isListing) return this.#decoder.push(piece);
      this.#continueHandshake(piece);
      return [];
    } catch (cause) {
      if (!(cause instanceof MalformedReply)) throw cause;
      throw this.#error('ERR_PROTOCOL', { cause });
    }
  }

  #continueHandshake(piece: Buffer): void {
    const progress = this.#handshake.receive(piece, piece.length);
    if (progress === undefined) return;
    if (progress === 'next-request') this.#sendHandshakeRequest();
    else {
      this.#isListing = true;
      this.#socket.write(LIST);
    }
  }

  #sendHandshakeRequest(): void {
    const sink = new ByteSink(SINK_BYTES);
    this.#handshake.encodeRequest(sink);
    this.#socket.write(sink.bytes.subarray(0, sink.at));
  }

  #error(code: FailureCode, context: { detail?: string; cause?: Error | undefined } = {}) {
    return new CacheError(code, { node: this.#node, ...context });
  }
}
