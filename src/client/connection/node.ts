import { connect, type Socket } from 'node:net';
import { ByteSink } from '../../base/index.ts';
import { encodeLine, type Reply } from '../../protocol/client.ts';
import { CacheError } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';
import { probeDelayMs } from './health.ts';
import { Operation } from './operation.ts';
import { Pipeline } from './pipeline.ts';

const SINK_BYTES = 16 * 1024;
/** The most that is handed to the socket in one write. */
const WRITE_BYTES_MAX = 256 * 1024;
/** While this much waits in the socket, commands wait in the pipeline. */
const UNSENT_BYTES_MAX = 1024 * 1024;

export interface NodeConnectionOptions {
  /** Operations that may wait for this node, sent or not. */
  readonly maxPending: number;
  /** Milliseconds after which a connection that does not come about is given up. */
  readonly connectTimeoutMs: number;
  /** Milliseconds that a probe of a node that is down may take. */
  readonly probeTimeoutMs: number;
}

/** What a connection tells its owner. */
export interface NodeConnectionEvents {
  readonly up: () => void;
  readonly down: (reason: CacheError) => void;
}

/**
 * One node's connection.
 *
 *   idle ──operation──▶ connecting ──connected──▶ up ──closed in peace──▶ idle
 *                           │ refused             │ reset, deadline, nonsense
 *                           ▼                     ▼
 *                         down ──pause──▶ probing ──answered `version`──▶ up
 *
 * While it is down operations fail at once: they are not the ones who find out whether it is back.
 * A sent command whose deadline passes costs the connection: its reply, should it still come, must
 * never be taken for another's.
 */
export class NodeConnection {
  readonly #address: NodeAddress;
  readonly #options: NodeConnectionOptions;
  readonly #events: NodeConnectionEvents;
  readonly #pipeline = new Pipeline();
  #state: 'idle' | 'connecting' | 'up' | 'down' | 'probing' | 'closed' = 'idle';
  #socket: Socket | undefined;
  #sink = new ByteSink(SINK_BYTES);
  #flushing = false;
  #probes = 0;
  /** When the connection at hand was asked for, on the monotonic clock. */
  #openedAt = 0;
  #probeTimer: NodeJS.Timeout | undefined;
  #deadlineTimer: NodeJS.Timeout | undefined;
  #deadlineTimerAt = Number.POSITIVE_INFINITY;
  #closing: Promise<void> | undefined;
  /** Settles `close` when nothing is pending. */
  #onQuiet: (() => void) | undefined;

  constructor(address: NodeAddress, options: NodeConnectionOptions, events: NodeConnectionEvents) {
    this.#address = address;
    this.#options = options;
    this.#events = events;
  }

  get name(): string {
    return this.#address.name;
  }

  get isDown(): boolean {
    return this.#state === 'down' || this.#state === 'probing';
  }

  /** Takes an operation; it is settled by its deadline at the latest. */
  send(operation: Operation): void {
    if (this.#state === 'closed' || this.#onQuiet !== undefined) {
      operation.fail(this.#error('ERR_CLOSED'));
    } else if (this.isDown) {
      operation.fail(this.#error('ERR_NODE_DOWN'));
    } else if (this.#pipeline.count >= this.#options.maxPending) {
      operation.fail(this.#error('ERR_QUEUE_FULL'));
    } else {
      this.#pipeline.add(operation);
      this.#armDeadline(operation.deadlineAt);
      if (this.#state === 'idle') this.#open();
      else this.#flushSoon();
    }
  }

  /** Lets what is pending finish (each by its deadline), then closes. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#pipeline.count > 0) {
      await new Promise<void>((quiet) => {
        this.#onQuiet = quiet;
      });
    }
    this.#state = 'closed';
    clearTimeout(this.#probeTimer);
    clearTimeout(this.#deadlineTimer);
    this.#socket?.destroy();
  }

  #open(): void {
    this.#state = 'connecting';
    this.#openedAt = performance.now();
    this.#connect(() => {
      this.#state = 'up';
      this.#events.up();
      this.#flush();
    });
  }

  /** The name is looked up at every connect, so a node may come back under another address. */
  #connect(onConnect: () => void): void {
    const socket = connect({ ...this.#address.connect, noDelay: true, keepAlive: true });
    this.#socket = socket;
    let failure: Error | undefined;
    socket.on('connect', onConnect);
    socket.on('data', (piece: Buffer) => this.#receive(socket, piece));
    socket.on('drain', () => this.#flush());
    socket.on('error', (error) => {
      failure = error;
    });
    socket.on('close', () => {
      if (this.#socket === socket) this.#lost(failure);
    });
  }

  #receive(socket: Socket, piece: Buffer): void {
    if (this.#socket !== socket) return;
    try {
      this.#pipeline.receive(piece);
    } catch (cause) {
      this.#break(this.#error('ERR_PROTOCOL', cause));
      return;
    }
    this.#tellIfQuiet();
  }

  /** Everything that this tick sends leaves in one write. */
  #flushSoon(): void {
    if (this.#flushing || this.#state !== 'up') return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const socket = this.#socket;
    if (this.#state !== 'up' || socket === undefined) return;
    while (this.#pipeline.waitingCount > 0 && socket.writableLength < UNSENT_BYTES_MAX) {
      this.#pipeline.encodeWaiting(this.#sink, WRITE_BYTES_MAX);
      if (this.#sink.at === 0) return;
      this.#write(socket);
    }
  }

  #write(socket: Socket): void {
    const sink = this.#sink;
    socket.write(sink.bytes.subarray(0, sink.at));
    // What the kernel took at once may be written over; what waits keeps its buffer.
    if (socket.writableLength > 0 || sink.bytes.length > WRITE_BYTES_MAX) {
      this.#sink = new ByteSink(SINK_BYTES);
    }
    sink.at = 0;
  }

  /** The socket closed by itself. */
  #lost(cause: Error | undefined): void {
    this.#socket = undefined;
    if (this.#state === 'closed') return;
    if (this.#state === 'up' && cause === undefined) {
      // Closed in peace, as by an idle timeout: no sign of trouble, and what waits was never sent.
      this.#failAll(this.#pipeline.takeSent(), 'ERR_REPLY_LOST');
      this.#state = 'idle';
      if (this.#pipeline.waitingCount > 0) this.#open();
      this.#tellIfQuiet();
      return;
    }
    this.#goDown(this.#error(this.#state === 'up' ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', cause));
  }

  /** The connection can no longer be used. */
  #break(reason: CacheError): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.destroy();
    this.#goDown(reason);
  }

  #goDown(reason: CacheError): void {
    const wasDown = this.isDown;
    this.#state = 'down';
    const sent = this.#pipeline.takeSent();
    const waiting = this.#pipeline.takeWaiting();
    const code = reason.code === 'ERR_PROTOCOL' ? 'ERR_PROTOCOL' : 'ERR_REPLY_LOST';
    this.#failAll(sent, code, reason.cause);
    this.#failAll(waiting, 'ERR_NODE_DOWN', reason.cause);
    if (!wasDown) this.#events.down(reason);
    this.#tellIfQuiet();
    this.#probeLater();
  }

  /** A node that is down is tried again, whoever waits or not. */
  #probeLater(): void {
    if (this.#onQuiet !== undefined) return;
    const delay = probeDelayMs(this.#probes++);
    this.#probeTimer = setTimeout(() => this.#probe(), delay);
    // A probe is nobody's pending work: it does not keep a process alive.
    this.#probeTimer.unref();
  }

  /** Half open: only an answer to `version` makes the node up again. */
  #probe(): void {
    if (this.#state !== 'down') return;
    this.#state = 'probing';
    const deadlineAt = performance.now() + this.#options.probeTimeoutMs;
    const answered = (reply: Reply): void => {
      if (reply.kind !== 'line') {
        this.#break(this.#error('ERR_REFUSED'));
        return;
      }
      this.#probes = 0;
      this.#state = 'up';
      this.#events.up();
    };
    const command = {
      keys: [],
      shape: 'line' as const,
      line: /^VERSION /,
      encode: (sink: ByteSink) => encodeLine(sink, 'version'),
    };
    const probe = new Operation(command, deadlineAt, answered, () => {});
    this.#pipeline.addFirst(probe);
    this.#armDeadline(deadlineAt);
    this.#connect(() => {
      this.#pipeline.encodeWaiting(this.#sink, WRITE_BYTES_MAX);
      if (this.#socket !== undefined && this.#sink.at > 0) this.#write(this.#socket);
    });
  }

  /** One timer for all: it is set to the earliest deadline and looks at all of them when it fires. */
  #armDeadline(deadlineAt: number): void {
    if (deadlineAt >= this.#deadlineTimerAt) return;
    clearTimeout(this.#deadlineTimer);
    this.#deadlineTimerAt = deadlineAt;
    const delay = Math.max(1, Math.ceil(deadlineAt - performance.now()));
    this.#deadlineTimer = setTimeout(() => this.#checkDeadlines(), delay);
    if (this.#state === 'probing') this.#deadlineTimer.unref();
  }

  #checkDeadlines(): void {
    this.#deadlineTimerAt = Number.POSITIVE_INFINITY;
    const now = performance.now();
    const overdue = this.#pipeline.overdue(now);
    for (const operation of overdue.waiting) {
      operation.fail(this.#error('ERR_DEADLINE_UNSENT'));
    }
    // One caller's short deadline is no verdict on a node that has not had its time to connect.
    const stuck = this.#state !== 'up' && now - this.#openedAt >= this.#options.connectTimeoutMs;
    if (overdue.sent || (overdue.waiting.length > 0 && stuck)) this.#giveUp(now);
    const next = this.#pipeline.earliestDeadline();
    if (next !== Number.POSITIVE_INFINITY) this.#armDeadline(next);
    this.#tellIfQuiet();
  }

  /** A reply, or the connection itself, is overdue. */
  #giveUp(now: number): void {
    const reason = this.#error('ERR_DEADLINE');
    for (const operation of this.#pipeline.takeSent()) {
      const late = operation.deadlineAt <= now;
      operation.fail(late ? reason : this.#error('ERR_REPLY_LOST', reason));
    }
    this.#break(reason);
  }

  #failAll(
    operations: readonly Operation[],
    code: 'ERR_REPLY_LOST' | 'ERR_PROTOCOL' | 'ERR_NODE_DOWN',
    cause?: unknown,
  ): void {
    if (operations.length === 0) return;
    const error = this.#error(code, cause);
    for (const operation of operations) operation.fail(error);
  }

  #tellIfQuiet(): void {
    if (this.#onQuiet !== undefined && this.#pipeline.count === 0) this.#onQuiet();
  }

  #error(code: ConstructorParameters<typeof CacheError>[0], cause?: unknown): CacheError {
    const because = cause === undefined ? {} : { cause };
    return new CacheError(code, { node: this.name, ...because });
  }
}
