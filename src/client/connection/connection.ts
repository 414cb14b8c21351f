import type { Socket } from 'node:net';
import { ByteSink } from '../../base/index.ts';
import { ClassicDialect, type Dialect } from '../../protocol/client.ts';
import { CacheError, type FailureCode } from '../errors.ts';
import type { NodeAddress } from '../topology.ts';
import { Alarm } from './alarm.ts';
import { Handshake, type Login, type ProtocolChoice } from './handshake.ts';
import { Operation } from './operation.ts';
import { Pipeline } from './pipeline.ts';
import { abandon, openSocket, type SocketOptions, type TlsMemory } from './socket.ts';

const SINK_BYTES = 16 * 1024;
/** The most that is handed to the socket in one write. */
const WRITE_BYTES_MAX = 256 * 1024;
/** While this much waits in the socket, requests wait in the pipeline. */
const UNSENT_BYTES_MAX = 1024 * 1024;

export interface ConnectionOptions extends SocketOptions {
  readonly protocol: ProtocolChoice;
  readonly login: Login | undefined;
  /** Milliseconds from the first packet to the end of the handshake. */
  readonly connectTimeoutMs: number;
  /**
   * Milliseconds without a byte, while replies are awaited, after which the node counts as gone.
   */
  readonly silenceMs: number;
}

/** What a connection tells its node. */
export interface ConnectionEvents {
  readonly up: () => void;
  /** It broke. (Closed in peace is no trouble: it opens again when it is needed.) */
  readonly broken: (connection: Connection, reason: CacheError) => void;
  /** Something was settled. */
  readonly settled: () => void;
}

/**
 * One connection to a node.
 *
 *   idle ──open──▶ opening ──handshake──▶ up ──closed in peace──▶ idle
 *                     └── broken ◀─────────┘ reset, silence, nonsense
 *
 * An operation whose deadline passes fails, and its reply is dropped when it comes. Only silence
 * breaks the connection: a node that is late but talks is not gone.
 */
export class Connection {
  readonly #address: NodeAddress;
  readonly #options: ConnectionOptions;
  readonly #events: ConnectionEvents;
  readonly #pipeline: Pipeline;
  #state: 'idle' | 'opening' | 'up' | 'closed' = 'idle';
  #socket: Socket | undefined;
  #handshake: Handshake | undefined;
  /** What to speak at the next connect. */
  #protocol: ProtocolChoice;
  #dialect: Dialect['name'] | undefined;
  #sink = new ByteSink(SINK_BYTES);
  #flushing = false;
  /** What TLS remembers of the connection before, to greet the node more quickly. */
  readonly #tlsMemory: TlsMemory = {};
  #openTimer: NodeJS.Timeout | undefined;
  readonly #alarm = new Alarm((now) => this.#onAlarm(now));
  /** Since when a reply is awaited and no byte has come. */
  #silentSince = 0;

  constructor(address: NodeAddress, options: ConnectionOptions, events: ConnectionEvents) {
    this.#address = address;
    this.#options = options;
    this.#events = events;
    this.#protocol = options.protocol;
    const giveBack = (key: string): void => this.#giveBack(key);
    this.#pipeline = new Pipeline(address.name, new ClassicDialect(), giveBack);
  }

  get isUp(): boolean {
    return this.#state === 'up';
  }

  /** What was found out at the last connect. */
  get dialect(): Dialect['name'] | undefined {
    return this.#dialect;
  }

  get pendingCount(): number {
    return this.#pipeline.count;
  }

  get waitingBytes(): number {
    return this.#pipeline.waitingBytes;
  }

  isQuiet(): boolean {
    return this.#pipeline.count === 0 || this.#pipeline.isQuiet();
  }

  /** Takes an operation; it is settled by its deadline at the latest. */
  send(operation: Operation): void {
    this.#pipeline.add(operation);
    this.#alarm.by(operation.deadlineAt);
    if (this.#state === 'up') this.#flushSoon();
    else if (this.#state === 'idle') this.open(true);
  }

  /**
   * A node gives the right to load a stale item anew to the next who reads it by `mg`. Who only
   * reads would keep it from those who load, until the item is gone; marked stale again, it is
   * there for them.
   */
  #giveBack(key: string): void {
    const request = { verb: 'delete', key, cas: undefined, staleExptime: 'kept' } as const;
    const { silenceMs } = this.#options;
    const nothing = (): void => undefined;
    this.send(
      new Operation(request, performance.now(), silenceMs, { end: nothing }, nothing, nothing),
    );
  }

  /** @param keepsAlive whether somebody waits for it, so that the process must not end. */
  open(keepsAlive: boolean): void {
    if (this.#state !== 'idle') return;
    this.#state = 'opening';
    this.#connect();
    this.#openTimer = setTimeout(() => {
      this.#break(this.#error('ERR_NODE_DOWN', new Error('no connection in time')));
    }, this.#options.connectTimeoutMs);
    if (keepsAlive) return;
    this.#openTimer.unref();
    this.#socket?.unref();
  }

  /** Ends at once; what is pending fails. */
  close(): void {
    this.#drop();
    this.#alarm.stop();
    this.#state = 'closed';
    this.#fail(this.#pipeline.takeSent(), 'ERR_REPLY_LOST');
    this.failWaiting('ERR_CLOSED');
  }

  failWaiting(code: FailureCode, cause?: unknown): void {
    this.#fail(this.#pipeline.takeWaiting(), code, cause);
  }

  #connect(): void {
    const handshake = new Handshake(this.#address.name, this.#protocol, this.#options.login);
    this.#handshake = handshake;
    const socket: Socket = openSocket(this.#address, this.#options, this.#tlsMemory, {
      connect: () => this.#ask(socket),
      data: (bytes, length) => this.#receive(socket, bytes, length),
      drain: () => this.#flush(),
      close: (error) => {
        if (this.#socket === socket) this.#lost(error);
      },
    });
    this.#socket = socket;
  }

  #ask(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#handshake?.ask(this.#sink);
    this.#write(socket);
  }

  #receive(socket: Socket, bytes: Buffer, length: number): void {
    if (this.#socket !== socket) return;
    try {
      if (this.#handshake !== undefined) {
        this.#greet(socket, this.#handshake, bytes, length);
        return;
      }
      this.#silentSince = performance.now();
      this.#pipeline.receive(bytes, length, this.#silentSince);
    } catch (cause) {
      this.#break(cause instanceof CacheError ? cause : this.#error('ERR_PROTOCOL', cause));
      return;
    }
    this.#events.settled();
  }

  #greet(socket: Socket, handshake: Handshake, bytes: Buffer, length: number): void {
    const next = handshake.receive(bytes, length);
    if (next === 'ask') this.#ask(socket);
    else if (next !== undefined) this.#begin(socket, next);
  }

  #begin(socket: Socket, dialect: Dialect): void {
    clearTimeout(this.#openTimer);
    socket.ref();
    this.#handshake = undefined;
    this.#dialect = dialect.name;
    this.#state = 'up';
    this.#pipeline.begin(dialect);
    this.#events.up();
    this.#flush();
  }

  /** Everything that this tick sends leaves in one write. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(() => {
      this.#flushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const socket = this.#socket;
    if (this.#state !== 'up' || socket === undefined || this.#pipeline.waitingCount === 0) return;
    if (this.#pipeline.sentCount === 0) this.#silentSince = performance.now();
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
    const wasUp = this.#state === 'up';
    const other = wasUp ? undefined : this.#handshake?.nextIfClosed(cause === undefined);
    if (wasUp && cause === undefined && !this.#pipeline.hasLateCleanup(performance.now())) {
      // Closed in peace, as by an idle timeout: no sign of trouble. What waits was never sent, and
      // reads that crossed with the close are sent again, once.
      this.#drop();
      this.#fail(this.#pipeline.takeUnrepeatable(), 'ERR_REPLY_LOST');
      if (this.#pipeline.waitingCount > 0) this.open(true);
      this.#events.settled();
    } else if (other !== undefined) {
      this.#protocol = other;
      this.#connect();
    } else {
      this.#break(this.#error(wasUp ? 'ERR_REPLY_LOST' : 'ERR_NODE_DOWN', cause));
    }
  }

  /** The connection can no longer be used. */
  #break(reason: CacheError): void {
    if (reason.code === 'ERR_DEADLINE' && this.#socket !== undefined) abandon(this.#socket);
    this.#drop();
    const code = reason.code === 'ERR_PROTOCOL' ? 'ERR_PROTOCOL' : 'ERR_REPLY_LOST';
    const sent = this.#pipeline.takeSent();
    // Whoever hears that an operation failed knows the node as down, and does not open it again.
    this.#events.broken(this, reason);
    this.#fail(sent, code, reason.cause);
  }

  /** Forgets the socket. */
  #drop(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    this.#handshake = undefined;
    this.#protocol = this.#options.protocol;
    this.#state = 'idle';
    clearTimeout(this.#openTimer);
    socket?.destroy();
  }

  #fail(operations: readonly Operation[], code: FailureCode, cause?: unknown): void {
    for (const each of operations) each.fail(code, this.#address.name, { cause });
  }

  #onAlarm(now: number): void {
    this.#pipeline.expire(now);
    if (this.#isGone(now)) this.#break(this.#error('ERR_DEADLINE'));
    else this.#alarm.by(this.#nextLook(now));
    this.#events.settled();
  }

  /** Silent for too long, and nobody gave the reply that is due more time than that. */
  #isGone(now: number): boolean {
    const isSilent = now >= this.#silentSince + this.#options.silenceMs;
    return this.#state === 'up' && this.#pipeline.isOldestGivenUp(now) && isSilent;
  }

  #nextLook(now: number): number {
    const deadline = this.#pipeline.earliestDeadline(now);
    if (!this.#pipeline.isOldestGivenUp(now)) return deadline;
    return Math.min(deadline, this.#silentSince + this.#options.silenceMs);
  }

  #error(code: FailureCode, cause?: unknown): CacheError {
    return new CacheError(code, { node: this.#address.name, cause });
  }
}
