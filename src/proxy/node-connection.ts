import { ByteSink, CodedError } from '../base/index.ts';
import { connectSocket, type Transport, type TransportEvents, WRITTEN } from '../server/index.ts';
import type { NodeAddress } from '../topology/index.ts';
import { hasMeta, versionIn, versionRequest } from './node-version.ts';
import type { Finish, OutgoingRequests } from './outgoing.ts';
import { BadReply, ReplyFrames } from './reply-frames.ts';
import { type Settle, WaitingQueue } from './waiting-queue.ts';

const SINK_BYTES = 16 * 1024;
/** A larger buffer is freed after its write. */
const SINK_BYTES_KEPT = 512 * 1024;
/** So many bytes are written before the end of the turn. */
const WRITE_BYTES = 256 * 1024;
/** What waits for one node in one thread; a further request is refused. */
const WAITING_MAX = 16_384;
const UNSENT_BYTES_MAX = 32 * 1024 * 1024;
/** The pause after a failure, doubled after each further one. */
const RETRY_MS = 50;
const RETRY_MS_MAX = 1000;
const DOUBLINGS_MAX = 5;
/** Late replies are looked for so often within the time that a node has. */
const TICKS = 4;
const KEEP_ALIVE_MS = 10_000;
const LETTER_M = 0x6d;
const SOCKET_OPTIONS = { noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_MS };

export interface ConnectionOptions {
  /** For a connection to be made, and for a reply, in milliseconds. */
  readonly timeoutMs: number;
  /** All connections of the thread share it. */
  readonly readBuffer: Buffer;
  /** The connection has failed, or the node has closed it. */
  readonly failed: (reason: string) => void;
}

/**
 * The connection of a thread to a node, for text or for the binary protocol. It opens with the
 * first request, and begins with the version of the node. Replies come in the order of requests.
 *
 *   closed ──request──▶ opening ──version──▶ up
 *     ▲                    └──────────────────┴─── failure, or no reply in time ───┐
 *     └────────────────────────────────────────────────────────────────────────────┘
 */
export class NodeConnection {
  readonly #node: NodeAddress;
  readonly #isBinary: boolean;
  readonly #options: ConnectionOptions;
  readonly #outgoing: OutgoingRequests;
  readonly #waiting = new WaitingQueue();
  readonly #output = new ByteSink(SINK_BYTES);
  #state: 'closed' | 'opening' | 'up' = 'closed';
  #transport: Transport | undefined;
  #frames: ReplyFrames | undefined;
  #isFlushPlanned = false;
  #tick = 0;
  #ticker: NodeJS.Timeout | undefined;
  #openTimer: NodeJS.Timeout | undefined;
  #failures = 0;
  #retryAtMs = 0;
  #reason = '';
  /** The version of a node without meta commands. */
  #oldVersion: string | undefined;
  #hasQueuedMeta = false;

  constructor(
    node: NodeAddress,
    isBinary: boolean,
    outgoing: OutgoingRequests,
    options: ConnectionOptions,
  ) {
    this.#node = node;
    this.#isBinary = isBinary;
    this.#outgoing = outgoing;
    this.#options = options;
  }

  /** Sends a request; calls `settle` exactly once, within a bounded time. */
  send(bytes: Buffer, settle: Settle): void {
    // Only meta commands begin with this letter.
    const isMeta = !this.#isBinary && bytes[0] === LETTER_M;
    const refusal = this.#refusal(isMeta);
    const finish = refusal ?? this.#outgoing.put(this.#output, this.#isBinary, bytes);
    if (finish instanceof CodedError) settle(finish);
    else {
      if (isMeta && this.#state !== 'up') this.#hasQueuedMeta = true;
      this.#wait(settle, finish);
    }
  }

  /** Sends a line of text that has one reply. */
  sendLine(line: string, settle: Settle): void {
    const refusal = this.#refusal(false);
    if (refusal !== undefined) settle(refusal);
    else {
      this.#output.putText(line);
      this.#wait(settle, (reply) => reply);
    }
  }

  /** The node replies again: the next request need not wait. */
  retryNow(): void {
    this.#retryAtMs = 0;
  }

  /** Fails all requests. */
  destroy(): void {
    this.#close('this proxy stops');
  }

  #refusal(isMeta: boolean): CodedError | undefined {
    if (this.#state === 'closed' && performance.now() < this.#retryAtMs) return this.#down();
    if (isMeta && this.#oldVersion !== undefined) {
      const text = `runs memcached ${this.#oldVersion}, which has no meta commands`;
      return this.#error('ERR_NODE_OLD', text);
    }
    const unsent = this.#output.at + (this.#transport?.heldBytes ?? 0);
    if (this.#waiting.count < WAITING_MAX && unsent < UNSENT_BYTES_MAX) return undefined;
    return this.#error('ERR_NODE_BUSY', 'has too many requests waiting');
  }

  #wait(settle: Settle, finish: Finish): void {
    this.#waiting.add(settle, finish, this.#tick);
    this.#ticker ??= this.#startTick();
    if (this.#state === 'closed') this.#open();
    if (this.#output.at > WRITE_BYTES) this.#flush();
    else if (!this.#isFlushPlanned) {
      this.#isFlushPlanned = true;
      setImmediate(() => {
        this.#isFlushPlanned = false;
        this.#flush();
      });
    }
  }

  #open(): void {
    const { timeoutMs, readBuffer } = this.#options;
    this.#state = 'opening';
    this.#frames = new ReplyFrames(this.#isBinary, (reply) => this.#take(reply));
    let transport: Transport | undefined;
    const isCurrent = (): boolean => transport !== undefined && transport === this.#transport;
    const events: TransportEvents = {
      data: (bytes, length) => isCurrent() && this.#feed(bytes, length),
      end: () => isCurrent() && this.#close('it has closed the connection'),
      drain: () => {
        transport?.freeCopy();
        if (isCurrent()) this.#flush();
      },
      close: (error) => {
        if (isCurrent()) this.#close(error?.message ?? 'it has closed the connection');
      },
    };
    transport = connectSocket({ ...this.#node.connect, ...SOCKET_OPTIONS }, readBuffer, events);
    this.#transport = transport;
    const request = versionRequest(this.#isBinary);
    transport.write(request, request.length);
    this.#openTimer = setTimeout(() => {
      this.#close(`no connection within ${timeoutMs} ms`);
    }, timeoutMs);
  }

  #feed(bytes: Buffer, length: number): boolean {
    const frames = this.#frames;
    try {
      frames?.feed(bytes, length);
    } catch (error) {
      if (!(error instanceof BadReply)) throw error;
      this.#close(error.message);
    }
    return frames === this.#frames;
  }

  /** @throws {BadReply} */
  #take(reply: Buffer): void {
    if (this.#state === 'opening') this.#greet(reply);
    else {
      const waiting = this.#waiting.shift();
      if (waiting === undefined) throw new BadReply('it sent a reply that nobody waits for');
      waiting.settle(waiting.finish(reply));
    }
  }

  #greet(reply: Buffer): void {
    const version = versionIn(reply, this.#isBinary);
    this.#oldVersion = hasMeta(version) ? undefined : version;
    if (this.#oldVersion !== undefined && this.#hasQueuedMeta) {
      throw new BadReply(`it runs memcached ${version}, which has no meta commands`);
    }
    clearTimeout(this.#openTimer);
    this.#failures = 0;
    this.#state = 'up';
    this.#flush();
  }

  #flush(): void {
    const output = this.#output;
    const transport = this.#transport;
    if (this.#state !== 'up' || transport === undefined) return;
    if (output.at === 0 || !transport.isFlushed()) return;
    this.#waiting.noteWritten();
    const written = transport.write(output.bytes, output.at);
    const isReused = written !== WRITTEN.kept && output.bytes.length <= SINK_BYTES_KEPT;
    if (isReused) output.at = 0;
    else output.swap(Buffer.allocUnsafeSlow(SINK_BYTES));
  }

  #close(reason: string): void {
    const isIdle = this.#state === 'up' && this.#waiting.count === 0;
    this.#state = 'closed';
    this.#reason = reason;
    clearTimeout(this.#openTimer);
    clearTimeout(this.#ticker);
    this.#ticker = undefined;
    this.#transport?.destroy();
    this.#transport = undefined;
    this.#frames = undefined;
    this.#hasQueuedMeta = false;
    this.#output.swap(Buffer.allocUnsafeSlow(SINK_BYTES));
    if (!isIdle) {
      const pauseMs = Math.min(
        RETRY_MS_MAX,
        RETRY_MS * 2 ** Math.min(DOUBLINGS_MAX, this.#failures),
      );
      this.#retryAtMs = performance.now() + pauseMs;
      this.#failures++;
    }
    this.#waiting.fail(
      this.#error('ERR_NODE_LOST', `did not reply (${reason}) and may have run the request`),
      this.#down(),
    );
    this.#options.failed(reason);
  }

  /** A timer fires after what has arrived was read: an unread reply is not a late one. */
  #startTick(): NodeJS.Timeout {
    const ms = this.#options.timeoutMs / TICKS;
    const timer = setTimeout(
      () => setImmediate(() => timer === this.#ticker && this.#endTick()),
      ms,
    );
    return timer;
  }

  #endTick(): void {
    this.#ticker = undefined;
    this.#tick++;
    const oldest = this.#waiting.oldestTick;
    if (oldest === undefined) return;
    if (this.#state === 'up' && oldest < this.#tick - TICKS) {
      this.#close(`no reply within ${this.#options.timeoutMs} ms`);
    } else this.#ticker = this.#startTick();
  }

  #down(): CodedError {
    return this.#error('ERR_NODE_DOWN', `cannot be reached: ${this.#reason}`);
  }

  #error(code: string, what: string): CodedError {
    return new CodedError(code, `the node ${this.#node.name} ${what}`);
  }
}
